"""The jobs of a queue by their names. Needs a scrape of /metrics/jobs."""

from __future__ import annotations

from monitoring.grafana.panel import Dashboard, Panel, Query, Row
from monitoring.grafana.promql import NAMED, quantile, rate, ratio, summed

_EACH = "{{queue}} {{name}}"
_BY = "redis, prefix, queue, name"
_FINISHED = summed(rate("bullmq_jobs_finished_total", by="name, outcome", chosen=NAMED), by=_BY)
_FAILED = rate("bullmq_jobs_finished_total", by="name", where='outcome="failed"', chosen=NAMED)

_FLOW = Row(
    "Flow",
    (
        Panel(
            "Added",
            "Jobs added, each second.",
            "ops",
            (Query(rate("bullmq_jobs_added_total", by="name", chosen=NAMED), _EACH),),
        ),
        Panel("Finished", "Jobs completed or failed for good, each second.", "ops", (Query(_FINISHED, _EACH),)),
        Panel("Failed for good", "Jobs failed for good, each second.", "ops", (Query(_FAILED, _EACH),)),
    ),
)
_TIMES = Row(
    "Times",
    (
        Panel(
            "Wait, 95 %",
            "From ready to started, for each attempt; only where metrics.job_times names the queue.",
            "s",
            (Query(quantile(0.95, "bullmq_job_wait_seconds", by=_BY, chosen=NAMED), _EACH),),
        ),
        Panel(
            "Run, 95 %",
            "From started to finished; only where metrics.job_times names the queue.",
            "s",
            (Query(quantile(0.95, "bullmq_job_run_seconds", by=_BY, chosen=NAMED), _EACH),),
        ),
        Panel(
            "Run, median",
            "From started to finished; only where metrics.job_times names the queue.",
            "s",
            (Query(quantile(0.5, "bullmq_job_run_seconds", by=_BY, chosen=NAMED), _EACH),),
        ),
    ),
)
_FAILURES = Row(
    "Failures",
    (
        Panel(
            "Failure ratio",
            "Failed of finished jobs.",
            "percentunit",
            (Query(ratio(_FAILED, _FINISHED), _EACH),),
            width=12,
        ),
        Panel(
            "Attempts",
            "How each attempt ended.",
            "ops",
            (Query(rate("bullmq_job_attempts_total", by="name, result", chosen=NAMED), _EACH + " {{result}}"),),
            width=12,
        ),
    ),
)

JOB = Dashboard(
    "tickbird-job",
    "Tickbird / Job",
    "Jobs by name; needs a scrape of /metrics/jobs.",
    ("redis", "prefix", "queue", "name"),
    (_FLOW, _TIMES, _FAILURES),
)
