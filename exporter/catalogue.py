"""Every metric of `/metrics`, in one table. docs/metrics.md is tested against it.

Names and labels are a promise: other people's rules and panels are built on them.
"""

from __future__ import annotations

from exporter.family import Family, InstanceView, Kind, QueueView, Single, View
from exporter.instance_metrics import INSTANCE
from exporter.queue_metrics import QUEUE

__all__ = ["EXPORTER", "FAMILIES", "INSTANCE", "QUEUE"]

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

FAMILIES: tuple[Family[QueueView] | Family[InstanceView] | Family[View], ...] = (*QUEUE, *INSTANCE, *EXPORTER)
