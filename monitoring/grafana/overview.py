"""All queues at a glance: what waits, what fails, and which queue to open."""

from __future__ import annotations

from monitoring.grafana.panel import Dashboard, Kind, Leads, Panel, Query, Row
from monitoring.grafana.promql import READY, gauge, quantile, rate, ratio, summed, total

_BACKLOG = summed(gauge("bullmq_job_count", by="state", where=READY))
_FINISHED = summed(rate("bullmq_jobs_finished_total", by="outcome"))
_FAILED = rate("bullmq_jobs_finished_total", where='outcome="failed"')
_OLDEST = (
    f"{gauge('bullmq_queue_oldest_prioritized_age_seconds')} > {gauge('bullmq_queue_oldest_waiting_age_seconds')}"
    f" or {gauge('bullmq_queue_oldest_waiting_age_seconds')}"
    f" or {gauge('bullmq_queue_oldest_prioritized_age_seconds')}"
)
_EACH = "{{queue}}"


def _number(title: str, about: str, unit: str, expr: str, red: float | None = None) -> Panel:
    return Panel(title, about, unit, (Query(expr),), Kind.NUMBER, width=3, red=red, leads=Leads.HOME)


_NOW = Row(
    "Now",
    (
        _number("Queues", "Queues that are known.", "short", f"count({gauge('bullmq_queue_paused')})"),
        _number("Backlog", "Jobs that are ready to run, over all queues.", "short", total(_BACKLOG)),
        _number("Oldest", "How long the oldest job that is ready has waited.", "s", f"max({_OLDEST})"),
        _number(
            "Active", "Jobs that run.", "short", total(gauge("bullmq_job_count", by="state", where='state="active"'))
        ),
        _number("Finished", "Jobs completed or failed for good, each second.", "ops", total(_FINISHED)),
        _number("Failing", "Failed of finished jobs.", "percentunit", ratio(total(_FAILED), total(_FINISHED)), 0.05),
        _number("Workers", "Worker connections.", "short", total(gauge("bullmq_queue_workers", by="state"))),
        _number("Paused", "Queues that somebody has paused.", "short", total(gauge("bullmq_queue_paused")), 1),
    ),
)
_TABLE = Panel(
    "Queues",
    "One line a queue. The link opens it in Tickbird.",
    "short",
    (
        Query(_BACKLOG, "Backlog"),
        Query(_OLDEST, "Oldest", "s"),
        Query(gauge("bullmq_job_count", where='state="active"'), "Active"),
        Query(gauge("bullmq_job_count", where='state="delayed"'), "Delayed"),
        Query(gauge("bullmq_job_count", where='state="failed"'), "Failed"),
        Query(_FINISHED, "Finished", "ops"),
        Query(summed(gauge("bullmq_queue_workers", by="state")), "Workers"),
        Query(gauge("bullmq_queue_paused"), "Paused"),
    ),
    Kind.TABLE,
    width=24,
)
_FLOW = Row(
    "Flow",
    (
        Panel(
            "Backlog", "Jobs that are ready to run, the ten longest.", "short", (Query(f"topk(10, {_BACKLOG})", _EACH),)
        ),
        Panel(
            "Added and finished",
            "Where added stays above finished, the backlog grows.",
            "ops",
            (
                Query(total(rate("bullmq_jobs_added_total")), "added"),
                Query(total(_FINISHED), "finished"),
            ),
            leads=Leads.HOME,
        ),
        Panel(
            "Failed for good",
            "The ten queues with most failures a second.",
            "ops",
            (Query(f"topk(10, {_FAILED})", _EACH),),
        ),
    ),
)
_TIME = Row(
    "Time",
    (
        Panel(
            "Oldest ready job", "How long it has waited, the ten longest.", "s", (Query(f"topk(10, {_OLDEST})", _EACH),)
        ),
        Panel(
            "Wait, 95 %",
            "From ready to started, for each attempt. The ten slowest.",
            "s",
            (Query(f"topk(10, {quantile(0.95, 'bullmq_job_wait_seconds')})", _EACH),),
        ),
        Panel(
            "Run, 95 %",
            "From started to finished. The ten slowest.",
            "s",
            (Query(f"topk(10, {quantile(0.95, 'bullmq_job_run_seconds')})", _EACH),),
        ),
    ),
)

OVERVIEW = Dashboard(
    "tickbird-overview",
    "Tickbird / Overview",
    "All Bull and BullMQ queues.",
    ("redis", "prefix", "queue"),
    (_NOW, Row("Queues", (_TABLE,)), _FLOW, _TIME),
)
