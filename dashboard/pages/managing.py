"""The page with all that can be done to a queue as a whole: bulk work, limits, and how its library was told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from core.model import BACKLOG, State
from dashboard.desk import desk_of
from dashboard.forms import UNITS
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.urls import queue_id, queue_page

TEMPLATE = "pages/managing.html"


async def show(request: Request) -> Response:
    """The page."""
    desk, id = desk_of(request), queue_id(request)
    desk.herd.glance()
    queue = desk.herd.queue(id)
    values = {
        "frame": frame(desk, request),
        "place": "managing",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, id),
        "permits": {permit.verb: permit for permit in desk.herd.permits(id)},
        "units": tuple(UNITS),
        "cleaned": [state for state in queue.counts if state not in (State.ACTIVE, State.UNKNOWN)],
        "ready": sum(queue.counts.get(state, 0) for state in BACKLOG),
    }
    return answer(desk, request, TEMPLATE, values)
