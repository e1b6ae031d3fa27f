"""One queue, or a few side by side: its jobs, their times, their failures, and who works on them."""

from __future__ import annotations

from monitoring.grafana.panel import Dashboard, Kind, Panel, Query, Row
from monitoring.grafana.promql import gauge, heat, quantile, rate, ratio, summed

_EACH = "{{queue}}"
_FINISHED = summed(rate("bullmq_jobs_finished_total", by="outcome"))


def _quantiles(histogram: str) -> tuple[Query, ...]:
    return tuple(Query(quantile(share, histogram), f"{_EACH} {share:.0%}") for share in (0.5, 0.95, 0.99))


_JOBS = Row(
    "Jobs",
    (
        Panel(
            "States",
            "Jobs in each state. Completed and failed ones are those that are kept.",
            "short",
            (Query(gauge("bullmq_job_count", by="state"), f"{_EACH} {{{{state}}}}"),),
            Kind.STACK,
        ),
        Panel(
            "Added and finished",
            "Where added stays above finished, the backlog grows.",
            "ops",
            (
                Query(rate("bullmq_jobs_added_total"), f"{_EACH} added"),
                Query(rate("bullmq_jobs_finished_total", by="outcome"), f"{_EACH} {{{{outcome}}}}"),
            ),
        ),
        Panel(
            "Oldest",
            "How long the oldest job of each kind has waited, or run.",
            "s",
            (
                Query(gauge("bullmq_queue_oldest_waiting_age_seconds"), f"{_EACH} waiting"),
                Query(gauge("bullmq_queue_oldest_prioritized_age_seconds"), f"{_EACH} prioritized"),
                Query(gauge("bullmq_queue_oldest_active_age_seconds"), f"{_EACH} active"),
            ),
        ),
    ),
)
_TIMES = Row(
    "Times",
    (
        Panel("Wait", "From ready to started, for each attempt.", "s", _quantiles("bullmq_job_wait_seconds")),
        Panel("Run", "From started to finished.", "s", _quantiles("bullmq_job_run_seconds")),
        Panel(
            "Total", "From added to finished, delays and retries included.", "s", _quantiles("bullmq_job_total_seconds")
        ),
        Panel(
            "Wait, spread",
            "How many attempts waited how long.",
            "s",
            (Query(heat("bullmq_job_wait_seconds"), "{{le}}"),),
            Kind.HEATMAP,
        ),
        Panel(
            "Run, spread",
            "How many jobs ran how long.",
            "s",
            (Query(heat("bullmq_job_run_seconds"), "{{le}}"),),
            Kind.HEATMAP,
        ),
        Panel(
            "Lateness of delayed jobs",
            "From due to ready, 95 %; and how overdue the worst is that nobody has made ready.",
            "s",
            (
                Query(quantile(0.95, "bullmq_job_promotion_delay_seconds"), f"{_EACH} made ready"),
                Query(gauge("bullmq_queue_delayed_overdue_seconds"), f"{_EACH} overdue"),
            ),
        ),
    ),
)
_FAILURES = Row(
    "Failures",
    (
        Panel(
            "Failure ratio",
            "Failed for good, of all that finished; and the objective, if there is one.",
            "percentunit",
            (
                Query(ratio(rate("bullmq_jobs_finished_total", where='outcome="failed"'), _FINISHED), _EACH),
                Query(gauge("bullmq_queue_slo_ratio", by="slo"), f"{_EACH} objective"),
            ),
        ),
        Panel(
            "Attempts",
            "How each attempt ended.",
            "ops",
            (Query(rate("bullmq_job_attempts_total", by="result"), f"{_EACH} {{{{result}}}}"),),
        ),
        Panel(
            "Failed for good, by reason",
            "The classes are those that `[[reason]]` in Tickbird's settings describes.",
            "ops",
            (Query(rate("bullmq_jobs_failed_reason_total", by="reason"), f"{_EACH} {{{{reason}}}}"),),
        ),
        Panel(
            "Retries",
            "Attempts until a job finished, 95 %.",
            "short",
            (Query(quantile(0.95, "bullmq_job_attempts"), _EACH),),
        ),
        Panel(
            "Stalled",
            "Jobs that a worker has lost, and active jobs without a lock now.",
            "short",
            (
                Query(rate("bullmq_jobs_stalled_total"), f"{_EACH} stalled a second"),
                Query(gauge("bullmq_queue_active_without_lock"), f"{_EACH} without a lock"),
            ),
        ),
    ),
)
_WORK = Row(
    "Workers and limits",
    (
        Panel(
            "Workers",
            "Connections that wait for a job, and all others.",
            "short",
            (Query(gauge("bullmq_queue_workers", by="state"), f"{_EACH} {{{{state}}}}"),),
            Kind.STACK,
        ),
        Panel(
            "Backlog and its threshold",
            "BullMQBacklogHigh looks at these two.",
            "short",
            (
                Query(
                    summed(gauge("bullmq_job_count", by="state", where='state=~"waiting|paused|prioritized"')),
                    f"{_EACH} backlog",
                ),
                Query(gauge("bullmq_queue_slo_jobs", where='slo="backlog"'), f"{_EACH} threshold"),
            ),
        ),
        Panel(
            "Schedulers",
            "How long until each runs next; below 0 it is late.",
            "s",
            (
                Query(
                    f"{gauge('bullmq_scheduler_next_run_timestamp_seconds', by='scheduler')} - time()",
                    f"{_EACH} {{{{scheduler}}}}",
                ),
            ),
        ),
        Panel(
            "What it is",
            "Which library writes the queue, and where our numbers come from.",
            "short",
            (Query(gauge("bullmq_queue_info", by="library, dialect, version, max_events, source")),),
            Kind.TABLE,
        ),
    ),
)

QUEUE = Dashboard(
    "tickbird-queue",
    "Tickbird / Queue",
    "One queue in depth.",
    ("redis", "prefix", "queue"),
    (_JOBS, _TIMES, _FAILURES, _WORK),
)
