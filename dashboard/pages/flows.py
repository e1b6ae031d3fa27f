"""Flows in flight: the parents that wait for children, over all queues, those that wait longest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from core.flows.flow import Cause, FlightPage, InFlight
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.pages.flow_branch import page_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.watching import Asked
from dashboard.urls import queue_page

TEMPLATE = "pages/flows.html"
REGIONS = ((TEMPLATE, "flights"), (LAYOUT, "banner"), (LAYOUT, "foot"))
LIMIT = 50
# Those that go on by themselves as far as anybody can tell.
_CALM = (None, Cause.RUNNING, Cause.WAITING, Cause.DELAYED)


@dataclass(frozen=True, slots=True)
class Row:
    """A flow as the list shows it: `href` is its tree."""

    flight: InFlight
    href: str
    queue_href: str

    @property
    def calm(self) -> bool:
        """Whether nothing is wrong with it, as far as was looked."""
        return self.flight.worst in _CALM

    @property
    def done(self) -> int:
        """How many of its children are done with."""
        return self.flight.children.total - self.flight.children.pending - self.flight.children.unsuccessful

    @property
    def surely(self) -> bool:
        """Whether all its unfinished children were looked at."""
        return self.flight.looked_at >= self.flight.children.pending + self.flight.children.unsuccessful


async def show(request: Request) -> Response:
    """The page."""
    desk = desk_of(request)
    await desk.herd.look()
    values = _values(desk, frame(desk, request), await _read(desk, request.query_params), request.query_params)
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


async def _read(desk: Desk, params: QueryParams) -> FlightPage:
    every = params.get("parts") == "yes"
    return await desk.herd.flows.in_flight(limit=LIMIT, cursor=params.get("cursor") or None, all_parents=every)


def _values(desk: Desk, around: Frame, page: FlightPage, params: QueryParams) -> dict[str, Any]:
    every = {"parts": "yes"} if params.get("parts") == "yes" else {}
    rows = [(flight, page_of(desk.base, flight.queue, flight.row.id)) for flight in page.flights]
    return {
        "frame": around,
        "place": "flows",
        "page": page,
        "rows": [Row(f, href and f"{href}/flow", queue_page(desk.base, f.queue)) for f, href in rows],
        "every": bool(every),
        "paged": bool(params.get("cursor")),
        "first_href": f"{desk.base}/flows" + (f"?{urlencode(every)}" if every else ""),
        "next_href": f"{desk.base}/flows?{urlencode({**every, 'cursor': page.next})}" if page.next else "",
        "other_href": f"{desk.base}/flows" + ("" if every else "?parts=yes"),
    }


class WatchAll:
    """The list as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked) -> None:
        self._desk, self._asked = desk, asked

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        return await self._desk.shared.get(("flows page", self._asked.at), self._look)

    async def _look(self) -> list[Piece]:
        page = await _read(self._desk, self._asked.params)
        values = _values(self._desk, still(self._desk, self._asked.at), page, self._asked.params)
        return [region(self._desk, self._asked.at, name, values) for name in REGIONS]
