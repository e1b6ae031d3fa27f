"""A snapshot as the views that metrics are read off, with each queue's labels escaped once, not once a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.model import Health, Queue, QueueId
from core.settings import Settings
from core.slo import matches, objectives
from core.snapshot import Reading, Snapshot
from exporter.family import Expected, Family, InstanceView, QueueView, SeenView
from exporter.health import fresh
from exporter.labels import label
from exporter.observed import NOTHING, Observed
from exporter.text import pieces


class Views:
    """Remembers the labels and expectations of the queues that were there last time, and of no others."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._known: dict[QueueId, tuple[str, Expected]] = {}

    def instances(self, snapshot: Snapshot, now: int, observed: Observed = NOTHING) -> list[InstanceView]:
        """Every instance that is watched, whether it can be read or not."""
        return [
            InstanceView(
                label("redis", reading.instance), reading, fresh(reading, now), observed.following.get(reading.instance)
            )
            for reading in snapshot.readings
        ]

    def queues(self, instances: list[InstanceView], observed: Observed = NOTHING) -> list[QueueView]:
        """Every queue whose numbers still hold: none of an instance that has long been away, or was never read."""
        known, self._known = self._known, {}
        views: list[QueueView] = []
        for reading in (view.reading for view in instances if view.fresh):
            for queue in _read(reading):
                id, at = queue.id, reading.taken_at or 0
                self._known[id] = labels, expected = known.get(id) or (_labels(id), self._expected(id))
                views.append(QueueView(labels, queue, at, observed.seen.get(id), observed.looks.get(id), expected))
        return views

    def _expected(self, id: QueueId) -> Expected:
        dead = any(matches(pattern, id) for pattern in self._settings.dead_letter)
        return Expected(objectives(self._settings.slo, id), dead)


def _read(reading: Reading) -> Iterator[Queue]:
    """Without those whose part of a cluster is away: theirs are older than the others', and nothing would say so."""
    whole = reading.down_since is not None
    return (queue for queue in reading.queues if whole or queue.verdict.health is not Health.STALE)


class Pieces:
    """The lines of each queue's own families, kept until something more was seen of the queue."""

    def __init__(self, families: Sequence[Family[SeenView]]) -> None:
        self._families = families
        self._kept: dict[QueueId, tuple[SeenView, tuple[str, ...]]] = {}

    def of(self, views: Sequence[QueueView]) -> list[tuple[str, ...]]:
        """Those of every queue that is followed, and of no others from now on."""
        before, self._kept = self._kept, {}
        for view in views:
            if view.seen is not None:
                kept = before.get(view.queue.id)
                if kept is None or kept[0].seen is not view.seen:
                    shown = SeenView(view.labels, view.seen)
                    kept = (shown, pieces(self._families, shown))
                self._kept[view.queue.id] = kept
        return [found for _, found in self._kept.values()]


def _labels(id: QueueId) -> str:
    return ",".join((label("redis", id.instance), label("prefix", id.prefix), label("queue", id.name)))
