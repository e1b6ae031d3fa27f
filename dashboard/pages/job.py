"""A job's page: how it stands and came there, what it carries, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.access.asker import asker
from core.errors import TickbirdError
from core.job import Job, Logs
from core.model import Queue, QueueId, State
from core.permission import Permission
from core.workers.crew import Pulse
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.numbers import number
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.job_matter import SHOWN_ABOVE, matter
from dashboard.pages.job_row import words
from dashboard.pages.queue_list import place
from dashboard.pages.watching import Asked
from dashboard.timeline import attempt, timeline
from dashboard.urls import job_id, job_page, queue_id, queue_page

TEMPLATE = "pages/job.html"
REGIONS = ((TEMPLATE, "head"), (TEMPLATE, "logs"), (TEMPLATE, "trouble"), (LAYOUT, "banner"), (LAYOUT, "foot"))
# More of a field than this is not read on a page; the link beside it has the whole.
SHOWN_BYTES = 32 * 1024
MOST_LINES = 200
# No log has more lines.
LAST_LINE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look found: the job, some of its log lines, and where they begin."""

    queue: Queue
    job: Job
    logs: Logs
    pulse: Pulse | None = None


async def show(request: Request) -> Response:
    """The page."""
    desk, id = desk_of(request), queue_id(request)
    desk.herd.glance()
    reading = await _read(desk, id, job_id(request), start_of(request.query_params.get("logs", "")))
    values = values_of(desk, frame(desk, request), reading)
    values |= _carried(desk, reading.job)
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


def start_of(asked: str) -> int:
    """The first log line that the URL asks for; else the last page of them."""
    return number(asked, most=LAST_LINE, otherwise=-MOST_LINES)


async def _read(desk: Desk, id: QueueId, job_id: str, start: int) -> Reading:
    queue = desk.herd.queue(id)
    job = await desk.herd.job(id, job_id, limit_bytes=SHOWN_BYTES)
    none = Logs((), 0, 0)
    logs = await desk.herd.logs(id, job_id, start=start, limit=MOST_LINES) if job.logs else none
    return Reading(queue, job, logs, await _pulse(desk, job))


async def _pulse(desk: Desk, job: Job) -> Pulse | None:
    """How its worker is, while it is active; without it, where that cannot be told now."""
    if job.row.state is not State.ACTIVE:
        return None
    try:
        return await desk.herd.workers.pulse(job.queue, job.row.id)
    except TickbirdError:
        return None


def values_of(desk: Desk, around: Frame, reading: Reading) -> dict[str, Any]:
    """What the page's template shows of that look, but for what `matter` and `beside` carry."""
    queue, job = reading.queue, reading.job
    page = job_page(desk.base, queue.id, job.row.id)
    return {
        "frame": around,
        "place": "job",
        "queue": queue,
        "where": place(queue),
        "queue_href": queue_page(desk.base, queue.id),
        "href": page,
        "job": job,
        "row": job.row,
        "attempt": attempt(job.row),
        "percent": job.row.percent,
        "doing": words(job.row.progress),
        "permits": desk.herd.job_permits(queue.id, job),
        "timeline": timeline(job),
        "logs": reading.logs,
        "pulse": reading.pulse,
        "most_lines": MOST_LINES,
        "trouble": None,
        "redacted": _redacted(reading),
        "may_reveal": Permission.REVEAL in asker().may,
        "revealed": False,
    }


def _redacted(reading: Reading) -> bool:
    """Whether something of it is there that is not shown."""
    return reading.logs.redacted or any(payload.redacted for payload in reading.job.fields.values())


def _carried(desk: Desk, job: Job) -> dict[str, Piece]:
    """What the job carries, in two parts: rendered anew only when something in it changed, for it may be long."""
    ui, key = desk.rendering.ui, (job.queue, job.row.id)
    main = (job.data, job.returnvalue, job.failed_reason, job.stacktrace, job.row.state)
    rest = {name: payload for name, payload in job.fields.items() if name not in SHOWN_ABOVE}
    beside = (job.opts, job.ineffective, job.parent, job.children, rest)
    return {
        "matter": desk.board.part(("matter", *key), "matter", main, lambda: ui.job_matter(matter(desk.base, job))),
        "beside": desk.board.part(("beside", *key), "beside", beside, lambda: ui.job_beside(matter(desk.base, job))),
    }


class Watch:
    """The page as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked, id: QueueId, *, job_id: str) -> None:
        self._desk, self._asked, self._id, self._job_id = desk, asked, id, job_id

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now; a job that is gone leaves its page standing, and a word."""
        try:
            return await self._desk.shared.get(("job page", self._asked.at), self._look)
        except TickbirdError as error:
            values = {"frame": still(self._desk, self._asked.at), "place": "job", "trouble": error}
            names = ((TEMPLATE, "trouble"), (LAYOUT, "banner"), (LAYOUT, "foot"))
            return [region(self._desk, self._asked.at, name, values) for name in names]

    async def _look(self) -> list[Piece]:
        start = start_of(self._asked.params.get("logs", ""))
        reading = await _read(self._desk, self._id, self._job_id, start)
        values = values_of(self._desk, still(self._desk, self._asked.at), reading)
        pieces = [region(self._desk, self._asked.at, name, values) for name in REGIONS]
        return [*pieces, *_carried(self._desk, reading.job).values()]
