"""What people see instead of a page: the sentence of a refusal, and where to go on."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.access.asker import asking
from core.errors import Invalid, NotFound, TickbirdError, Unavailable
from dashboard.denials import note
from dashboard.desk import Desk, desk_of
from dashboard.gate import NOBODY
from dashboard.headers import sealing
from dashboard.pages.frame import answer, frame
from dashboard.refusals import TITLES, problem, status_of, when_again
from dashboard.urls import queue_id, queue_page, sent_path

TEMPLATE = "pages/error.html"
# Seconds until the page of what is away is asked for anew.
AGAIN = "5"


async def refused(request: Request, error: Exception) -> Response:
    """A refusal of ours as a page where a browser asks, else as a problem document."""
    found = error if isinstance(error, TickbirdError) else TickbirdError("Tickbird ran into a fault of its own.")
    note(found)
    return _answer(request, found, status_of(found))


async def unknown(request: Request, error: Exception) -> Response:
    """No such page, or a method that is not for it."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        found: TickbirdError = Invalid(f"{request.method} is not done at this address.")
    else:
        found = NotFound("There is no page at this address.", "Queues and jobs are found from the list of queues.")
    return _answer(request, found, int(status))


async def broken(request: Request, _error: Exception) -> Response:
    """A fault of ours. It is logged by whoever called us; here it only says that it is one."""
    found = TickbirdError(
        "Tickbird ran into a fault of its own.", "Its log says more. Reading the page again may help."
    )
    # Faults are answered outside of all other middleware, so who asks is not known here, and sees what nobody may not.
    with asking(NOBODY):
        response = _answer(request, found, status_of(found))
    # The one that adds these headers is among them.
    response.headers.update({**sealing(), "cache-control": "no-store"})
    return response


def _answer(request: Request, error: TickbirdError, status: int) -> Response:
    desk = desk_of(request)
    path = sent_path(request.scope)
    if path.startswith(f"{desk.base}/api/") or "text/html" not in request.headers.get("accept", ""):
        return problem(error, status)
    values = {
        "frame": frame(desk, request),
        "place": "error",
        "title": TITLES[error.code],
        "error": error,
        "queue": _queue(desk, request),
    }
    response = answer(desk, request, TEMPLATE, values, status)
    response.headers.update(when_again(error))
    if isinstance(error, Unavailable) and request.method == "GET":
        # It has no stream of its own, and says that it recovers: the browser asks again, with scripts and without.
        response.headers["refresh"] = AGAIN
    return response


def _queue(desk: Desk, request: Request) -> tuple[str, str] | None:
    """The queue that the address is about, if it is there: its name and its page."""
    if not {"instance", "prefix", "name"} <= request.path_params.keys():
        return None
    try:
        id = desk.herd.queue(queue_id(request)).id
    except TickbirdError:
        return None
    return id.name, queue_page(desk.base, id)
