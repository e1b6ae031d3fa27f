"""A rare word in the data of a million jobs: how fast it is found, and what that does to Redis and to a worker there.

A search of Tickbird's own over 1,000,000 completed jobs with 500 B of data each, alone and beside a BullMQ 6 worker
that works as fast as it can on another queue of the same Redis. Beside it the one way in which the library can do it
at all: `getJobs()` in pages of 1,000, and the word looked for in Node, as a dashboard without a search would.
`python -m bench.search 100000` takes fewer jobs.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from bench.pings import Pings
from bench.world import job_fields, served
from tests.interop.node_libraries import ensure_installed
from tickbird.demo.server import EmbeddedServer

SCRIPT = Path(__file__).with_name("search_bullmq.mjs")
ARCHIVE, LIVE = "bull:archive:", "bull:live:"
WORD, RARE = "Zanzibar", 100_000
# The worker takes some thousand jobs a second, and must not run dry while anything is measured.
LIVE_JOBS = 500_000
ALONE = 8.0
WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima")
POLL = 0.25


@dataclass(frozen=True, slots=True)
class Figures:
    """`rate` in jobs a second, PINGs of another client in ms, `worker` in jobs a second where one works."""

    rate: float
    found: int
    ping: tuple[float, float]
    worker: float | None = None
    busy: float | None = None

    def __str__(self) -> str:
        worker = "" if self.worker is None else f"; the worker does {self.worker:7,.0f} jobs/s"
        busy = "" if self.busy is None else f", Redis busy {100 * self.busy:3.0f} % of the time"
        pings = f"PING elsewhere {self.ping[0]:5.1f} ms at p99, {self.ping[1]:5.1f} at most"
        return f"{self.rate:9,.0f} jobs/s, {self.found} found; {pings}{worker}{busy}"


class LiveWorker:
    """A BullMQ worker in a process of its own; `done` tells what it did by now."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            ["node", str(SCRIPT), "work", str(port), "live"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> LiveWorker:
        while self.done()[1] == 0:
            pass
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)

    def done(self) -> tuple[float, int]:
        """When (seconds of its own clock) and how many. The newest line: what was not read meanwhile is read over."""
        assert self._process.stdout
        os.set_blocking(self._process.stdout.fileno(), True)
        at, count = self._process.stdout.readline().split()
        return float(at) / 1000, int(count)

    def rate(self, work: Callable[[], Any]) -> tuple[float, Any]:
        """Jobs a second while `work` works, and what it answers."""
        begun, said = self._latest(), work()
        ended = self._latest()
        return (ended[1] - begun[1]) / (ended[0] - begun[0]), said

    def _latest(self) -> tuple[float, int]:
        """The first line that took long to come is the newest: the others were waiting in the pipe."""
        while True:
            started = time.perf_counter()
            line = self.done()
            if time.perf_counter() - started > 0.02:
                return line


def fill(client: redis.Redis, base: str, jobs: int) -> None:
    """The archive with its rare word, or the queue that lives."""
    dice, now = random.Random(1), time.time_ns() // 1_000_000
    client.hset(base + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
    client.set(base + "id", jobs)
    client.xadd(base + "events", {"event": "added", "jobId": "1", "name": "send"})
    for first in range(1, jobs + 1, 5000):
        pipe, ids = client.pipeline(transaction=False), range(first, min(jobs + 1, first + 5000))
        for id in ids:
            data = _data(dice, id) if base == ARCHIVE else '{"n":1}'
            pipe.hset(f"{base}{id}", mapping=job_fields(now - id, data))
        if base == ARCHIVE:
            pipe.zadd(base + "completed", {str(id): now - id for id in ids})
        else:
            pipe.lpush(base + "wait", *ids)
        pipe.execute()
    if base == LIVE:
        client.zadd(base + "marker", {"0": 0})


def _data(dice: random.Random, id: int) -> str:
    """500 bytes of JSON; one in so many jobs has the word."""
    body = " ".join(dice.choices(WORDS, k=100))
    if id % RARE == RARE // 2:
        body = f"{WORD} {body}"
    head = f'{{"to":"user{id}@example.com","orderId":{id * 7},"body":"'
    return head + body[: 498 - len(head)] + '"}'


def search(address: str) -> Any:
    """A whole search by the API, asked for until it is over."""
    href = f"{address.rpartition('/admin')[0]}{_queue(address)}"
    wanted = {"q": WORD, "queues": [href], "states": ["completed"]}
    seen = _ask(f"{address}/api/searches", wanted)
    while seen["status"] == "running":
        time.sleep(POLL)
        seen = _ask(f"{address.rpartition('/admin')[0]}{seen['href']}?limit=0")
    assert seen["status"] == "done", seen
    return seen


def _queue(address: str) -> Any:
    queues = _ask(f"{address}/api/queues")["queues"]
    return next(queue["href"] for queue in queues if queue["name"] == "archive")


def _ask(url: str, body: Any = None) -> Any:
    origin = "/".join(url.split("/")[:3])
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", "Origin": origin})
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: Any = json.load(response)
        return answer


def ours(address: str) -> tuple[float, int]:
    """Jobs a second, and how many were found."""
    started = time.perf_counter()
    seen = search(address)
    return seen["looked_at"] / (time.perf_counter() - started), seen["found"]


def theirs(port: int) -> tuple[float, int]:
    """The same by the library."""
    command = ["node", str(SCRIPT), "scan", str(port), "archive", "completed", WORD]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return said["looked"] / said["seconds"], said["found"]


def measured(
    server: EmbeddedServer, client: redis.Redis, work: Callable[[], tuple[float, int]], worker: LiveWorker | None
) -> Figures:
    """What it took, and what others felt of it."""
    with Pings(server.url) as pings:
        before, started = _cpu(client), time.perf_counter()
        does, (rate, found) = worker.rate(work) if worker else (None, work())
        busy = (_cpu(client) - before) / (time.perf_counter() - started)
    return Figures(rate, found, (pings.at(0.99), pings.at(1)), does, busy)


def _cpu(client: redis.Redis) -> float:
    said = client.info("cpu")
    return float(said["used_cpu_user"]) + float(said["used_cpu_sys"])


def _nothing() -> tuple[float, int]:
    time.sleep(ALONE)
    return 0.0, 0


@contextmanager
def world(jobs: int) -> Iterator[tuple[EmbeddedServer, redis.Redis]]:
    """A server with all of it."""
    # The demo's limit on memory is too little for a million.
    with EmbeddedServer.start(None, "--maxmemory", "0") as server, redis.Redis.from_url(server.url) as client:
        fill(client, ARCHIVE, jobs)
        yield server, client


def main() -> None:
    """Prints it all."""
    ensure_installed()
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with world(jobs) as (server, client):
        print(f"{jobs:,} jobs with 500 B of data, {server.binary.kind}, {os.cpu_count()} processors", end=", ")
        print(f"load {os.getloadavg()[0]:.1f}")
        with served(server) as address:
            show("Tickbird, nothing else", measured(server, client, lambda: ours(address), None))
            fill(client, LIVE, LIVE_JOBS)
            with LiveWorker(server.port) as worker:
                calm = show("a worker, no search", measured(server, client, _nothing, worker))
                mine = show("Tickbird beside a worker", measured(server, client, lambda: ours(address), worker))
        fill(client, LIVE, LIVE_JOBS)
        with LiveWorker(server.port) as worker:
            their = show("getJobs beside a worker", measured(server, client, lambda: theirs(server.port), worker))
    for name, one in (("Tickbird", mine), ("getJobs", their)):
        drop = 100 * (1 - (one.worker or 0) / (calm.worker or 1))
        pings = f"worst PING {one.ping[1]:.1f} ms, without a search {calm.ping[1]:.1f}"
        print(f"{name:8} costs the worker {drop:4.1f} % of its throughput; {pings}")
    ratios = f"{mine.rate / their.rate:.2f} x the rate of getJobs, {mine.ping[1] / their.ping[1]:.2f} x its worst PING"
    print(f"ratio    {ratios}")


def show(name: str, figures: Figures) -> Figures:
    """Prints them as soon as they are there."""
    print(f"{name:26}{figures}", flush=True)
    return figures


if __name__ == "__main__":
    main()
