"""Search across queues and states: results as they are found, how far it is, and what it needs to be held or go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from core.errors import NotFound, TickbirdError
from core.query.fields import FIELDS
from core.query.words import MOST_CHARACTERS
from core.search.run import MOST_HELD
from core.search.search import OVER, Hit, Search, Status, Wish
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.numbers import number
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.job_row import LONGEST_PART
from dashboard.pages.watching import Asked
from dashboard.urls import encode_part, job_page, queue_page, search_href, search_page
from dashboard.views_box import chips_of
from dashboard.words import count, several, span

TEMPLATE = "pages/search.html"
REGIONS = ((TEMPLATE, "standing"), (TEMPLATE, "found"), (LAYOUT, "banner"), (LAYOUT, "foot"))
# What is found within so many seconds is on the page at once.
PATIENCE = 0.3
# Rows on one page of what was found.
SHOWN = 100
EXAMPLES = (
    ("ECONNRESET", "in the id, the name, the data or the reason"),
    ("state:failed name:send-* age:<1h", "all three must hold"),
    ("data.user.id:42 OR data.userId:42", "either"),
    ('reason:"socket hang up" -name:newsletter', "this, and not that"),
    ("queue:billing* state:delayed due:>now", "only there"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A job that was found."""

    hit: Hit
    id: str
    href: str
    queue_href: str

    @property
    def when(self) -> int | None:
        """The instant that tells most: when it finished, began to run, or was added."""
        job = self.hit.row
        return job.finished_on or job.processed_on or job.timestamp


async def show(request: Request) -> Response:
    """The page; with words it begins to search, or shows what a search for the same has found by now."""
    desk, params = desk_of(request), request.query_params
    desk.herd.glance()
    said = params.get("q", "").strip()[: MOST_CHARACTERS + 1]
    around, seen, trouble = frame(desk, request), None, None
    try:
        seen = await desk.herd.searches.settled(_seen(desk, params, said).id, PATIENCE) if said else None
    except TickbirdError as error:
        trouble = error
    values = _values(desk, around, said, seen, params)
    values["trouble"] = trouble
    values["frame"] = around.streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


def _seen(desk: Desk, params: QueryParams, said: str) -> Search:
    """The search that the address names while it is there; else one for its words."""
    try:
        found = desk.herd.searches.get(params.get("search", ""))
        return found if found.wish.said == said else desk.herd.searches.same(Wish(said))
    except NotFound:
        return desk.herd.searches.same(Wish(said))


def _values(desk: Desk, around: Frame, said: str, seen: Search | None, params: QueryParams) -> dict[str, Any]:
    first = _first(params)
    hits = seen.hits[first : first + SHOWN] if seen else ()
    return {
        "frame": around,
        "place": "search",
        "said": said,
        "parts": chips_of(said, lambda q: search_page(desk.base, q)),
        "words": f"{desk.base}/api/vocabulary",
        "search": seen,
        "trouble": None,
        "fields": FIELDS,
        "examples": EXAMPLES,
        "far": far(seen) if seen else "",
        "percent": _percent(seen) if seen else 0.0,
        "can": _buttons(seen) if seen else (),
        "action": f"{desk.base}/searches/{seen.id}" if seen else "",
        "api": search_href(desk.base, seen.id) if seen else "",
        "rows": [_row(desk, first + at, hit) for at, hit in enumerate(hits)],
        "first": first,
        "most": MOST_HELD,
        "before": _page(desk, seen, first - SHOWN) if seen and first else "",
        "behind": _page(desk, seen, first + SHOWN) if seen and len(seen.hits) > first + SHOWN else "",
    }


def _percent(seen: Search) -> float:
    return 100 * seen.looked_at / seen.total if seen.total else 100.0 * (not seen.is_live)


def _first(params: QueryParams) -> int:
    said = params.get("from", "")
    return number(said, most=MOST_HELD) // SHOWN * SHOWN


def _page(desk: Desk, seen: Search, first: int) -> str:
    return search_page(desk.base, seen.wish.said, seen.id) + (f"&{urlencode({'from': first})}" if first > 0 else "")


def far(seen: Search) -> str:
    """Searched 120,000 of 1,000,000 jobs · 312 found · 4 s left."""
    parts = [f"Searched {count(seen.looked_at)} of {several(seen.total, 'job')}", f"{count(len(seen.hits))} found"]
    if seen.status is Status.RUNNING and seen.seconds_left is not None and seen.seconds_left >= 1:
        parts.append(f"{span(int(1000 * seen.seconds_left))} left")
    return " · ".join(parts)


def _buttons(seen: Search) -> tuple[tuple[str, str], ...]:
    """What can be done with it now: the last part of an address, and a word."""
    if seen.status is Status.FULL:
        return (("continuations", "Search older"),)
    if seen.status in OVER:
        return ()
    if seen.is_live:
        return (("pauses", "Pause"), ("cancellations", "Cancel"))
    return (("resumptions", "Go on"), ("cancellations", "Cancel"))


def _row(desk: Desk, place: int, hit: Hit) -> Piece:
    has_page = len(encode_part(hit.row.id)) <= LONGEST_PART
    href = job_page(desk.base, hit.queue, hit.row.id) if has_page else ""
    row = Row(hit, f"f{place}", href, queue_page(desk.base, hit.queue))
    return desk.board.row(("found", hit.queue, hit.row.id), row.id, row, lambda: desk.rendering.ui.found_row(row))


class Watch:
    """The page as one tab keeps looking at it: while it does, the search goes on."""

    def __init__(self, desk: Desk, asked: Asked) -> None:
        self._desk, self._asked = desk, asked
        self._said = asked.params.get("q", "").strip()[: MOST_CHARACTERS + 1]

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now; without words, or a search for them, only what is around it."""
        seen = self._search()
        around = still(self._desk, self._asked.at)
        values = _values(self._desk, around, self._said, seen, self._asked.params)
        names = REGIONS if seen else REGIONS[2:]
        return [region(self._desk, self._asked.at, name, values) for name in names]

    def _search(self) -> Search | None:
        try:
            return _seen(self._desk, self._asked.params, self._said) if self._said else None
        except TickbirdError:
            return None
