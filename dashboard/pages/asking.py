"""The questions before what cannot be undone or stops work: which queue, which jobs, how many, and what then."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from core.job import Job, JobRow
from core.model import Queue, QueueId, State
from dashboard.desk import Desk
from dashboard.forms import Form
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.urls import encode_part, job_page, queue_page, sent_path
from dashboard.words import jobs

TEMPLATE = "pages/asking.html"
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, in sentences; `back` is where nothing happens, `keep` what the form carries on."""

    title: str
    queue: QueueId
    where: str
    sentences: tuple[str, ...]
    do: str
    back: str
    keep: tuple[tuple[str, str], ...] = ()
    named: tuple[JobRow | str, ...] = ()
    more: int = 0


def about_pausing(desk: Desk, request: Request, form: Form, queue: Queue) -> Response:
    """Whether to stop this queue."""
    active, waiting = queue.counts.get(State.ACTIVE, 0), queue.backlog
    sentences = (
        f"{jobs(active, 'active').capitalize()} will finish." if active else "No job is active.",
        f"{jobs(waiting)} wait{'s' if waiting == 1 else ''} until somebody resumes it. New and delayed jobs join them.",
    )
    on_overview = form.fields.get("from") == "overview"
    back = desk.base if on_overview else queue_page(desk.base, queue.id)
    question = Question("Pause", queue.id, place(queue), sentences, "Pause", back, _kept(form))
    return _asked(desk, request, question)


def about_removing_one(desk: Desk, request: Request, form: Form, job: Job) -> Response:
    """Whether to remove this job."""
    queue = desk.herd.queue(job.queue)
    question = Question(
        f"Remove 1 {job.row.state} job from",
        job.queue,
        place(queue),
        _what_is_lost(job.children is not None),
        "Remove 1 job",
        job_page(desk.base, job.queue, job.row.id),
        (*_kept(form), ("state", job.row.state)),
        (job.row,),
    )
    return _asked(desk, request, question)


async def about_removing(desk: Desk, request: Request, form: Form, queue: Queue) -> Response:
    """Whether to remove the ticked jobs."""
    count = len(form.job_ids)
    rows = await desk.herd.rows(queue.id, form.job_ids[:MOST_NAMED])
    state = form.fields.get("state", "")
    question = Question(
        f"Remove {jobs(count, state if state in {s.value for s in State} else '')} from",
        queue.id,
        place(queue),
        _what_is_lost(family=False),
        f"Remove {jobs(count)}",
        queue_page(desk.base, queue.id) + (f"?state={state}" if state in {s.value for s in State} else ""),
        (*_kept(form), *(("job", encode_part(job_id)) for job_id in form.job_ids)),
        tuple(row or job_id for job_id, row in rows.items()),
        max(0, count - MOST_NAMED),
    )
    return _asked(desk, request, question)


def _what_is_lost(family: bool) -> tuple[str, ...]:
    lost = "Their data, results, logs and errors go with them. This cannot be undone."
    one = "Its children that have not run yet go with it. " if family else ""
    return (one + lost,)


def _kept(form: Form) -> tuple[tuple[str, str], ...]:
    wanted = ("from", "state", "order", "size", "cursor")
    return tuple((name, form.fields[name]) for name in wanted if name in form.fields)


def _asked(desk: Desk, request: Request, question: Question) -> Response:
    values = {
        "frame": frame(desk, request),
        "place": "asking",
        "question": question,
        "action": sent_path(request.scope),
    }
    return answer(desk, request, TEMPLATE, values)
