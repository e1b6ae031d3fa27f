"""The button that undoes a removal, on the notice after it and on the page of an operation."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import NotFound, TickbirdError
from core.model import QueueId
from core.operations.operation import OVER, Operation
from core.permission import NEEDED
from core.undo.kept import About
from dashboard.acting import back, refused, said, seen
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.forms import read_form
from dashboard.notices import Notice
from dashboard.urls import RawRoute, queue_page

# What is said of an act, and the jobs that it left alone.
Done = tuple[Notice, tuple[str, ...]]
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def routes(base: str) -> list[Route]:
    """What the button posts to."""
    return [RawRoute(f"{base}/undo/{{removal_id}}", undo, needs=NEEDED["restore"], methods=["POST"], costs=Cost.HEAVY)]


async def undo(request: Request) -> Response:
    """Put back what was removed, and go where it was."""
    desk, id = desk_of(request), request.path_params["removal_id"]
    if not _ID.fullmatch(id):
        raise NotFound("There is no such removal.")
    came = (await read_form(request)).fields.get("from", "")
    about = await desk.herd.undo.find(id)
    if about is None:
        raise NotFound(
            "There is nothing to put back (any more).", "It is kept for half an hour, as far as there is room."
        )
    page = queue_page(desk.base, about.queues[0]) if len(about.queues) == 1 else desk.base
    notice = await said(desk.herd.undo.restore(id))
    await seen(desk, about.queues[0])
    # Nowhere but to a list of the same page: what a form says of an address is not followed further.
    return back(came if came.startswith(f"{page}?") else page, notice, page)


async def undoable(
    desk: Desk, id: QueueId, verb: str, job_ids: tuple[str, ...], act: Callable[[], Awaitable[Done]]
) -> Notice:
    """What the act said; a removal is kept before, and can be undone from its notice, as far as that is possible."""
    if verb != "remove":
        return (await act())[0]
    try:
        removal = await desk.herd.undo.before(id, job_ids)
    except TickbirdError as error:
        return refused(error)
    notice, left = await act()
    await desk.herd.undo.spare(removal, id, left)
    return await _with_button(desk, notice, removal)


async def undo_of(desk: Desk, operation: Operation) -> dict[str, Any]:
    """What the page of an operation shows of it: None where there is nothing to put back, or not yet."""
    about: About | None = None
    if operation.status in OVER:
        with suppress(TickbirdError):  # where it cannot be found now, it could not be undone either
            about = await desk.herd.undo.find(operation.id)
    return {"undo": about, "undo_id": operation.id}


async def _with_button(desk: Desk, notice: Notice, removal: str) -> Notice:
    try:
        about = await desk.herd.undo.find(removal)
    except TickbirdError:
        return notice  # where it cannot be found now, it could not be undone either
    if about is None or about.kept <= len(about.spared):
        return notice
    return replace(notice, undo=removal)
