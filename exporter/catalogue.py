"""Every metric of `/metrics` and `/metrics/jobs`, in one table. docs/metrics.md is tested against it.

Names and labels are a promise: other people's rules and panels are built on them.
"""

from __future__ import annotations

from exporter.family import Family, InstanceView, Kind, QueueView, SeenView, Single, View
from exporter.instance_metrics import INSTANCE
from exporter.queue_metrics import QUEUE
from exporter.seen_metrics import NAMED, SEEN

__all__ = ["EXPORTER", "FAMILIES", "INSTANCE", "NAMED", "QUEUE", "SEEN"]

EXPORTER: tuple[Family[View], ...] = (
    Single(
        "bullmq_exporter_build_info",
        Kind.INFO,
        "The version of Tickbird that answers.",
        "",
        lambda _view: 1,
        ("version",),
    ),
)

# Those of `/metrics`; `/metrics/jobs` has `NAMED`, by the same names.
FAMILIES: tuple[Family[QueueView] | Family[SeenView] | Family[InstanceView] | Family[View], ...] = (
    *QUEUE,
    *SEEN,
    *INSTANCE,
    *EXPORTER,
)
