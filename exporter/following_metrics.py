"""How well the events of an instance are followed."""

from __future__ import annotations

from collections.abc import Callable

from core.events.seen import Following
from exporter import samples
from exporter.family import Family, InstanceView, Kind, Several, Single

_ABSENT = "where no events are followed"


def _of(read: Callable[[Following], float]) -> Callable[[InstanceView], float | None]:
    return lambda view: read(view.following) if view.following else None


FOLLOWING: tuple[Family[InstanceView], ...] = (
    Several(
        "bullmq_exporter_events_total",
        Kind.COUNTER,
        "Events that were read, by what they tell; other is what no library writes.",
        "until there was one of the kind",
        ("event",),
        samples.events,
    ),
    Single(
        "bullmq_exporter_events_lag_seconds",
        Kind.GAUGE,
        "How old the oldest event is that has not been read yet; 0 if all have been read.",
        _ABSENT,
        _of(lambda following: following.lag / 1000),
    ),
    Single(
        "bullmq_exporter_tracked_jobs",
        Kind.GAUGE,
        "Jobs under way that are remembered, to tell how long they wait and run.",
        _ABSENT,
        _of(lambda following: following.tracked),
    ),
    Single(
        "bullmq_exporter_tracked_evicted_total",
        Kind.COUNTER,
        "Jobs under way that were forgotten because there were too many.",
        _ABSENT,
        _of(lambda following: following.evicted),
    ),
    Single(
        "bullmq_exporter_series_limited_total",
        Kind.COUNTER,
        "How often a job was counted as __other__ because its queue has too many job names.",
        _ABSENT,
        _of(lambda following: following.limited),
    ),
)
