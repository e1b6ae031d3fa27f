"""Schedulers of all queues, or of one: those in trouble first, then by their next run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from core.model import QueueId
from core.schedulers.scheduler import Page, Row
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.outcomes import Strip, strip
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.queue_list import place
from dashboard.pages.watching import Asked
from dashboard.scheduler_urls import scheduler_page, schedulers_page
from dashboard.urls import job_page, queue_id, queue_page

TEMPLATE = "pages/schedulers.html"
REGIONS = ((TEMPLATE, "schedulers"), (LAYOUT, "banner"), (LAYOUT, "foot"))
LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Line:
    """A scheduler as the list shows it. `last` is where the job of its last run is."""

    row: Row
    href: str
    queue_href: str
    strip: Strip
    last: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of them the URL asks for."""

    words: str = ""
    cursor: str | None = None
    queue: QueueId | None = None


async def show_all(request: Request) -> Response:
    """Those of all queues."""
    return await _answer(request, _choice(request, None))


async def show_of_queue(request: Request) -> Response:
    """Those of one queue."""
    return await _answer(request, _choice(request, queue_id(request)))


def _choice(request: Request, queue: QueueId | None) -> Choice:
    params = request.query_params
    return Choice(params.get("q", "")[:LONGEST_WORDS], params.get("cursor") or None, queue)


async def _answer(request: Request, choice: Choice) -> Response:
    desk = desk_of(request)
    desk.herd.glance()
    values = await _values(desk, frame(desk, request), choice)
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


async def _values(desk: Desk, around: Frame, choice: Choice) -> dict[str, Any]:
    found = await desk.herd.schedulers.page(queue=choice.queue, words=choice.words, cursor=choice.cursor)
    queue = None if choice.queue is None else desk.herd.queue(choice.queue)
    here = f"{desk.base}/schedulers" if queue is None else schedulers_page(desk.base, queue.id)
    permits = {} if queue is None else {permit.verb: permit for permit in desk.herd.permits(queue.id)}
    return {
        "frame": around,
        "place": "schedulers",
        "queue": queue,
        "where": "" if queue is None else place(queue),
        "href": "" if queue is None else queue_page(desk.base, queue.id),
        "here": here,
        "words": choice.words,
        "page": found,
        "first": choice.cursor is None,
        "lines": [_line(desk, row) for row in found.rows],
        "more": _more(here, choice, found),
        "permit": permits.get("upsert_scheduler"),
    }


def _line(desk: Desk, row: Row) -> Line:
    head, last = row.head, row.last
    return Line(
        row,
        scheduler_page(desk.base, head.queue, head.key),
        queue_page(desk.base, head.queue),
        strip(row.runs),
        job_page(desk.base, head.queue, last.job_id) if last else "",
    )


def _more(here: str, choice: Choice, found: Page) -> str:
    if found.next is None:
        return ""
    said = {"q": choice.words} if choice.words else {}
    return f"{here}?{urlencode({**said, 'cursor': found.next})}"


class Watch:
    """The list as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked, queue: QueueId | None = None) -> None:
        self._desk, self._at = desk, asked.at
        cursor = asked.params.get("cursor") or None
        self._choice = Choice(asked.params.get("q", "")[:LONGEST_WORDS], cursor, queue)

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        values = await _values(self._desk, still(self._desk, self._at), self._choice)
        return [region(self._desk, self._at, name, values) for name in REGIONS]
