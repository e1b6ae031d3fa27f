"""Why jobs fail: like failures as one row across all queues, by whether somebody should look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from core.failures.groups import SLOT, Group
from core.failures.marks import Standing
from core.failures.survey import Failures
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.watching import Asked
from dashboard.urls import failure_page
from dashboard.words import count, several

TEMPLATE = "pages/failures.html"
REGIONS = ((TEMPLATE, "groups"), (LAYOUT, "banner"), (LAYOUT, "foot"))
# The page waits no longer for what is still to be read (seconds); it shows what is, and the rest as it comes.
PATIENCE = 0.5
MOST_SHOWN = 200
COLUMNS = ("5 min", "1 h", "6 h", "24 h", "7 d")
SPANS = ("5m", "1h", "6h", "24h", "7d")


@dataclass(frozen=True, slots=True)
class Cell:
    """How many failed in a window and are failed still, with the list of exactly these; and how many have left."""

    number: int
    href: str = ""
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A group as the list shows it."""

    group: Group
    href: str
    cells: tuple[Cell, ...]
    total: Cell

    @property
    def title(self) -> str:
        """What went wrong, as one reads it."""
        how = self.group.fingerprint
        said = how.message or "(no reason given)"
        return said if not how.error or said.startswith(how.error) else f"{how.error}: {said}"

    @property
    def place(self) -> str:
        """The queue, or how many there are."""
        queues = self.group.queues
        return queues[0][0].name if len(queues) == 1 else several(len(queues), "queue")

    @property
    def trend(self) -> str:
        """What the sparkline shows, in words."""
        latest = f"{count(self.group.trend[-1])} of them in the last {SLOT // 60_000} min"
        return f"{several(sum(self.group.trend), 'failure')} in the last 2 hours, {latest}"


async def show(request: Request) -> Response:
    """The page."""
    desk = desk_of(request)
    desk.herd.glance()
    values = _values(desk, frame(desk, request), await look(desk), request.query_params.get("show", ""))
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


async def look(desk: Desk) -> Failures:
    """What is known of all failures, shared by all who ask at this moment."""
    return await desk.shared.get(("failures",), lambda: desk.herd.failures.look(PATIENCE))


def row(desk: Desk, group: Group) -> Row:
    """The group with what each of its numbers opens."""
    href = failure_page(desk.base, group.key)
    cells = tuple(
        Cell(number, listed(href, span), gone)
        for number, gone, span in zip(group.recent, group.gone_recent, SPANS, strict=True)
    )
    return Row(group, href, cells, Cell(group.count, f"{href}#jobs", group.gone))


def listed(href: str, within: str, start: int = 0) -> str:
    """The list of the group's jobs that failed within so long."""
    asked = {key: value for key, value in (("within", within), ("start", start)) if value}
    return f"{href}?{urlencode(asked)}#jobs" if asked else f"{href}#jobs"


def _values(desk: Desk, around: Frame, seen: Failures, wanted: str) -> dict[str, Any]:
    shown = next((standing for standing in Standing if standing == wanted), Standing.OPEN)
    groups = seen.standing(shown)
    return {
        "frame": around,
        "place": "errors",
        "seen": seen,
        "shown": shown,
        "tabs": [(standing, len(seen.standing(standing))) for standing in Standing],
        "columns": COLUMNS,
        "rows": [row(desk, group) for group in groups[:MOST_SHOWN]],
        "more": max(0, len(groups) - MOST_SHOWN),
    }


class WatchAll:
    """The list as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked) -> None:
        self._desk, self._asked = desk, asked

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        at = self._asked.at
        values = _values(self._desk, still(self._desk, at), await look(self._desk), self._asked.params.get("show", ""))
        return [region(self._desk, at, name, values) for name in REGIONS]
