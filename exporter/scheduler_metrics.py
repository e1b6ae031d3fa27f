"""The metrics of job schedulers and of what came before them, repeatable jobs."""

from __future__ import annotations

from exporter import samples
from exporter.family import Family, Kind, QueueView, Several

_ABSENT = "without schedulers, or before they were looked at"

SCHEDULERS: tuple[Family[QueueView], ...] = (
    Several(
        "bullmq_scheduler_next_run_timestamp_seconds",
        Kind.GAUGE,
        "When the scheduler is to run next, in seconds since the epoch. The first 100 of a queue are told.",
        _ABSENT,
        ("scheduler",),
        samples.next_runs,
    ),
    Several(
        "bullmq_scheduler_iterations_total",
        Kind.COUNTER,
        "How often the scheduler has run, as counted by the library.",
        f"{_ABSENT}, or where the library does not count",
        ("scheduler",),
        samples.iterations,
    ),
    Several(
        "bullmq_scheduler_info",
        Kind.INFO,
        "What the scheduler adds, and by which rule.",
        _ABSENT,
        ("scheduler", "name", "pattern", "every", "tz"),
        samples.scheduler_info,
    ),
)
