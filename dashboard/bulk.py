"""The buttons of bulk work: a form becomes a preview with a page of its own, where it is begun, held and ended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request as Asked
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from core.dead_letters.addressing import known_queue
from core.errors import Invalid, TickbirdError
from core.model import STATES, QueueId, State
from core.operations.operation import Operation
from core.operations.request import Action, Options, Request
from core.permission import Permission
from core.text import printable
from dashboard.acting import back, refused
from dashboard.api.operation_shapes import not_listed, skip_shape
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.forms import Form, length, read_form, whole
from dashboard.notices import Notice
from dashboard.operation_words import must_type
from dashboard.pages.operations import back_of, operation_id, show, show_all
from dashboard.urls import OPERATION, RawRoute, operation_page, queue_of_page

MOST_QUEUES = 5000
# Room for as many addresses of queues.
LARGEST = 1024 * 1024
LONGEST_REASON = 1000
_FLAGS = frozenset({"delayed", "reset_attempts", "force"})
_TAKES: dict[str, frozenset[str]] = {
    "retry": frozenset({"grace", "limit", "reset_attempts", "canary", "rate", "tolerance"}),
    "promote": frozenset({"limit", "canary", "rate", "tolerance"}),
    "remove": frozenset({"grace", "limit", "keep", "rate", "tolerance"}),
    "clean": frozenset({"grace", "limit", "keep", "rate", "tolerance"}),
    "drain": frozenset({"delayed"}),
    "obliterate": frozenset({"force"}),
    "change-priority": frozenset({"limit", "priority", "rate", "tolerance"}),
    "move": frozenset({"limit", "to", "rate", "tolerance"}),
    "change-delay": frozenset({"limit", "delay", "rate", "tolerance"}),
}
_WHOLE_NUMBERS = {
    "limit": "The limit",
    "keep": "How many to keep",
    "priority": "The priority",
    "rate": "The most a second",
    "canary": "How many go first",
    "tolerance": "The tolerance",
}


def routes(base: str) -> list[Route]:
    """The list, the page of one, and what their buttons post."""
    one = base + OPERATION
    return [
        RawRoute(f"{base}/operations", show_all, needs=Permission.VIEW),
        RawRoute(f"{base}/operations", preview, needs=Permission.VIEW, methods=["POST"], costs=Cost.HEAVY),
        RawRoute(one, show, needs=Permission.VIEW),
        RawRoute(f"{one}/beginnings", begin, needs=Permission.VIEW, methods=["POST"], costs=Cost.HEAVY),
        RawRoute(f"{one}/pauses", _told("pause"), needs=Permission.VIEW, methods=["POST"]),
        RawRoute(f"{one}/resumptions", _told("resume"), needs=Permission.VIEW, methods=["POST"]),
        RawRoute(f"{one}/cancellations", _told("cancel"), needs=Permission.VIEW, methods=["POST"]),
        RawRoute(f"{one}/skipped.ndjson", all_skipped, needs=Permission.VIEW, costs=Cost.HEAVY),
    ]


async def preview(asked: Asked) -> Response:
    """Count what it would touch, and ask on a page of its own. Nothing is done yet."""
    desk = desk_of(asked)
    form = await read_form(asked, largest=LARGEST, most_fields=MOST_QUEUES + 20)
    queues = _queues(desk, form)
    origin = back_of(desk, queues, form.state, form.fields.get("q", ""))
    try:
        request = replace(_request(form, queues), by=str(asked.scope.get("user") or ""))
        request = _going(desk, form, request)
        seen = await desk.herd.operations.preview(request)
    except TickbirdError as error:
        return back(origin, refused(error), origin.partition("?")[0])
    return RedirectResponse(operation_page(desk.base, seen.id), 303)


async def begin(asked: Asked) -> Response:
    """Do exactly what was previewed, once the right words are typed where some are wanted."""
    desk, form = desk_of(asked), await read_form(asked)
    operation = await desk.herd.operations.find(operation_id(asked))
    wanted = must_type(operation)
    if wanted and printable(form.fields.get("typed", "")).strip() != wanted:
        page = operation_page(desk.base, operation.id)
        words = f"Nothing was begun: type {wanted[:100]} into the field to show that you mean it."
        return back(page, Notice("refused", words), page)
    return await _tell(desk, operation.id, "resume", {**_said(asked, form), "scope": form.fields.get("scope")})


async def all_skipped(asked: Asked) -> Response:
    """What it left alone, one by one, a line of JSON each, to be kept as a file."""
    desk = desk_of(asked)
    operation = await desk.herd.operations.find(operation_id(asked))
    name = f"tickbird-{operation.id}-left-alone.ndjson"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_lines(desk, operation), media_type="application/x-ndjson", headers=headers)


async def _lines(desk: Desk, operation: Operation) -> AsyncIterator[str]:
    sheet: int | None = 0
    lost = False
    while sheet is not None:
        page = await desk.herd.operations.skipped(operation.id, sheet)
        sheet, lost = page.next, lost or page.lost
        yield "".join(json.dumps(skip_shape(desk.base, skip)) + "\n" for skip in page.skips)
    if note := not_listed(operation, lost=lost):
        yield json.dumps({"note": note}) + "\n"


def _told(act: str) -> Callable[[Asked], Any]:
    async def told(asked: Asked) -> Response:
        return await _tell(desk_of(asked), operation_id(asked), act, _said(asked, await read_form(asked)))

    return told


def _said(asked: Asked, form: Form) -> dict[str, Any]:
    return {"by": str(asked.scope.get("user") or ""), "reason": form.fields.get("reason", "")[:LONGEST_REASON]}


async def _tell(desk: Desk, id: str, act: str, said: dict[str, Any]) -> Response:
    page, operations = operation_page(desk.base, id), desk.herd.operations
    try:
        await operations.find(id)
        {"pause": operations.pause, "resume": operations.resume, "cancel": operations.cancel}[act](id, **said)
    except TickbirdError as error:
        return back(page, refused(error), page)
    return RedirectResponse(page, 303)


def _queues(desk: Desk, form: Form) -> tuple[QueueId, ...] | None:
    """The ticked ones; None where a pattern names them."""
    if _pattern(form):
        return None
    return tuple(queue_of_page(desk.base, urlsplit(page).path) for page in form.queues)


def _pattern(form: Form) -> str:
    return form.fields.get("names", "").strip()


def _request(form: Form, queues: tuple[QueueId, ...] | None) -> Request:
    said = form.fields
    if said.get("action") not in set(Action):
        raise Invalid(f"{said.get('action', '')!r:.60} is nothing that can be done in bulk.")
    if queues == ():
        raise Invalid("No queue was chosen, so nothing was done.", "Tick some, or name them: email* is a beginning.")
    state = said.get("state") or (said.get("cleaned", "") if said["action"] == Action.CLEAN else "")
    if state and state not in STATES:
        raise Invalid(f"{state!r:.60} is no state.")
    reason = said.get("reason", "")[:LONGEST_REASON]
    matching = _pattern(form).removeprefix("*") and _pattern(form)
    return Request(
        Action(said["action"]),
        queues,
        State(state) if state else None,
        _options(form),
        reason,
        matching=matching,
        query=said.get("q", "").strip(),
    )


def _going(desk: Desk, form: Form, request: Request) -> Request:
    """With the queue to which jobs move, where they do."""
    if request.action is not Action.MOVE:
        return request
    if not request.queues:
        raise Invalid("Jobs move from queues that are named one by one.", "Tick those.")
    said = form.fields.get("to", "").strip()
    if (to := known_queue(desk.herd.snapshot(), request.queues[0], said)) is None:
        raise Invalid(f"There is no queue called {said!r:.100}, or more than one.", "Write prefix:name if need be.")
    return replace(request, options=replace(request.options, to=to))


def _options(form: Form) -> Options:
    """Those of the action. One form serves several actions, so the fields of the others stand beside them."""
    takes = _TAKES.get(form.fields["action"], frozenset())
    numbers = {name: whole(form, name, about) for name, about in _WHOLE_NUMBERS.items() if name in takes}
    if "grace" in takes:
        numbers["grace"] = length(form, "age", "The age")
    if "delay" in takes:
        numbers["delay"] = length(form, "delay", "The delay")
    given: dict[str, Any] = {name: number for name, number in numbers.items() if number is not None}
    given |= {name: True for name in takes & _FLAGS if form.says(name)}
    return Options(**given)
