"""The questions before what cannot be undone or stops work: which queue, which jobs, how many, and what then."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from core.job import Job, JobRow
from core.model import Queue, QueueId, State
from core.undo.front import PROMISE
from dashboard.desk import Desk
from dashboard.forms import Form
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.urls import encode_part, job_page, queue_page, sent_path
from dashboard.words import jobs

TEMPLATE = "pages/asking.html"
MOST_NAMED = 5
# Of each field of a job that is only named (bytes).
NAMED = 1024
LOST = "data, results, logs and errors"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, in sentences; `back` is where nothing happens, `keep` what the form carries on.

    `gentle`: what is done can be undone by a click.
    """

    title: str
    queue: QueueId
    where: str
    sentences: tuple[str, ...]
    do: str
    back: str
    gentle: bool = False
    keep: tuple[tuple[str, str], ...] = ()
    named: tuple[JobRow | str, ...] = ()
    more: int = 0


def about_pausing(desk: Desk, request: Request, form: Form, queue: Queue) -> Response:
    """Whether to stop this queue."""
    active, waiting = queue.counts.get(State.ACTIVE, 0), queue.backlog
    wait = "waits" if waiting == 1 else "wait"
    question = Question(
        "Pause",
        queue.id,
        place(queue),
        sentences=(
            f"{jobs(active, 'active').capitalize()} will finish." if active else "No job is active.",
            f"{jobs(waiting)} {wait} until somebody resumes it. New and delayed jobs join them.",
        ),
        do="Pause",
        back=desk.base if form.fields.get("from") == "overview" else queue_page(desk.base, queue.id),
        gentle=True,
        keep=_kept(form),
    )
    return _asked(desk, request, question)


def about_removing_one(desk: Desk, request: Request, form: Form, job: Job) -> Response:
    """Whether to remove this job."""
    queue = desk.herd.queue(job.queue)
    question = Question(
        f"Remove 1 {job.row.state} job from",
        job.queue,
        place(queue),
        sentences=(
            f"Its {LOST} go with it.",
            PROMISE,
        ),
        do="Remove 1 job",
        back=job_page(desk.base, job.queue, job.row.id),
        keep=(*_kept(form), ("state", job.row.state)),
        named=(job.row,),
    )
    return _asked(desk, request, question)


def about_removing_by_force(desk: Desk, request: Request, form: Form, job: Job) -> Response:
    """Whether to remove this job though something stands against it."""
    queue = desk.herd.queue(job.queue)
    permits = {permit.verb: permit for permit in desk.herd.job_permits(job.queue, job)}
    why = permits["remove"].why if "remove" in permits else ""
    question = Question(
        f"Remove 1 {job.row.state} job by force from",
        job.queue,
        place(queue),
        sentences=(
            *((f"What stands against it: {why}",) if why else ()),
            "A worker that is at it goes on until it notices, and cannot finish it. What waits for it may never run.",
            f"Its {LOST} go with it. This cannot be undone.",
        ),
        do="Remove by force",
        back=job_page(desk.base, job.queue, job.row.id) + "/change",
        keep=(*_kept(form), ("state", job.row.state)),
        named=(job.row,),
    )
    return _asked(desk, request, question)


async def about_removing(desk: Desk, request: Request, form: Form, queue: Queue) -> Response:
    """Whether to remove the ticked jobs."""
    count = len(form.job_ids)
    rows = await desk.herd.rows(queue.id, form.job_ids[:MOST_NAMED])
    question = Question(
        f"Remove {jobs(count, form.state or '')} from",
        queue.id,
        place(queue),
        sentences=(f"Their {LOST} go with them.", PROMISE),
        do=f"Remove {jobs(count)}",
        back=queue_page(desk.base, queue.id) + (f"?state={form.state}" if form.state else ""),
        keep=(*_kept(form), *(("job", encode_part(job_id)) for job_id in form.job_ids)),
        named=tuple(row or job_id for job_id, row in rows.items()),
        more=max(0, count - MOST_NAMED),
    )
    return _asked(desk, request, question)


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
