"""The page on which a person adds a job to a queue."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from core.errors import TickbirdError
from core.model import Queue
from core.mutations.permits import check
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.urls import queue_id, queue_page

TEMPLATE = "pages/adding.html"
# The options that have fields of their own; all others go into the one for options.
NUMBERS = {"delay": "The delay", "priority": "The priority", "attempts": "The number of attempts"}
FLAGS = ("lifo", "removeOnComplete", "removeOnFail")


def why_not(queue: Queue) -> str:
    """Why nothing can be added to this queue here; empty where something can."""
    try:
        check(queue, "add")
    except TickbirdError as error:
        return error.message
    return ""


async def show(request: Request) -> Response:
    """The page, empty."""
    return page(desk_of(request), request, {})


def page(desk: Desk, request: Request, said: Mapping[str, str], trouble: TickbirdError | None = None) -> Response:
    """The page with what was said so far, and why it was not taken."""
    id = queue_id(request)
    queue = desk.herd.queue(id)
    values = {
        "frame": frame(desk, request),
        "place": "adding",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, id),
        "why_not": why_not(queue),
        "said": {name: said.get(name, "") for name in ("name", "data", "options", "jobId", *NUMBERS, *FLAGS)},
        "trouble": trouble,
    }
    return answer(desk, request, TEMPLATE, values, 400 if trouble else 200)
