"""The buttons of bulk work: a form becomes a preview with a page of its own, where it is begun, held and ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request as Asked
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.errors import Invalid, TickbirdError
from core.model import STATES, QueueId, State
from core.operations.operation import Operation
from core.operations.registry import Operations
from core.operations.request import Action, Options, Request
from core.permission import Permission
from core.text import printable
from dashboard.acting import back, refused
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
    "retry": frozenset({"grace", "limit", "reset_attempts"}),
    "promote": frozenset({"limit"}),
    "remove": frozenset({"grace", "limit", "keep"}),
    "clean": frozenset({"grace", "limit", "keep"}),
    "drain": frozenset({"delayed"}),
    "obliterate": frozenset({"force"}),
}


def routes(base: str) -> list[Route]:
    """The list, the page of one, and what their buttons post."""
    one = base + OPERATION
    return [
        RawRoute(f"{base}/operations", show_all, needs=Permission.VIEW),
        RawRoute(f"{base}/operations", preview, needs=Permission.VIEW, methods=["POST"]),
        RawRoute(one, show, needs=Permission.VIEW),
        RawRoute(f"{one}/beginnings", begin, needs=Permission.VIEW, methods=["POST"]),
        RawRoute(
            f"{one}/pauses", _told(lambda operations, id: operations.pause(id)), needs=Permission.VIEW, methods=["POST"]
        ),
        RawRoute(f"{one}/resumptions", _told(_resume), needs=Permission.VIEW, methods=["POST"]),
        RawRoute(
            f"{one}/cancellations",
            _told(lambda operations, id: operations.cancel(id)),
            needs=Permission.VIEW,
            methods=["POST"],
        ),
    ]


async def preview(asked: Asked) -> Response:
    """Count what it would touch, and ask on a page of its own. Nothing is done yet."""
    desk = desk_of(asked)
    form = await read_form(asked, largest=LARGEST, most_fields=MOST_QUEUES + 20)
    queues = _queues(desk, form)
    origin = back_of(desk, queues, form.state)
    try:
        request = replace(_request(form, queues), by=str(asked.scope.get("user") or ""))
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
    return await _tell(desk, operation.id, _resume)


def _resume(operations: Operations, id: str) -> Operation:
    return operations.resume(id)


def _told(act: Callable[[Operations, str], Operation]) -> Callable[[Asked], Any]:
    async def told(asked: Asked) -> Response:
        return await _tell(desk_of(asked), operation_id(asked), act)

    return told


async def _tell(desk: Desk, id: str, act: Callable[[Operations, str], Operation]) -> Response:
    page = operation_page(desk.base, id)
    try:
        await desk.herd.operations.find(id)
        act(desk.herd.operations, id)
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
    )


def _options(form: Form) -> Options:
    """Those of the action. One form serves several actions, so the fields of the others stand beside them."""
    takes = _TAKES.get(form.fields["action"], frozenset())
    age = length(form, "age", "The age") if "grace" in takes else None
    limit = whole(form, "limit", "The limit") if "limit" in takes else None
    keep = whole(form, "keep", "How many to keep") if "keep" in takes else None
    flags = {name: True for name in takes & _FLAGS if form.says(name)}
    return Options(grace=age or 0, limit=limit, keep=keep or 0, **flags)
