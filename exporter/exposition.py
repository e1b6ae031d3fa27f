"""The body of a scrape: rendered once per snapshot, kept as bytes, and never in the event loop's own time."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

from prometheus_client import ProcessCollector

from core.access.asker import asker
from core.settings import Settings
from core.snapshot import Snapshot
from exporter.catalogue import EXPORTER, INSTANCE, NAMED, QUEUE, SEEN
from exporter.family import InstanceView, QueueView, View
from exporter.health import fresh
from exporter.labels import label
from exporter.observed import NOTHING, Events, Observed, observe
from exporter.text import END, Format, assembled, borrowed, written
from exporter.views import Pieces, Views

Clock = Callable[[], int]


def milliseconds() -> int:
    """Now, since the epoch."""
    return time.time_ns() // 1_000_000


class Watched(Protocol):
    """What a scrape needs of a herd: the shared snapshot, and a way to say that somebody looked."""

    def snapshot(self) -> Snapshot: ...

    def glance(self, *, scraping: bool = False) -> None: ...

    @property
    def events(self) -> Events: ...

    @property
    def settings(self) -> Settings: ...


class Scope(StrEnum):
    """What an exposition tells apart: queues, or the job names of each queue."""

    QUEUES = "queues"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be rendered: a snapshot, and what was seen besides, at `now` in milliseconds since the epoch."""

    snapshot: Snapshot
    now: int
    observed: Observed = NOTHING
    scope: Scope = Scope.QUEUES


class Exposition:
    """The text of one herd. A thread renders it, so that no page waits for a scrape of a thousand queues."""

    def __init__(self, herd: Watched, clock: Clock = milliseconds) -> None:
        self._herd = herd
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._rendering = Rendering(herd.settings)
        self._rendered: tuple[int, frozenset[str], Hashable] | None = None
        self._observed = NOTHING
        self._bodies: dict[tuple[Scope, Format, bool], bytes] = {}

    async def body(self, form: Format, *, compressed: bool, scope: Scope = Scope.QUEUES) -> bytes:
        """The newest snapshot as text, or as that text under gzip. Redis is not asked anything."""
        self._herd.glance(scraping=True)
        async with self._one_at_a_time:
            snapshot, now = self._herd.snapshot(), self._clock()
            if self._forget_all_but(snapshot, now):
                self._observed = await observe(self._herd.events, snapshot)
            if (scope, form, False) not in self._bodies:
                asked = Asked(snapshot, now, self._observed, scope)
                self._bodies[scope, form, False] = await asyncio.to_thread(self._rendering.body, asked, form)
            if (scope, form, compressed) not in self._bodies:
                self._bodies[scope, form, True] = await asyncio.to_thread(_compressed, self._bodies[scope, form, False])
            return self._bodies[scope, form, compressed]

    def _forget_all_but(self, snapshot: Snapshot, now: int) -> bool:
        """A body holds for one snapshot, and only until one of its readings has become too old to be shown."""
        holding = frozenset(reading.instance for reading in snapshot.readings if fresh(reading, now))
        # What is there for one who asks need not be there for the next.
        rendered = (snapshot.version, holding, asker().scope)
        changed = rendered != self._rendered
        if changed:
            self._rendered, self._bodies = rendered, {}
        return changed


class Rendering:
    """A snapshot as one text, in one pass over it."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._views = Views(settings)
        self._of_queues, self._of_names = Pieces(SEEN), Pieces(NAMED)
        self._process = ProcessCollector(registry=None)
        self._exporter = [View(label("version", _version()))]

    def body(self, asked: Asked, form: Format) -> bytes:
        """The whole exposition."""
        instances = self._views.instances(asked.snapshot, asked.now, asked.observed)
        queues = self._views.queues(instances, asked.observed)
        parts = self._by_name(queues, form) if asked.scope is Scope.NAMES else self._by_queue(queues, instances, form)
        return "".join((*parts, END[form])).encode()

    def _by_queue(self, queues: list[QueueView], instances: list[InstanceView], form: Format) -> Iterable[str]:
        return (
            written(QUEUE, queues, form),
            assembled(SEEN, self._of_queues.of(queues), form),
            written(INSTANCE, instances, form),
            written(EXPORTER, self._exporter, form),
            borrowed(self._process.collect(), form),
        )

    def _by_name(self, queues: list[QueueView], form: Format) -> Iterable[str]:
        return (assembled(NAMED, self._of_names.of(queues), form),)


def _compressed(body: bytes) -> bytes:
    # Level 1: a tenth of the time of level 9, for a body that is a tenth larger.
    return gzip.compress(body, compresslevel=1, mtime=0)


def _version() -> str:
    try:
        return version("tickbird")
    except PackageNotFoundError:
        return "unknown"  # a clone that was never installed, run in place
