"""What the pages of schedulers post: one to be made or changed, run now, or removed once that was confirmed."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import Invalid, TickbirdError
from core.model import QueueId
from core.mutations.schedule_writing import Wanted
from core.permission import Permission
from core.schedulers.preview import preview
from core.schedulers.scheduler import Timing
from dashboard.acting import back, said, seen
from dashboard.api.written import value_of
from dashboard.budgets import Cost
from dashboard.desk import desk_of
from dashboard.forms import Form, length, read_form, whole
from dashboard.job_forms import LARGEST_EDIT
from dashboard.json_edit import checked, compact
from dashboard.notices import Notice
from dashboard.pages import scheduler, scheduler_editing, schedulers
from dashboard.pages.asking import TEMPLATE as ASKING
from dashboard.pages.asking import Question
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.pages.scheduler_editing import Sheet
from dashboard.scheduler_urls import NEW, SCHEDULER, SCHEDULERS, scheduler_key, scheduler_page, schedulers_page
from dashboard.urls import RawRoute, queue_id, sent_path
from dashboard.words import now


def routes(base: str) -> list[Route]:
    """The pages of schedulers, and what they post."""
    view, change_ = Permission.VIEW, Permission.SCHEDULE
    all_of_queue, one = base + SCHEDULERS, base + SCHEDULER
    return [
        RawRoute(f"{base}/schedulers", schedulers.show_all, needs=view, costs=Cost.HEAVY),
        RawRoute(all_of_queue, schedulers.show_of_queue, needs=view, methods=["GET"]),
        RawRoute(all_of_queue, make, needs=change_, methods=["POST"]),
        RawRoute(f"{base}{NEW}", scheduler_editing.show_new, needs=change_),
        RawRoute(one, scheduler.show, needs=view),
        RawRoute(f"{one}/edit", scheduler_editing.show, needs=change_),
        RawRoute(f"{one}/changes", change, needs=change_, methods=["POST"]),
        RawRoute(f"{one}/runs", run, needs=change_, methods=["POST"]),
        RawRoute(f"{one}/removals", remove, needs=change_, methods=["POST"]),
    ]


async def make(request: Request) -> Response:
    """Make the scheduler that the form describes, or say what it would mean."""
    return await _upsert(request, "")


async def change(request: Request) -> Response:
    """Change the scheduler as the form says, or say what that would mean."""
    return await _upsert(request, scheduler_key(request))


async def _upsert(request: Request, key: str) -> Response:
    desk, id = desk_of(request), queue_id(request)
    form = await read_form(request, largest=LARGEST_EDIT)
    try:
        wanted = _wanted(form, is_new=not key)
        if form.says("look"):
            meant = preview(wanted.timing, desk.herd.queue(id).identity, now())
            return scheduler_editing.page(desk, request, Sheet(form.fields, key, meant))
        outcome = await desk.herd.mutations.upsert_scheduler(id, key or form.fields.get("id", "").strip(), wanted)
    except TickbirdError as error:
        return scheduler_editing.page(desk, request, Sheet(form.fields, key, trouble=error))
    await seen(desk, id)
    page = schedulers_page(desk.base, id)
    return back(page, Notice("done", outcome.sentence), page)


async def run(request: Request) -> Response:
    """Add a job now; the scheduler's page says which."""
    desk, id, key = desk_of(request), queue_id(request), scheduler_key(request)
    await read_form(request)
    notice = await said(desk.herd.mutations.run_scheduler(id, key))
    page = scheduler_page(desk.base, id, key)
    return back(page, notice, page)


async def remove(request: Request) -> Response:
    """End the scheduler, once that was confirmed."""
    desk, id, key = desk_of(request), queue_id(request), scheduler_key(request)
    form = await read_form(request)
    if not form.confirmed:
        return await _ask(request, id, key)
    page, one = schedulers_page(desk.base, id), scheduler_page(desk.base, id, key)
    notice = await said(desk.herd.mutations.remove_scheduler(id, key))
    if notice.kind == "refused":
        return back(one, notice, one)
    await seen(desk, id)
    return back(page, notice, page)


async def _ask(request: Request, id: QueueId, key: str) -> Response:
    desk = desk_of(request)
    found = await desk.herd.schedulers.one(id, key)
    question = Question(
        f"Remove the scheduler {found.row.head.key[:120]} from",
        id,
        place(desk.herd.queue(id)),
        sentences=(
            "It makes no more jobs, and the job for its next run goes with it. Jobs that it made before stay.",
            "It comes back if its application sets it up again, as many do when they start.",
        ),
        do="Remove the scheduler",
        back=scheduler_page(desk.base, id, key),
    )
    values = {"frame": frame(desk, request), "place": "asking", "question": question}
    return answer(desk, request, ASKING, {**values, "action": sent_path(request.scope)})


def _wanted(form: Form, *, is_new: bool) -> Wanted:
    data, options = form.fields.get("data", "").strip(), form.fields.get("options", "").strip()
    if data:
        checked(data)
    if options:
        checked(options, "The options")
    given = value_of(options) if options else ({} if is_new else None)
    if given is not None and not isinstance(given, dict):
        raise Invalid('The options are a JSON object, such as {"attempts": 3}.')
    return Wanted(
        _timing(form),
        name=form.fields.get("name", "").strip() or None,
        data=compact(data) if data else ("{}" if is_new else None),
        options=given,
        own_id=form.fields.get("jobId", "").strip(),
        immediately=form.says("immediately"),
        mode="create" if is_new else "edit",
    )


def _timing(form: Form) -> Timing:
    return Timing(
        pattern=form.fields.get("pattern", "").strip() or None,
        every=length(form, "every", "The length of time"),
        tz=form.fields.get("tz", "").strip() or None,
        start=_moment(form, "start", "Its start"),
        end=_moment(form, "end", "Its end"),
        limit=whole(form, "limit", "The limit"),
        offset=whole(form, "offset", "The offset"),
    )


def _moment(form: Form, name: str, about: str) -> int | None:
    """An instant in UTC as somebody writes it; None where the field is empty."""
    written = form.fields.get(name, "").strip()
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise Invalid(f"{about} is a date, such as 2027-01-31 or 2027-01-31 08:00, not {written!r:.60}.") from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
