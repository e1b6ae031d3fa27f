"""The page with all that can be changed about one job, and the reasons why the rest cannot."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from core.job import Job
from core.model import QueueId, State
from core.mutations.moving import ticket_of
from core.text import raw_bytes
from dashboard.desk import Desk, desk_of
from dashboard.forms import UNITS
from dashboard.pages import adding, asking
from dashboard.pages.frame import answer, frame
from dashboard.urls import job_id, job_page, queue_id, queue_page

TEMPLATE = "pages/changing.html"
_TO_RUN = (State.WAITING, State.PAUSED, State.PRIORITIZED, State.DELAYED, State.WAITING_CHILDREN)
# So many queues are suggested.
MOST_NAMED = 200
# In which states a person would look for it at all; where it cannot be done then, its form says why.
_SENSE = {
    "change_priority": _TO_RUN,
    "change_delay": (State.DELAYED,),
    "retry": (State.FAILED, State.COMPLETED),
    "requeue": (State.ACTIVE,),
    "fail": (State.ACTIVE,),
}


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
        "permits": {
            permit.verb: permit
            for permit in desk.herd.job_permits(id, job)
            if job.row.state in _SENSE.get(permit.verb, (job.row.state,))
        },
        "going": _going(job),
        "others": others(desk, id),
        "copy": adding.copy_href(desk, id, job.row.id),
        "units": tuple(UNITS),
        "active": job.row.state is State.ACTIVE,
    }
    return answer(desk, request, TEMPLATE, values)


def _going(job: Job) -> str:
    """Where it was begun to be moved, as a person writes it; "" for a job that is not on its way."""
    field = job.fields.get("movingTo")
    ticket = ticket_of(raw_bytes(field.text)) if field else None
    return f"{ticket.prefix}:{ticket.name}" if ticket else ""


def others(desk: Desk, id: QueueId) -> list[str]:
    """The first of the queues that it could go to: any other can be written."""
    ids = (queue.id for queue in desk.herd.snapshot().queues)
    beside = (other for other in ids if other.instance == id.instance and other != id)
    return [other.name if other.prefix == id.prefix else f"{other.prefix}:{other.name}" for other in beside][
        :MOST_NAMED
    ]
