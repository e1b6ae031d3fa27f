"""What the forms about one queue post: new jobs, its limits, and what holds it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import Invalid, TickbirdError
from core.model import Outcome, QueueId
from core.mutations.adding import NewJob
from core.mutations.front import Mutations
from core.permission import NEEDED, Permission
from dashboard.acting import back, refused, seen
from dashboard.api.written import value_of
from dashboard.budgets import Cost
from dashboard.desk import desk_of
from dashboard.forms import Form, length, needed, read_form, whole
from dashboard.job_forms import LARGEST_EDIT
from dashboard.json_edit import checked, compact
from dashboard.notices import Notice
from dashboard.pages import adding, adding_several, batches, deduplication, managing
from dashboard.pages.adding import FLAGS, NUMBERS
from dashboard.pages.adding_several import Draft
from dashboard.several_jobs import check_jobs, read_jobs
from dashboard.urls import QUEUE, RawRoute, job_page, queue_id, queue_page

Act = Callable[[Mutations, QueueId, Form], Awaitable[Outcome]]


def routes(base: str) -> list[Route]:
    """The pages with forms about a queue, and what they post."""
    queue = base + QUEUE
    return [
        RawRoute(f"{queue}/manage", managing.show, needs=Permission.VIEW),
        RawRoute(f"{queue}/add", adding.show, needs=Permission.ADD),
        RawRoute(f"{queue}/add/several", adding_several.show, needs=Permission.ADD),
        RawRoute(f"{queue}/batches", batches.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        RawRoute(f"{queue}/deduplication", deduplication.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        RawRoute(f"{queue}/additions", add, needs=Permission.ADD, methods=["POST"]),
        RawRoute(
            f"{queue}/additions-of-several", add_several, needs=Permission.ADD, methods=["POST"], costs=Cost.HEAVY
        ),
        *(
            RawRoute(f"{queue}/{noun}", _changed(act), needs=NEEDED[verb], methods=["POST"])
            for noun, (verb, act) in CHANGES.items()
        ),
    ]


async def _concurrency(to: Mutations, id: QueueId, form: Form) -> Outcome:
    return await to.set_concurrency(id, whole(form, "concurrency", "The number of jobs at once"))


async def _rate_limit(to: Mutations, id: QueueId, form: Form) -> Outcome:
    most, duration = whole(form, "most", "The number of jobs"), length(form, "length", "The length of time")
    if (most is None) is not (duration is None):
        raise Invalid("A rate limit is a number of jobs in a length of time.", "Leave both empty to lift it.")
    return await to.set_rate_limit(id, most, duration)


async def _release_rate_limit(to: Mutations, id: QueueId, _form: Form) -> Outcome:
    return await to.release_rate_limit(id)


async def _release_deduplication(to: Mutations, id: QueueId, form: Form) -> Outcome:
    if not (said := form.fields.get("id", "").strip()):
        raise Invalid("Which deduplication id? It stands on the page of the job that holds it.")
    return await to.release_deduplication(id, said)


async def _trim_events(to: Mutations, id: QueueId, form: Form) -> Outcome:
    return await to.trim_events(id, needed(form, "keep", "How many to keep"))


async def _mend_pause(to: Mutations, id: QueueId, _form: Form) -> Outcome:
    return await to.mend_pause(id)


# The nouns that are posted: the verb of `core/mutations` that each one means, and what calls it.
CHANGES: dict[str, tuple[str, Act]] = {
    "concurrency": ("set_concurrency", _concurrency),
    "rate-limit": ("set_rate_limit", _rate_limit),
    "rate-limit-releases": ("release_rate_limit", _release_rate_limit),
    "deduplication-releases": ("release_deduplication", _release_deduplication),
    "event-trims": ("trim_events", _trim_events),
    "pause-mendings": ("mend_pause", _mend_pause),
}


# Below the queue's page, where the form stands that says so; all others stand on the page to manage it.
_FROM = {"queue": "", "deduplication": "/deduplication"}


def _changed(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """One change; the page that has its form says what was done, or why it was not."""

    async def changed(request: Request) -> Response:
        desk, id, form = desk_of(request), queue_id(request), await read_form(request)
        page = queue_page(desk.base, id)
        where = page + _FROM.get(form.fields.get("from", ""), "/manage")
        try:
            outcome = await act(desk.herd.mutations, id, form)
        except TickbirdError as error:
            return back(where, refused(error), page)
        await seen(desk, id)
        return back(where, Notice("done", outcome.sentence), page)

    return changed


async def add(request: Request) -> Response:
    """Add the job that the form describes; one that cannot be added stays in the form, with the reason."""
    desk, id = desk_of(request), queue_id(request)
    form = await read_form(request, largest=LARGEST_EDIT)
    try:
        (outcome,) = await desk.herd.mutations.add(id, [_new_job(form)])
    except TickbirdError as error:
        return await adding.page(desk, request, form.fields, error)
    await seen(desk, id)
    page = queue_page(desk.base, id)
    where = page if outcome.job_id is None else job_page(desk.base, id, outcome.job_id)
    return back(where, Notice("done" if outcome.changed else "refused", outcome.sentence), where)


async def add_several(request: Request) -> Response:
    """Show what the text means, and when that is confirmed add all of it; what became of each is the answer."""
    desk, id = desk_of(request), queue_id(request)
    form = await read_form(request, largest=LARGEST_EDIT)
    draft = Draft(form.fields.get("jobs", ""), form.fields.get("name", "").strip())
    if form.says("again"):
        return adding_several.page(desk, request, draft)
    try:
        jobs = read_jobs(draft.text, draft.name)
        check_jobs(desk.herd.queue(id), jobs)
        if not form.confirmed:
            return adding_several.page(desk, request, replace(draft, jobs=jobs))
        outcomes = await desk.herd.mutations.add(id, jobs)
    except TickbirdError as error:
        return adding_several.page(desk, request, replace(draft, trouble=error))
    await seen(desk, id)
    return adding_several.page(desk, request, replace(draft, outcomes=outcomes))


def _new_job(form: Form) -> NewJob:
    data = form.fields.get("data", "").strip() or "{}"
    checked(data)
    written = form.fields.get("options", "").strip() or "{}"
    checked(written, "The options")
    options = value_of(written)
    if not isinstance(options, dict):
        raise Invalid('The options are a JSON object, such as {"attempts": 3}.')
    return NewJob(form.fields.get("name", "").strip(), compact(data), {**options, **_common(form)})


def _common(form: Form) -> dict[str, object]:
    """The options that have fields of their own, where these are filled in."""
    numbers = {name: whole(form, name, about) for name, about in NUMBERS.items()}
    found: dict[str, object] = {name: number for name, number in numbers.items() if number is not None}
    found |= {name: True for name in FLAGS if form.says(name)}
    if job_id := form.fields.get("jobId", "").strip():
        found["jobId"] = job_id
    return found
