"""What a Tickbird over 1, 200, 1,000 and 10,000 queues takes: to find them, for a page, a scrape and the API.

    .venv/bin/python -m bench.many_queues          # name numbers of queues to measure only those

Each number has a server and a Tickbird of its own. Prints ratios to the smallest one, and what a queue costs Redis.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import redis

from bench.redis_cost import Tab, cost
from bench.world import fill, process_of
from tickbird.demo.server import EmbeddedServer

SIZES = (1, 200, 1_000, 10_000)
ROUNDS = 7
SECONDS = 12.0
LONGEST_SEARCH = 300.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Times in milliseconds, sizes in KB, commands a second."""

    found: float
    overview: tuple[float, float]
    metrics: tuple[float, float]
    api: tuple[float, float]
    memory: float
    idle: tuple[float, float]
    watched: tuple[float, float]


def figures(queues: int) -> Figures:
    """Everything that is measured of so many queues."""
    with EmbeddedServer.start() as server, redis.Redis.from_url(server.url) as client:
        fill(server, queues)
        started = time.monotonic()
        with process_of(server.url) as (page, pid):
            found = _until_found(page, queues, started)
            asked = (timed(page), timed(urljoin(page, "/metrics")), timed(f"{page}/api/queues"))
            with _looked_at(page):
                watched = cost(client, SECONDS)
            idle = cost(client, SECONDS)
            return Figures(found, *asked, resident(pid), idle, watched)


@contextmanager
def _looked_at(page: str) -> Iterator[None]:
    with closing(Tab(page)):
        time.sleep(3)
        yield
    # The page was looked at a moment ago: this long it is still read often.
    time.sleep(12)


def _until_found(page: str, queues: int, started: float) -> float:
    while time.monotonic() - started < LONGEST_SEARCH:
        with urllib.request.urlopen(f"{page}/api/queues", timeout=60) as answer:
            if len(json.load(answer)["queues"]) >= queues:
                return 1000 * (time.monotonic() - started)
        time.sleep(0.1)
    raise AssertionError(f"{queues} queues were not found within {LONGEST_SEARCH:g} s")


def timed(url: str) -> tuple[float, float]:
    """The median of some requests in milliseconds, and the body's size in KB."""
    taken, size = [], 0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        with urllib.request.urlopen(url, timeout=300) as answer:
            size = len(answer.read())
        taken.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken), size / 1000


def resident(pid: int) -> float:
    """The memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1000


def main() -> None:
    sizes = [int(said) for said in sys.argv[1:]] or list(SIZES)
    print(
        f"{'queues':>7} {'found':>8} {'overview':>19} {'/metrics':>19} {'API':>19} {'memory':>8}  Redis: idle, one tab"
    )
    measured: dict[int, Figures] = {}
    for size in sizes:
        measured[size] = figures(size)
        print(_line(size, measured[size]), flush=True)
    least, most = measured[sizes[0]], measured[sizes[-1]]
    for name, of in _TIMES.items():
        print(f"{name}: {of(most) / of(least):.1f} times as long for {sizes[-1] / sizes[0]:.0f} times the queues")


_TIMES: dict[str, Callable[[Figures], float]] = {
    "overview": lambda seen: seen.overview[0],
    "/metrics": lambda seen: seen.metrics[0],
    "API": lambda seen: seen.api[0],
}


def _line(size: int, seen: Figures) -> str:
    asked = " ".join(f"{took:>8.1f} ms {kb:>5.0f} KB" for took, kb in (seen.overview, seen.metrics, seen.api))
    spent = ", ".join(f"{c / 60:,.0f}/s and {100 * share:.1f} %" for c, share in (seen.idle, seen.watched))
    return f"{size:>7,} {seen.found / 1000:>6.1f} s {asked} {seen.memory:>5.0f} MB  {spent}"


if __name__ == "__main__":
    main()
