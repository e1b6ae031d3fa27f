"""The overview: every queue as one row that says how it stands, why, and how it moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.model import Queue, State
from core.snapshot import Reading
from dashboard.board import Piece, digest, digest_of_all
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, still
from dashboard.pages.queue_list import BY_NAME, COLUMNS, SHOWS, TITLES, Choice, choice_of, matching, place
from dashboard.pages.tab import Tab
from dashboard.urls import queue_page

TEMPLATE = "pages/overview.html"
REMEMBERED = "tickbird_sort"
A_YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Row:
    """A queue as its row shows it. `stale`: its Redis is away; `gone`: it is no longer there."""

    id: str
    href: str
    queue: Queue
    place: str
    read_only: bool
    stale: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the queues that are shown; rates are None while none is known."""

    queues: int
    backlog: int
    states: Mapping[State, int]
    arriving: float | None
    leaving: float | None


async def show(request: Request) -> Response:
    """The page."""
    desk = desk_of(request)
    desk.herd.glance()
    choice = choice_of(request.query_params, request.cookies.get(REMEMBERED, ""))
    values = _values(desk, frame(desk, request), choice)
    response = answer(desk, request, TEMPLATE, values)
    if request.query_params.get("sort") in BY_NAME:
        order = f"{choice.sort}.{'desc' if choice.down else 'asc'}"
        response.set_cookie(REMEMBERED, order, max_age=A_YEAR, path=desk.base, httponly=True, samesite="lax")
    return response


def _values(desk: Desk, around: Frame, choice: Choice) -> dict[str, Any]:
    queues = matching(around.snapshot.queues, choice)
    pieces = [row_piece(desk, around, queue) for queue in queues]
    return {
        "frame": around.streaming(digest_of_all([piece.id for piece in pieces]), desk.board.mark),
        "choice": choice,
        "columns": COLUMNS,
        "tabs": _tabs(around, choice),
        "rows": pieces,
        "totals": totals(queues),
        "reading_first": any(r.taken_at is None and r.down_since is None for r in around.readings),
    }


def _tabs(around: Frame, choice: Choice) -> list[dict[str, Any]]:
    queues = around.snapshot.queues
    return [
        {"name": name, "title": TITLES[name], "count": sum(map(SHOWS[name], queues)), "href": choice.changed(show=name)}
        for name in SHOWS
    ]


def row_piece(desk: Desk, around: Frame, queue: Queue) -> Piece:
    """The queue's row, rendered when somebody needs it and kept while nothing in it changes."""
    stale = any(reading.instance == queue.id.instance for reading in around.away)
    row = Row(_row_id(queue), queue_page(desk.base, queue.id), queue, place(queue), around.read_only, stale)
    return _piece(desk, row, around.now)


def _piece(desk: Desk, row: Row, now: int) -> Piece:
    ui = desk.rendering.ui
    return desk.board.row(("queue", row.queue.id), row.id, row, lambda: ui.queue_row(row, now))


def _row_id(queue: Queue) -> str:
    return "q" + digest(queue.id.instance, queue.id.prefix, queue.id.name)


def totals(queues: list[Queue]) -> Totals:
    """The sums of these queues."""
    states = {state: sum(queue.counts.get(state, 0) for queue in queues) for state in State}
    arriving = [q.traffic.in_per_minute for q in queues if q.traffic.in_per_minute is not None]
    leaving = [q.traffic.out_per_minute for q in queues if q.traffic.out_per_minute is not None]
    return Totals(
        len(queues),
        sum(queue.backlog for queue in queues),
        states,
        sum(arriving) if arriving else None,
        sum(leaving) if leaving else None,
    )


def troubled(reading: Reading) -> bool:
    """Whether a line about this Redis has something that a person should see."""
    return reading.down_since is not None or bool(reading.refusals)
