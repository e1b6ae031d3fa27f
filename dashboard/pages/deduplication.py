"""The deduplication ids of a queue: which jobs hold them, for how long, and their release."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from core.deduplication.held import Deduplication, Held
from core.errors import TickbirdError
from core.job import Covered
from core.model import QueueId
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.urls import job_page, queue_id, queue_page

TEMPLATE = "pages/deduplication.html"
MOST = 500


@dataclass(frozen=True, slots=True)
class Row:
    """An id, and the page of the job that holds it."""

    held: Held
    href: str


async def show(request: Request) -> Response:
    """The page; with `id` only that one, whether or not any job was found that tells of it."""
    desk, id = desk_of(request), queue_id(request)
    desk.herd.glance()
    queue, sought = desk.herd.queue(id), request.query_params.get("id", "")
    found, trouble = Deduplication((), Covered(0, 0)), None
    try:
        found = await _one(desk, id, sought) if sought else await desk.herd.deduplication.of(id)
    except TickbirdError as error:
        trouble = error
    values = {
        "frame": frame(desk, request),
        "place": "deduplication",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, id),
        "sought": sought,
        "found": found,
        "rows": [Row(held, job_page(desk.base, id, held.job_id)) for held in found.held[:MOST]],
        "more": max(0, len(found.held) - MOST),
        "permits": {permit.verb: permit for permit in desk.herd.permits(id)},
        "trouble": trouble,
    }
    return answer(desk, request, TEMPLATE, values)


async def _one(desk: Desk, id: QueueId, sought: str) -> Deduplication:
    held = await desk.herd.deduplication.held(id, sought)
    return Deduplication((held,) if held else (), Covered(0, 0))
