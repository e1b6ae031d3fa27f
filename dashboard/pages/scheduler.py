"""One scheduler: when it ran and will run, what its jobs are made from, and what can be done to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.job import Payload
from core.model import QueueId
from core.schedulers.scheduler import Scheduler
from core.schedulers.zones import zone
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.json_text import Token, laid_out
from dashboard.outcomes import strip
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.job_matter import Shown
from dashboard.pages.queue_list import place
from dashboard.pages.watching import Asked
from dashboard.scheduler_urls import scheduler_href, scheduler_key, scheduler_page, schedulers_page
from dashboard.urls import job_page, queue_id, queue_page

TEMPLATE = "pages/scheduler.html"
REGIONS = ((TEMPLATE, "head"), (TEMPLATE, "runs"), (LAYOUT, "banner"), (LAYOUT, "foot"))


async def show(request: Request) -> Response:
    """The page."""
    desk, id, key = desk_of(request), queue_id(request), scheduler_key(request)
    desk.herd.glance()
    values = _values(desk, frame(desk, request), await desk.herd.schedulers.one(id, key))
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


def _values(desk: Desk, around: Frame, scheduler: Scheduler) -> dict[str, Any]:
    head = scheduler.row.head
    queue = desk.herd.queue(head.queue)
    payloads = (("Data", "data", scheduler.data), ("Options", "opts", scheduler.options))
    return {
        "frame": around,
        "place": "scheduler",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, queue.id),
        "list": schedulers_page(desk.base, queue.id),
        "here": scheduler_page(desk.base, queue.id, head.key),
        "api": scheduler_href(desk.base, queue.id, head.key),
        "scheduler": scheduler,
        "row": scheduler.row,
        "head": head,
        "timing": head.timing,
        "instants": [(at, in_zone(at, head.timing.tz)) for at in scheduler.upcoming.instants],
        "runs": [(run, job_page(desk.base, queue.id, run.job_id) if run.job_id else "") for run in scheduler.row.runs],
        "strip": strip(scheduler.row.runs),
        "next_job": job_page(desk.base, queue.id, head.iteration),
        "payloads": [_shown(title, id, payload) for title, id, payload in payloads if payload is not None],
        "permits": {permit.verb: permit for permit in desk.herd.permits(queue.id)},
    }


def in_zone(at: int, tz: str | None) -> str:
    """An instant as the scheduler's own clocks show it."""
    found = zone(tz or "UTC")
    return "" if found is None else f"{datetime.fromtimestamp(at / 1000, found):%a %d %b %Y %H:%M:%S %Z}"


def _shown(title: str, id: str, payload: Payload) -> Shown:
    looks_like_json = payload.is_json or payload.cut
    stretches = laid_out(payload.text) if looks_like_json else [Token("plain", payload.text)]
    return Shown(title, id, stretches, payload.size, payload.cut)


class Watch:
    """The page as one tab keeps looking at it; the template stays as it was."""

    def __init__(self, desk: Desk, asked: Asked, id: QueueId, key: str) -> None:
        self._desk, self._at, self._id, self._key = desk, asked.at, id, key

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        around = still(self._desk, self._at)
        values = _values(self._desk, around, await self._desk.herd.schedulers.one(self._id, self._key))
        return [region(self._desk, self._at, name, values) for name in REGIONS]
