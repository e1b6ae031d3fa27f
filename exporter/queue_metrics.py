"""The metrics of a queue, each with its place in a reading."""

from __future__ import annotations

from exporter import samples
from exporter.expected_metrics import EXPECTED
from exporter.family import Family, Kind, QueueView, Several, Single
from exporter.scheduler_metrics import SCHEDULERS

GAUGE, COUNTER, INFO = Kind.GAUGE, Kind.COUNTER, Kind.INFO

QUEUE: tuple[Family[QueueView], ...] = (
    Several(
        "bullmq_job_count",
        GAUGE,
        "Jobs in each state. Each state counts its own key in Redis.",
        "for the state paused on BullMQ 6, for prioritized before BullMQ 4, for waiting-children on Bull",
        ("state",),
        samples.job_counts,
    ),
    Single(
        "bullmq_queue_oldest_waiting_age_seconds",
        GAUGE,
        "How long ago the oldest waiting job became ready to run; 0 if none waits.",
        "if jobs wait and nothing tells since when",
        samples.oldest_waiting,
    ),
    Single(
        "bullmq_queue_oldest_prioritized_age_seconds",
        GAUGE,
        "How long ago the oldest job with a priority became ready to run; 0 if there is none.",
        "before BullMQ 4, which has no such state, or if nothing tells since when",
        samples.oldest_prioritized,
    ),
    Single(
        "bullmq_queue_oldest_active_age_seconds",
        GAUGE,
        "How long ago the active job that runs for the longest was started; 0 if none runs.",
        "if jobs are active and nothing tells since when",
        samples.oldest_active,
    ),
    Single(
        "bullmq_queue_oldest_failed_age_seconds",
        GAUGE,
        "How long ago the oldest retained failed job failed; 0 if none is retained.",
        "if failed jobs are retained and nothing tells since when",
        samples.oldest_failed,
    ),
    Single(
        "bullmq_queue_delayed_overdue",
        GAUGE,
        "Delayed jobs whose time has come and that no worker has made ready yet.",
        "",
        lambda view: view.queue.overdue,
    ),
    Single(
        "bullmq_queue_delayed_overdue_seconds",
        GAUGE,
        "How long the most overdue delayed job is overdue; 0 if none is.",
        "if jobs are overdue and nothing tells since when",
        samples.overdue,
    ),
    Single(
        "bullmq_queue_next_delayed_timestamp_seconds",
        GAUGE,
        "When the first delayed job is due, in seconds since the epoch.",
        "if no job is delayed",
        lambda view: samples.seconds(view.queue.instants.next_delayed),
    ),
    Single(
        "bullmq_queue_active_without_lock",
        GAUGE,
        "Active jobs that no worker holds a lock on: stalled, or about to be found so.",
        "if the locks were not looked at",
        samples.active_without_lock,
    ),
    Single(
        "bullmq_queue_paused",
        GAUGE,
        "1 if the queue is paused, else 0.",
        "",
        lambda view: int(view.queue.paused),
    ),
    Single(
        "bullmq_queue_concurrency_limit",
        GAUGE,
        "How many jobs of the queue may be active at once, over all workers.",
        "if no such limit is set",
        lambda view: samples.natural(view.queue.limits.concurrency),
    ),
    Single(
        "bullmq_queue_rate_limit_max",
        GAUGE,
        "How many jobs the queue's own rate limit lets start in each of its periods.",
        "if no such limit is set",
        lambda view: samples.natural(view.queue.limits.rate_max),
    ),
    Single(
        "bullmq_queue_rate_limit_duration_seconds",
        GAUGE,
        "How long each period of the queue's own rate limit is.",
        "if no such limit is set",
        lambda view: samples.seconds(view.queue.limits.rate_duration),
    ),
    Single(
        "bullmq_queue_rate_limit_ttl_seconds",
        GAUGE,
        "How long the rate limit will still hold the queue back.",
        "while it does not",
        lambda view: samples.seconds(view.queue.limits.limited_for),
    ),
    Several(
        "bullmq_queue_workers",
        GAUGE,
        "Worker connections: polling those that wait for a job, busy_or_idle all others.",
        "if Redis refuses CLIENT LIST",
        ("state",),
        samples.workers,
    ),
    Single(
        "bullmq_queue_last_finished_timestamp_seconds",
        GAUGE,
        "When the newest completed or failed job finished, in seconds since the epoch.",
        "if no finished job is retained, and none was seen to finish",
        samples.last_finished,
    ),
    Several(
        "bullmq_queue_finished_last_hour",
        GAUGE,
        "Retained jobs that finished within the last hour.",
        "",
        ("outcome",),
        samples.finished_last_hour,
    ),
    Several(
        "bullmq_queue_finished_last_hour_window_truncated",
        GAUGE,
        "1 if bullmq_queue_finished_last_hour may be too low because finished jobs were removed, else 0.",
        "",
        ("outcome",),
        samples.window_truncated,
    ),
    Single(
        "bullmq_job_completed_total",
        COUNTER,
        "Jobs completed, as counted by the workers themselves.",
        "unless workers have the option metrics",
        lambda view: samples.natural(view.queue.completed_ever),
    ),
    Single(
        "bullmq_job_failed_total",
        COUNTER,
        "Jobs failed for good, as counted by the workers themselves.",
        "unless workers have the option metrics",
        lambda view: samples.natural(view.queue.failed_ever),
    ),
    Single(
        "bullmq_job_ids_total",
        COUNTER,
        "Jobs ever added, as counted by Redis: with duplicates, flow children and scheduler iterations.",
        "if nothing was ever added",
        lambda view: samples.natural(view.queue.ids),
    ),
    Several(
        "bullmq_queue_info",
        INFO,
        "Which library writes the queue, and where the numbers of its jobs come from.",
        "",
        ("library", "dialect", "version", "max_events", "source"),
        samples.queue_info,
    ),
    *EXPECTED,
    *SCHEDULERS,
)
