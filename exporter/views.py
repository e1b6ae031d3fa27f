"""A snapshot as the views that metrics are read off, with each queue's labels escaped once, not once a line."""

from __future__ import annotations

from core.model import QueueId
from core.snapshot import Snapshot
from exporter.family import InstanceView, QueueView
from exporter.health import fresh
from exporter.labels import label


class Views:
    """Remembers the labels of the queues that were there last time, and of no others."""

    def __init__(self) -> None:
        self._labels: dict[QueueId, str] = {}

    def instances(self, snapshot: Snapshot, now: int) -> list[InstanceView]:
        """Every instance that is watched, whether it can be read or not."""
        return [
            InstanceView(label("redis", reading.instance), reading, fresh(reading, now))
            for reading in snapshot.readings
        ]

    def queues(self, instances: list[InstanceView]) -> list[QueueView]:
        """Every queue whose numbers still hold: none of an instance that has long been away, or was never read."""
        known, self._labels = self._labels, {}
        views: list[QueueView] = []
        for reading in (view.reading for view in instances if view.fresh):
            for queue in reading.queues:
                self._labels[queue.id] = labels = known.get(queue.id) or _labels(queue.id)
                views.append(QueueView(labels, queue, reading.taken_at or 0))
        return views


def _labels(id: QueueId) -> str:
    return ",".join((label("redis", id.instance), label("prefix", id.prefix), label("queue", id.name)))
