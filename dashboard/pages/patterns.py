"""Every component with made-up data on one page, to look at and to test against. No dashboard serves it by itself.

`Route(…)` of it goes into the `extra_routes` of `create_app` where somebody wants to look.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.history import History, Minute
from core.job import Children, Job, JobRow, Payload, Relative
from core.model import Dialect, Health, Identity, Instants, Queue, QueueId, State, Traffic, Verdict, Workers
from core.permission import Permission
from dashboard import charts
from dashboard.desk import desk_of
from dashboard.notices import Notice
from dashboard.pages import (
    job_row,
    overview,
    patterns_of_access,
    patterns_of_feed,
    patterns_of_flows,
    patterns_of_redis,
    patterns_of_schedulers,
    patterns_of_search,
    patterns_of_work,
)
from dashboard.pages.frame import answer, frame
from dashboard.pages.job_matter import matter
from dashboard.timeline import timeline
from dashboard.urls import RawRoute
from dashboard.words import now

TEMPLATE = "pages/patterns.html"
MAIL = QueueId("default", "bull", "mail")
TRACE = "Error: ECONNRESET\n    at send (/app/src/mail.ts:88:13)\n    at run (node:internal/process:95:5)"
MINUTE = 60_000


def route(base: str) -> Route:
    """The page, at `{base}/patterns`."""
    return RawRoute(f"{base}/patterns", show, needs=Permission.VIEW)


async def show(request: Request) -> Response:
    """The page."""
    desk = desk_of(request)
    job = _job()
    values: dict[str, Any] = {
        "frame": frame(desk, request),
        "place": "patterns",
        "healths": list(Health),
        "states": list(State),
        "queues": [
            overview.Row(f"q{health.name}", desk.base, _queue(health), "", read_only=False) for health in Health
        ],
        "jobs": _rows(desk.base),
        **patterns_of_work.values(desk.base),
        **patterns_of_search.values(desk.base),
        **patterns_of_redis.values(desk.base),
        **patterns_of_schedulers.values(desk.base),
        "feed": patterns_of_feed.values(desk.base),
        "flows": patterns_of_flows.values(desk.base),
        **patterns_of_access.values(desk.base),
        "job": job,
        "matter": matter(desk.base, job),
        "timeline": timeline(job),
        "hour": charts.hour(_history()),
        "notices": [
            Notice("done", "Retried 2 jobs."),
            Notice("partly", "Retried 1 job. 1 job refused:", ("771: it is active, and its worker holds its lock.",)),
            Notice("refused", "Nothing was done: Redis default cannot be reached."),
        ],
        "instants": {"age": now() - 41 * MINUTE, "ago": now() - 12_000, "until": now() + 12_000, "clock": now()},
    }
    return answer(desk, request, TEMPLATE, values)


def _queue(health: Health) -> Queue:
    spark = tuple(None if i < 5 else float(i % 7) for i in range(30))
    counts = {State.WAITING: 12_408, State.ACTIVE: 3, State.DELAYED: 0, State.FAILED: 1_204, State.COMPLETED: 48_112}
    return Queue(
        QueueId("default", "bull", f"a queue that is {health}"),
        Identity(Dialect.MQ5, "6.7.0", ("meta.version",)),
        paused=health is Health.PAUSED,
        counts=counts,
        instants=Instants(oldest_waiting=now() - 41 * MINUTE),
        workers=Workers(3, 1),
        failed_last_hour=12 if health is Health.FAILING else 0,
        traffic=Traffic(410.0, None if health is Health.STALE else 0.3, spark),
        verdict=Verdict(health, "A sentence that says why, with its evidence, over as many as two lines.", False),
    )


def _rows(base: str) -> list[job_row.Row]:
    row = JobRow("771", State.FAILED, name="send-invoice-email", timestamp=now() - MINUTE, attempts_made=3, attempts=5)
    about = (("to", "ada@example.com"), ("invoiceId", "4411"))
    at, reason = now(), "ECONNRESET 10.0.0.4:443"
    failed = _with(row, about=about, processed_on=at - 3000, finished_on=at - 1800, failed_reason=reason)
    active = _with(row, state=State.ACTIVE, processed_on=at - 3000, progress={"percent": 62, "message": "compressing"})
    delayed = _with(row, state=State.DELAYED, due_at=at + 12_000, failed_reason=reason)
    shown = [
        (State.FAILED, failed, failed),
        (State.FAILED, failed, _with(failed, state=State.WAITING)),
        (State.FAILED, failed, None),
        (State.ACTIVE, active, active),
        (State.DELAYED, delayed, delayed),
        (State.WAITING, _with(row, missing=True), _with(row, missing=True)),
    ]
    return [
        job_row.Row(f"j{number}", state, str(number), f"{base}/queues/default/bull/mail/jobs/771", before, job)
        for number, (state, before, job) in enumerate(shown)
    ]


def _with(row: JobRow, **changes: Any) -> JobRow:
    return JobRow(**{name: getattr(row, name) for name in JobRow.__dataclass_fields__} | changes)


def _job() -> Job:
    at = now()
    text = '{"to":"ada@example.com","amount":1.10,"template":{"name":"invoice","tags":["billing","monthly"]}}'
    whole = Payload(text, len(text), is_json=True)
    progress = Payload("62", 2, value=62, is_json=True)
    family = Relative("bull:invoicing:12", "12", QueueId("default", "bull", "invoicing"), "completed")
    row = JobRow("771", State.FAILED, "send-invoice-email", at - 30_000, attempts_made=3, attempts=3)
    return Job(
        _with(row, processed_on=at - 3000, finished_on=at - 1800, failed_reason="ECONNRESET", progress=62),
        MAIL,
        data=whole,
        opts=Payload('{"attempts":3,"limiter":{"max":1}}', 33, is_json=True),
        returnvalue=Payload(text[:40], 9_900_000, cut=True),
        progress=progress,
        failed_reason=Payload("ECONNRESET, and more than the head shows", 40),
        stacktrace=("Error: first", TRACE),
        parent=family,
        children=Children(2, 3, 0, 1, (family,)),
        fields={"pk": Payload("bull:invoicing", 14)},
        ineffective=(("limiter", "BullMQ reads a rate limit from the worker or the queue, never from a job."),),
    )


def _history() -> History:
    start = now() - 60 * MINUTE
    minutes = (
        Minute(start + i * MINUTE, None if i < 9 else 900 + i % 13, None if i < 9 else i // 50) for i in range(60)
    )
    return History(tuple(minutes), None, "From retained jobs only.")
