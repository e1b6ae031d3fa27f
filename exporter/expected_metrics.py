"""What the settings expect of a queue, as metrics, so that one set of alert rules serves all queues."""

from __future__ import annotations

from exporter import samples
from exporter.family import Family, Kind, QueueView, Several, Single

EXPECTED: tuple[Family[QueueView], ...] = (
    Several(
        "bullmq_queue_slo_seconds",
        Kind.GAUGE,
        "How long jobs may wait, and how long they may run.",
        "unless the settings say so",
        ("slo",),
        samples.slo_seconds,
    ),
    Several(
        "bullmq_queue_slo_ratio",
        Kind.GAUGE,
        "What share of the jobs that finish may fail.",
        "unless the settings say so",
        ("slo",),
        samples.slo_ratio,
    ),
    Several(
        "bullmq_queue_slo_jobs",
        Kind.GAUGE,
        "How many jobs may be ready to run at once, and how many may fail in an hour.",
        "",
        ("slo",),
        samples.slo_jobs,
    ),
    Single(
        "bullmq_queue_dead_letter",
        Kind.GAUGE,
        "1 for a queue in which a job means that something was given up.",
        "unless the settings name the queue",
        samples.dead_letter,
    ),
)
