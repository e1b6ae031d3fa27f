"""What a scrape of 1,000 queues costs us, a bare hand writer, and prometheus-client, in one run.

    python -m bench.metrics_rendering

The bare writer is the floor: its labels are escaped and its values known, so it only makes lines and joins them.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import cycle

from prometheus_client import CollectorRegistry, Gauge, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from bench.beside_bullmq import beside_bullmq
from core.events.front import Events
from core.events.histogram import ATTEMPTS, Histogram
from core.events.options import Options
from core.events.seen import NameSeen, QueueSeen, Source
from core.model import STATES, Dialect, Identity, Instants, Limits, Queue, QueueId, State, Workers
from core.settings import Settings
from core.snapshot import Pass, Reading, RedisFacts, Snapshot
from exporter.exposition import Asked, Exposition, Rendering, milliseconds
from exporter.observed import Observed
from exporter.text import Format

QUEUES = 1000
ROUNDS = 11
# With more series than this, prometheus-client takes so long that its times tell nothing new.
MOST_FOR_CLIENT = 100_000
NOW = milliseconds()
_COUNTS: dict[State, int] = dict.fromkeys(STATES, 12_345)

Rows = list[tuple[str, list[tuple[str, dict[str, str], float]]]]


def snapshot(queues: int) -> Snapshot:
    """Queues of which everything is known, so that each has all its series."""
    redis = RedisFacts("redis", "7.0.15", "standalone", "master", "noeviction", 1, 2, 3, 4, 5, 6)
    found = tuple(_queue(number) for number in range(queues))
    return Snapshot(1, (Reading("default", NOW, found, redis, Pass(1, 1, 0.5), seconds=0.02, commands=9000),))


def _queue(number: int) -> Queue:
    return Queue(
        id=QueueId("default", "bull", f"queue-{number:04}"),
        identity=Identity(Dialect.MQ5, "5.81.2", ()),
        paused=number % 7 == 0,
        counts=_COUNTS,
        limits=Limits(50, 100, 1000, 412),
        instants=Instants(*(NOW - 1000 * number - offset for offset in (17, 1234, 99, 7_200_123, 4321, 56))),
        overdue=number % 5,
        workers=Workers(8, 5),
        failed_last_hour=number,
        completed_last_hour=10 * number,
        ids=1_000_000 + number,
        completed_ever=900_000 + number,
        failed_ever=1234,
        max_events=10_000,
    )


def observed(seen: Snapshot, *, timed: bool) -> Observed:
    """What was seen of these queues' jobs: counters alone, or every histogram too."""
    histogram, starts = Histogram(), Histogram(ATTEMPTS)
    for value in (3, 42, 43, 700, 9000):
        histogram.observe(value)
        starts.observe(1)
    times, attempts = (histogram.frozen(), starts.frozen()) if timed else (None, None)
    counts = NameSeen(1234, (1200, 34), (1200, 34, 56, 7, 8, 9), times, (times,) * 3)
    known = QueueSeen(
        Source.STREAM,
        counts,
        totals=(times,) * 2,
        attempts=(attempts,) * 2,
        promotion_delay=times,
        reasons={"stalled": 1, "other": 33},
        lost=0,
        stream_length=10_000,
    )
    return Observed({queue.id: replace(known, stalled=place) for place, queue in enumerate(seen.queues)})


def rows(text: str) -> Rows:
    """Every series of an exposition by family, as the other writers are handed them."""
    return [
        (family.name, [(sample.name, sample.labels, sample.value) for sample in family.samples])
        for family in text_string_to_metric_families(text)
    ]


def bare_writer(given: Rows) -> Callable[[], bytes]:
    """Escaped labels and values at hand; only lines are made and joined."""
    ready = [
        (name, [(line, ",".join(f'{key}="{word}"' for key, word in labels.items()), v) for line, labels, v in series])
        for name, series in given
    ]

    def write() -> bytes:
        lines: list[str] = []
        for name, series in ready:
            lines.append(f"# HELP {name} about\n# TYPE {name} gauge\n")
            for line, labels, value in series:
                lines.append(f"{line}{{{labels}}} {value}\n")
        return "".join(lines).encode()

    return write


class FromRows(Collector):
    """A custom collector: a Metric a family, its samples added on every scrape."""

    def __init__(self, given: Rows) -> None:
        self._rows = given

    def collect(self) -> Iterator[Metric]:
        for name, series in self._rows:
            metric = Metric(name, "about", "gauge")
            for line, labels, value in series:
                metric.add_sample(line, labels, value)
            yield metric


def collector_writer(given: Rows) -> Callable[[], bytes]:
    registry = CollectorRegistry()
    registry.register(FromRows(given))
    return lambda: generate_latest(registry)


def object_writer(given: Rows) -> Callable[[], bytes]:
    """A Gauge for each kind of line with a child a series, set beforehand: only the rendering is measured."""
    registry, gauges = CollectorRegistry(), dict[str, Gauge]()
    for _, series in given:
        for line, labels, value in series:
            if line not in gauges:
                gauges[line] = Gauge(line, "about", sorted(labels), registry=registry)
            (gauges[line].labels(**labels) if labels else gauges[line]).set(value)
    return lambda: generate_latest(registry)


Times = dict[str, list[float]]


def timed(ways: Mapping[str, Callable[[], object]]) -> Times:
    """Milliseconds of each round. The ways take turns, so that what else the machine does falls on all of them.

    Each begins with the garbage of the others collected and its own code and data warm.
    """
    spent: Times = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, work in ways.items():
            gc.collect()
            work()
            started = time.perf_counter()
            work()
            spent[name].append((time.perf_counter() - started) * 1000)
    return spent


def ratio(spent: list[float], floor: list[float]) -> float:
    """How often one is the other, as the median over the rounds."""
    return statistics.median(one / other for one, other in zip(spent, floor, strict=True))


class Fixed:
    """A herd that always shows the same queues, as a new snapshot each time."""

    def __init__(self, seen: Snapshot) -> None:
        self._seen = seen
        self._version = 0
        self.settings = Settings()
        self.events = Events({}, seen.reading, Options())

    def snapshot(self) -> Snapshot:
        self._version += 1
        return Snapshot(self._version, self._seen.readings)

    def glance(self, *, scraping: bool = False) -> None: ...


async def worst_stall(work: Callable[[], object]) -> float:
    """The longest that the event loop was late, in milliseconds, while `work` ran a few times."""
    late: list[float] = []

    async def tick() -> None:
        while True:
            due = time.perf_counter() + 0.001
            await asyncio.sleep(0.001)
            late.append(time.perf_counter() - due)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.05)
    for _ in range(ROUNDS):
        outcome = work()
        if asyncio.iscoroutine(outcome):
            await outcome
        await asyncio.sleep(0.005)
    ticking.cancel()
    return max(late) * 1000


def main() -> None:
    seen = snapshot(QUEUES)
    for what, known in (
        ("no events followed", Observed()),
        ("counters of followed jobs", observed(seen, timed=False)),
        ("every histogram of followed jobs", observed(seen, timed=True)),
    ):
        print(f"{QUEUES} queues, {what}: medians of {ROUNDS}")
        body = _writers(Asked(seen, NOW, known))
    _gzip(body)
    _stalls(seen, Rendering())
    beside_bullmq(QUEUES)


def _writers(asked: Asked) -> bytes:
    """All ways of writing the same series, and what ours has written."""
    rendering = Rendering()
    body = rendering.body(asked, Format.CLASSIC)
    given = rows(body.decode())
    series = sum(len(found) for _, found in given)
    print(f"  {series} series, {series / QUEUES:.0f} a queue, {len(body) / 1e6:.1f} MB")
    ways = {
        "bare hand writer": bare_writer(given),
        "tickbird": lambda: rendering.body(asked, Format.CLASSIC),
        "tickbird, OpenMetrics": lambda: rendering.body(asked, Format.OPENMETRICS),
        "tickbird, all queues changed": _changing(rendering, asked),
    }
    if series < MOST_FOR_CLIENT:
        ways["prometheus-client, custom collector"] = collector_writer(given)
        ways["prometheus-client, objects"] = object_writer(given)
    spent = timed(ways)
    for name, times in spent.items():
        print(f"  {name:38}{statistics.median(times):8.1f} ms  {ratio(times, spent['bare hand writer']):5.1f} x")
    return body


def _changing(rendering: Rendering, asked: Asked) -> Callable[[], bytes]:
    """Every queue has something new in each scrape, so that nothing can be kept from the last one."""
    both = [
        replace(asked, observed=Observed({id: replace(seen, gaps=gap) for id, seen in asked.observed.seen.items()}))
        for gap in (0, 1)
    ]
    turns = cycle(both)
    return lambda: rendering.body(next(turns), Format.CLASSIC)


def _gzip(body: bytes) -> None:
    sizes = {level: len(gzip.compress(body, level)) for level in (1, 6, 9)}
    spent = timed({f"gzip level {level}": partial(gzip.compress, body, level) for level in sizes})
    for (name, times), size in zip(spent.items(), sizes.values(), strict=True):
        print(f"  {name:38}{statistics.median(times):8.1f} ms  {size / 1024:5.0f} KB")


def _stalls(seen: Snapshot, rendering: Rendering) -> None:
    exposition = Exposition(Fixed(seen))
    asked = Asked(seen, NOW)
    apart = asyncio.run(worst_stall(lambda: exposition.body(Format.CLASSIC, compressed=True)))
    inline = asyncio.run(worst_stall(lambda: gzip.compress(rendering.body(asked, Format.CLASSIC), 1)))
    print(f"  worst stall of the event loop: {apart:.1f} ms in a thread, {inline:.1f} ms if it were done in the loop")


if __name__ == "__main__":
    main()
