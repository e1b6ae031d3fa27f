"""What hundreds of open tabs take, and those who misuse a connection: memory, tasks, descriptors, and Redis.

    .venv/bin/python -m bench.tabs

Four crowds come one after the other to a Tickbird over 200 busy queues: 500 tabs that read their stream, 500 that never
read a byte of it, and 1,000 connections of which half a request comes and no more. After each, what it left behind.
"""

from __future__ import annotations

import asyncio
import json
import resource
import selectors
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import redis
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.many_queues import resident, timed
from bench.redis_cost import cost
from bench.world import fill, wait_until_ready
from core.interest import CLOSE_FOR
from tickbird.demo.server import EmbeddedServer

QUEUES = 200
TABS = 500
HALF_OPEN = 1_000
SECONDS = 12.0
# As long as a connection may take to come to something, and a moment more.
PATIENCE = 62.0
CHURN = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """A Tickbird of which the number of tasks can be asked."""

    page: str
    pid: int

    def tasks(self) -> int:
        with urllib.request.urlopen(f"{self.page}-tasks", timeout=30) as answer:
            return int(json.load(answer)["tasks"])

    def line(self, who: str, spent: tuple[float, float], cpu: float) -> str:
        took, _ = timed(self.page)
        descriptors = len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
        return (
            f"{who:>24}: {resident(self.pid):>5.0f} MB {self.tasks():>6,} tasks {descriptors:>6,} descriptors"
            f" {100 * cpu:>5.0f} % of a core {took:>8.1f} ms a page {spent[0] / 60:>7,.0f} commands/s"
        )


@contextmanager
def process(url: str) -> Iterator[Process]:
    """One over that Redis; ended by its process id."""
    child = subprocess.Popen([sys.executable, "-m", "bench.tabs", url], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        page = next(line.strip() for line in child.stdout if line.strip().startswith("http://"))
        wait_until_ready(page)
        yield Process(page, child.pid)
    finally:
        child.terminate()
        child.wait(30)


def serve(url: str) -> None:
    """What the child runs: all of Tickbird, and a route that counts its tasks."""
    from core.settings import load  # noqa: PLC0415 # only the child needs Tickbird itself
    from tickbird import serve as serving  # noqa: PLC0415

    settings = load(None, {}, {"redis": [url], "port": 0})
    app = serving.application(settings)

    async def tasks(_: Request) -> Response:
        return JSONResponse({"tasks": len(asyncio.all_tasks())})

    app.router.routes.insert(0, Route(f"{settings.base_path}-tasks", tasks))
    serving._run(app, settings, ("127.0.0.1", 0), [settings.base_path])


class Crowd:
    """Connections that have said something, and read what comes, or do not."""

    def __init__(self, page: str, said: Callable[[int], bytes], number: int, *, reads: bool) -> None:
        address = urlsplit(page)
        self.bytes = 0
        self._selector = selectors.DefaultSelector()
        self._over = threading.Event()
        self._sockets = [self._open((address.hostname or "", address.port or 80), said(at)) for at in range(number)]
        if reads:
            for each in self._sockets:
                self._selector.register(each, selectors.EVENT_READ)
            threading.Thread(target=self._read, daemon=True).start()

    def _open(self, address: tuple[str, int], said: bytes) -> socket.socket:
        near = socket.create_connection(address, timeout=60)
        near.sendall(said)
        near.setblocking(False)
        return near

    def _read(self) -> None:
        while not self._over.is_set():
            for key, _ in self._selector.select(0.5):
                self._take(key.fileobj)  # type: ignore[arg-type] # only sockets are registered

    def _take(self, near: socket.socket) -> None:
        try:
            piece = near.recv(1 << 20)
        except OSError:
            piece = b""
        self.bytes += len(piece)
        if not piece:
            self._selector.unregister(near)

    def go(self) -> None:
        self._over.set()
        for each in self._sockets:
            each.close()


def churn(url: str, over: threading.Event) -> None:
    """Jobs come and go in all queues, so that there is something to tell."""
    with redis.Redis.from_url(url) as client:
        number = 0
        while not over.is_set():
            base = f"bull:queue-{number % QUEUES:04d}:"
            client.lpush(base + "wait", str(number % 20 + 1))
            client.rpop(base + "wait")
            client.incr(base + "id")
            number += 1
            time.sleep(CHURN)


def measured(client: redis.Redis, pid: int) -> tuple[tuple[float, float], float]:
    """What it costs Redis, and what share of a core the process takes."""
    before, started = _cpu(pid), time.monotonic()
    spent = cost(client, SECONDS)
    return spent, (_cpu(pid) - before) / (time.monotonic() - started)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    over = threading.Event()
    with EmbeddedServer.start() as server, redis.Redis.from_url(server.url) as client:
        fill(server, QUEUES)
        threading.Thread(target=churn, args=(server.url, over), daemon=True).start()
        with process(server.url) as seen:
            timed(seen.page)
            time.sleep(CLOSE_FOR + 5)
            _crowds(client, seen)
        over.set()


def _crowds(client: redis.Redis, seen: Process) -> None:
    stream = b"GET /admin/queues/live?at=%2Fadmin%2Fqueues&rows=0&since= HTTP/1.1\r\nHost: localhost\r\n\r\n"
    half = (
        b"",
        b"GET /admin",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
    )
    print(seen.line("nobody", *measured(client, seen.pid)), flush=True)
    for who, said, number, reads in (
        ("1 tab", lambda _: stream, 1, True),
        (f"{TABS} tabs", lambda _: stream, TABS - 1, True),
        (f"{TABS} that never read", lambda _: stream, TABS - 1, False),
        (f"{HALF_OPEN:,} half open", lambda at: half[at % len(half)], HALF_OPEN, False),
    ):
        crowd = Crowd(seen.page, said, number, reads=reads)
        time.sleep(5)
        print(seen.line(who, *measured(client, seen.pid)), flush=True)
        if not reads:
            time.sleep(PATIENCE)
            print(seen.line("they wait in vain", *measured(client, seen.pid)), flush=True)
        crowd.go()
        time.sleep(15)
    print(seen.line("all gone", *measured(client, seen.pid)), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1]) if len(sys.argv) > 1 else main()
