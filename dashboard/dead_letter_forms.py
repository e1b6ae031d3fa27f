"""What the page of dead letters posts: some of them, or all, go back to where they came from."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.dead_letters.addressing import known_queue
from core.dead_letters.letter import How, Letters
from core.errors import Invalid, TickbirdError
from core.model import QueueId
from core.permission import NEEDED, Permission
from dashboard.acting import back, refused, seen
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.forms import Form, read_form
from dashboard.pages import dead_letters
from dashboard.urls import QUEUE, RawRoute, queue_id, queue_page


def routes(base: str) -> list[Route]:
    """The page, and what it posts."""
    page = f"{base}{QUEUE}/dead-letters"
    return [
        RawRoute(page, dead_letters.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        RawRoute(f"{page}/returns", send, needs=NEEDED["send_back"], methods=["POST"], costs=Cost.HEAVY),
    ]


async def send(request: Request) -> Response:
    """The ticked ones, or, once that is confirmed, all; what became of each is the answer."""
    desk, id, form = desk_of(request), queue_id(request), await read_form(request)
    page = f"{queue_page(desk.base, id)}/dead-letters"
    try:
        how = _how(desk, id, form)
        if form.fields.get("which") != "all":
            if not form.job_ids:
                raise Invalid("No dead letter is ticked.", "Tick some, or send all of them back.")
            report = await desk.herd.dead_letters.send(id, form.job_ids, how)
        elif form.confirmed:
            after = form.fields.get("after") or None
            report = await desk.herd.dead_letters.send_all(id, how, after=after)
        else:
            return dead_letters.ask(desk, request, form, await _newest(desk, id))
    except TickbirdError as error:
        return back(page, refused(error), page)
    await seen(desk, id)
    return dead_letters.told(desk, request, form, report)


def _how(desk: Desk, id: QueueId, form: Form) -> How:
    said, again = form.fields.get("to", "").strip(), form.fields.get("again", "")
    to = known_queue(desk.herd.snapshot(), id, said) if said else None
    if said and to is None:
        raise Invalid(f"There is no queue called {said!r}, or more than one.", "Write prefix:name if need be.")
    return How(
        to=to,
        name=form.fields.get("name", "").strip(),
        guesses=form.says("guesses"),
        once=form.says("once"),
        keep=form.says("keep"),
        again=int(again) if again.isascii() and again.isdecimal() and len(again) < 16 else None,
    )


async def _newest(desk: Desk, id: QueueId) -> Letters | None:
    """Those that a person would look at before saying yes."""
    queue = desk.herd.queue(id)
    state = next((state for state in desk.herd.dead_letters.states(id) if queue.counts.get(state)), None)
    return await desk.herd.dead_letters.look(id, state) if state else None
