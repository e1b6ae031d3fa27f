"""What the forms about one job post: its data in two steps, its place in line, its log, an end for an abandoned one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.dead_letters.addressing import known_queue
from core.errors import Conflict, Invalid, TickbirdError
from core.job import Job
from core.model import Outcome, QueueId, State
from core.mutations.front import Mutations
from core.mutations.written import DATA_LIMIT
from core.permission import NEEDED, Permission
from dashboard.acting import back, refused, seen
from dashboard.desk import Desk, desk_of
from dashboard.forms import Form, length, needed, read_form
from dashboard.json_edit import checked, compact, editable
from dashboard.notices import Notice
from dashboard.pages import asking, changing, editing
from dashboard.pages.editing import Draft
from dashboard.urls import JOB, RawRoute, job_id, job_page, queue_id, queue_page

# Every byte of the data percent-encoded, and the fields beside them.
LARGEST_EDIT = 3 * DATA_LIMIT + 64 * 1024
Act = Callable[[Mutations, QueueId, str, Form], Awaitable[Outcome]]


def routes(base: str) -> list[Route]:
    """The pages with forms about a job, and what they post."""
    job = base + JOB
    return [
        RawRoute(f"{job}/data", editing.show, needs=Permission.ADD),
        RawRoute(f"{job}/change", changing.show, needs=Permission.VIEW),
        RawRoute(f"{job}/edits", edit, needs=Permission.ADD, methods=["POST"]),
        RawRoute(f"{job}/duplicates", _changed(_duplicate), needs=Permission.ADD, methods=["POST"]),
        RawRoute(f"{job}/moves", move, needs=NEEDED["move"], methods=["POST"]),
        RawRoute(f"{job}/forced-removals", remove_by_force, needs=Permission.REMOVE, methods=["POST"]),
        *(
            RawRoute(f"{job}/{noun}", _changed(act), needs=NEEDED[verb], methods=["POST"])
            for noun, (verb, act) in CHANGES.items()
        ),
    ]


async def _duplicate(to: Mutations, id: QueueId, job: str, _form: Form) -> Outcome:
    return await to.duplicate(id, job)


async def _retry(to: Mutations, id: QueueId, job: str, _form: Form) -> Outcome:
    return await to.retry(id, job, reset_attempts=True)


async def _priority(to: Mutations, id: QueueId, job: str, form: Form) -> Outcome:
    return await to.change_priority(id, job, needed(form, "priority", "The priority"), lifo=form.says("lifo"))


async def _delay(to: Mutations, id: QueueId, job: str, form: Form) -> Outcome:
    if (delay := length(form, "delay", "The delay")) is None:
        raise Invalid("The delay is missing.")
    return await to.change_delay(id, job, delay)


async def _line(to: Mutations, id: QueueId, job: str, form: Form) -> Outcome:
    if not (line := form.fields.get("line", "").strip()):
        raise Invalid("The line is empty, so nothing was added.")
    return await to.log(id, job, line)


async def _fail(to: Mutations, id: QueueId, job: str, form: Form) -> Outcome:
    if not (reason := form.fields.get("reason", "").strip()):
        raise Invalid("It needs a reason: that is what people find as its failedReason.")
    return await to.fail(id, job, reason, force=form.says("force"))


async def _requeue(to: Mutations, id: QueueId, job: str, form: Form) -> Outcome:
    return await to.requeue(id, job, force=form.says("force"))


# The nouns that are posted: the verb of `core/mutations` that each one means, and what calls it.
CHANGES: dict[str, tuple[str, Act]] = {
    "fresh-retries": ("retry", _retry),
    "priorities": ("change_priority", _priority),
    "delays": ("change_delay", _delay),
    "log-lines": ("log", _line),
    "failures": ("fail", _fail),
    "requeues": ("requeue", _requeue),
}


def _changed(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """One change; the job's page says what was done, the page of the form why it was not."""

    async def changed(request: Request) -> Response:
        desk, id, job, form = desk_of(request), queue_id(request), job_id(request), await read_form(request)
        return await _done(desk, id, job, act(desk.herd.mutations, id, job, form))

    return changed


async def _done(desk: Desk, id: QueueId, job: str, doing: Awaitable[Outcome]) -> Response:
    page = job_page(desk.base, id, job)
    try:
        outcome = await doing
    except TickbirdError as error:
        return back(f"{page}/change", refused(error), page)
    await seen(desk, id)
    where = job_page(desk.base, outcome.queue, outcome.job_id or job)
    return back(where, Notice("done", outcome.sentence), where)


async def move(request: Request) -> Response:
    """Move a job to the queue that was named; its page there says how."""
    desk, id, job, form = desk_of(request), queue_id(request), job_id(request), await read_form(request)
    return await _done(desk, id, job, _moved(desk, id, job, form))


async def _moved(desk: Desk, id: QueueId, job: str, form: Form) -> Outcome:
    said, was = form.fields.get("to", "").strip(), form.fields.get("seen", "")
    if (target := known_queue(desk.herd.snapshot(), id, said)) is None:
        raise Invalid(f"There is no queue called {said!r}, or more than one.", "Write prefix:name if need be.")
    state = State(was) if was in frozenset(State) else None
    return await desk.herd.mutations.move(id, job, target, seen=state, again=form.says("again"))


async def remove_by_force(request: Request) -> Response:
    """Remove a job that is kept from being removed, once confirmed."""
    desk, id, job, form = desk_of(request), queue_id(request), job_id(request), await read_form(request)
    if not form.confirmed:
        return asking.about_removing_by_force(
            desk, request, form, await desk.herd.job(id, job, limit_bytes=asking.NAMED)
        )
    page, list_of = job_page(desk.base, id, job), queue_page(desk.base, id)
    try:
        outcome = await desk.herd.mutations.remove(id, job, force=True)
    except TickbirdError as error:
        return back(f"{page}/change", refused(error), page)
    await seen(desk, id)
    return back(list_of + (f"?state={form.state}" if form.state else ""), Notice("done", outcome.sentence), list_of)


async def edit(request: Request) -> Response:
    """Check what was written, show what it changes, and when that is confirmed save it."""
    desk, form = desk_of(request), await read_form(request, largest=LARGEST_EDIT)
    text, job = form.fields.get("data", ""), await editing.read(desk, request)
    draft = Draft(text, form.fields.get("seen", ""))
    if form.says("again"):
        return editing.page(desk, request, job, replace(draft, text=editable(text)))
    try:
        checked(text)
        changes = editing.changes(job, text)
        if draft.seen != editing.digest(job):
            draft = Draft(text, editing.digest(job), changes)
            raise Conflict("The data have changed since you began to edit.", "Below is what yours would change now.")
        if not form.confirmed:
            return _confirming(desk, request, job, replace(draft, changes=changes))
        return await _saved(desk, request, job, form)
    except TickbirdError as error:
        return editing.page(desk, request, job, replace(draft, trouble=error))


def _confirming(desk: Desk, request: Request, job: Job, draft: Draft) -> Response:
    if not draft.changes:
        page = job_page(desk.base, job.queue, job.row.id)
        return back(page, Notice("done", "The data are as they were: there was nothing to save."), page)
    return editing.page(desk, request, job, replace(draft, text=compact(draft.text)))


async def _saved(desk: Desk, request: Request, job: Job, form: Form) -> Response:
    to, data, id = desk.herd.mutations, compact(form.fields["data"]), queue_id(request)
    if form.says("copy"):
        outcome = await to.duplicate(id, job.row.id, data=data)
    else:
        outcome = await to.edit_data(id, job.row.id, data, seen=job.data.text if job.data else None)
    await seen(desk, id)
    page = job_page(desk.base, id, outcome.job_id or job.row.id)
    return back(page, Notice("done", outcome.sentence), page)
