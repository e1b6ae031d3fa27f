"""What Tickbird costs a Redis with 200 queues: commands and processor time a minute, with 0, 1 and 10 open tabs.

A tab is an open page of the overview with its live stream, read as fast as it comes. Prints the ratio of ten tabs
to one: the readings are shared, so it has to be close to 1.
"""

from __future__ import annotations

import html
import re
import socket
import threading
import time
import urllib.request
from contextlib import ExitStack, closing
from urllib.parse import urljoin, urlsplit

import redis

from bench.world import fill, served
from tickbird.demo.server import EmbeddedServer

QUEUES = 200
SECONDS = 30.0
SETTLE = 3.0
# Nobody looking is only reached when the last look is this long ago.
QUIET = 95.0


class Tab:
    """An open page: its live stream, drained by a thread until closed."""

    def __init__(self, page: str) -> None:
        with urllib.request.urlopen(page, timeout=10) as response:
            stream = re.search(r'hx-sse:connect="([^"]+)"', response.read().decode())
        assert stream is not None, "the page has no live stream"
        url = urlsplit(urljoin(page, html.unescape(stream[1])))
        self.received = 0
        self._socket = socket.create_connection((url.hostname or "", url.port or 80))
        request = f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: text/event-stream\r\n\r\n"
        self._socket.sendall(request.encode())
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        try:
            while piece := self._socket.recv(65536):
                self.received += len(piece)
        except OSError:
            return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def cost(client: redis.Redis, seconds: float) -> tuple[float, float]:
    """Commands a minute, and the share of a processor that Redis used, without our own measuring."""
    before, cpu, started = _calls(client), _cpu(client), time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - started
    return (_calls(client) - before) * 60 / lasted, (_cpu(client) - cpu) / lasted


def _calls(client: redis.Redis) -> int:
    stats = client.info("commandstats")
    return sum(stat["calls"] for stat in stats.values())


def _cpu(client: redis.Redis) -> float:
    said = client.info("cpu")
    return float(said["used_cpu_user"] + said["used_cpu_sys"])


def main() -> None:
    with EmbeddedServer.start() as server, redis.Redis.from_url(server.url) as client:
        fill(server, QUEUES)
        with served(server) as page:
            print(f"{QUEUES} queues with jobs in waiting, delayed, completed and failed; {SECONDS:.0f} s each")
            time.sleep(QUIET)
            print(_line("nobody", *cost(client, SECONDS)))
            figures = {tabs: _with_tabs(page, client, tabs) for tabs in (1, 10)}
            print(f"ten tabs cost {figures[10] / figures[1]:.3f} times what one costs")


def _with_tabs(page: str, client: redis.Redis, tabs: int) -> float:
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(Tab(page))) for _ in range(tabs)]
        time.sleep(SETTLE)
        commands, share = cost(client, SECONDS)
        print(_line(f"{tabs} {'tab' if tabs == 1 else 'tabs'}", commands, share))
        assert all(tab.received for tab in opened), "a tab received nothing"
        return commands


def _line(who: str, commands: float, share: float) -> str:
    return f"{who:>8}: {commands:>9,.0f} commands/min, {100 * share:.2f} % of a core of Redis"


if __name__ == "__main__":
    main()
