"""The body of a scrape: rendered once per snapshot, kept as bytes, and never in the event loop's own time."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

from prometheus_client import ProcessCollector

from core.snapshot import Snapshot
from exporter.catalogue import EXPORTER, INSTANCE, QUEUE
from exporter.family import View
from exporter.health import fresh
from exporter.labels import label
from exporter.text import END, Format, borrowed, written
from exporter.views import Views

Clock = Callable[[], int]


def milliseconds() -> int:
    """Now, since the epoch."""
    return time.time_ns() // 1_000_000


class Watched(Protocol):
    """What a scrape needs of a herd: the shared snapshot, and a way to say that somebody looked."""

    def snapshot(self) -> Snapshot: ...

    def glance(self, *, scraping: bool = False) -> None: ...


class Exposition:
    """The text of one herd. A thread renders it, so that no page waits for a scrape of a thousand queues."""

    def __init__(self, herd: Watched, clock: Clock = milliseconds) -> None:
        self._herd = herd
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._rendering = Rendering()
        self._rendered: tuple[int, frozenset[str]] | None = None
        self._bodies: dict[tuple[Format, bool], bytes] = {}

    async def body(self, form: Format, *, compressed: bool) -> bytes:
        """The newest snapshot as text, or as that text under gzip. Redis is not asked anything."""
        self._herd.glance(scraping=True)
        async with self._one_at_a_time:
            snapshot, now = self._herd.snapshot(), self._clock()
            self._forget_all_but(snapshot, now)
            if (form, False) not in self._bodies:
                self._bodies[form, False] = await asyncio.to_thread(self._rendering.body, snapshot, now, form)
            if (form, compressed) not in self._bodies:
                self._bodies[form, True] = await asyncio.to_thread(_compressed, self._bodies[form, False])
            return self._bodies[form, compressed]

    def _forget_all_but(self, snapshot: Snapshot, now: int) -> None:
        """A body holds for one snapshot, and only until one of its readings has become too old to be shown."""
        holding = frozenset(reading.instance for reading in snapshot.readings if fresh(reading, now))
        if (snapshot.version, holding) != self._rendered:
            self._rendered, self._bodies = (snapshot.version, holding), {}


class Rendering:
    """A snapshot as one text, in one pass over it."""

    def __init__(self) -> None:
        self._views = Views()
        self._process = ProcessCollector(registry=None)
        self._exporter = [View(label("version", _version()))]

    def body(self, snapshot: Snapshot, now: int, form: Format) -> bytes:
        """The whole exposition at `now`, in milliseconds since the epoch."""
        instances = self._views.instances(snapshot, now)
        parts = (
            written(QUEUE, self._views.queues(instances), form),
            written(INSTANCE, instances, form),
            written(EXPORTER, self._exporter, form),
            borrowed(self._process.collect(), form),
            END[form],
        )
        return "".join(parts).encode()


def _compressed(body: bytes) -> bytes:
    # Level 1: a tenth of the time of level 9, for a body that is a tenth larger.
    return gzip.compress(body, compresslevel=1, mtime=0)


def _version() -> str:
    try:
        return version("tickbird")
    except PackageNotFoundError:
        return "unknown"  # a clone that was never installed, run in place
