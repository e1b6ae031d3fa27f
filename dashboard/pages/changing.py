"""The page with all that can be changed about one job, and the reasons why the rest cannot."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from core.model import State
from dashboard.desk import desk_of
from dashboard.forms import UNITS
from dashboard.pages import asking
from dashboard.pages.frame import answer, frame
from dashboard.urls import job_id, job_page, queue_id, queue_page

TEMPLATE = "pages/changing.html"


async def show(request: Request) -> Response:
    """The page."""
    desk, id = desk_of(request), queue_id(request)
    desk.herd.glance()
    job = await desk.herd.job(id, job_id(request), limit_bytes=asking.NAMED)
    values = {
        "frame": frame(desk, request),
        "place": "changing",
        "job": job,
        "row": job.row,
        "href": job_page(desk.base, id, job.row.id),
        "queue_href": queue_page(desk.base, id),
        "permits": {permit.verb: permit for permit in desk.herd.job_permits(id, job)},
        "units": tuple(UNITS),
        "active": job.row.state is State.ACTIVE,
    }
    return answer(desk, request, TEMPLATE, values)
