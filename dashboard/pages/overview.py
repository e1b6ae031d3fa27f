"""The overview: every queue as one row that says how it stands, why, and how it moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.access.asker import asker
from core.model import BACKLOG, Dialect, Health, Identity, Queue, QueueId, State
from dashboard.board import EMPTY, Piece, digest, digest_of_all
from dashboard.desk import Desk, desk_of
from dashboard.forms import UNITS
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.queue_list import (
    BY_NAME,
    COLUMNS,
    SHOWS,
    TITLES,
    Choice,
    choice_of,
    matching,
    part_of,
    place,
)
from dashboard.pages.watching import Asked, News
from dashboard.urls import queue_page

TEMPLATE = "pages/overview.html"
REGIONS = ((LAYOUT, "banner"), (TEMPLATE, "tabs"), (TEMPLATE, "totals"), (TEMPLATE, "redis"), (LAYOUT, "foot"))
# What is cleaned most, first; a queue that has no such state is told so in the preview.
CLEANED = (State.COMPLETED, State.FAILED, State.DELAYED, State.WAITING, State.PRIORITIZED)
REMEMBERED = "tickbird_sort"
A_YEAR = 365 * 86_400
# Servers and proxies refuse longer addresses: a queue with such a name is shown, but has no page.
LONGEST_ADDRESS = 2048


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

    @property
    def health(self) -> Health:
        """The queue's own, unless nobody can tell any more."""
        return Health.STALE if self.stale or self.gone else self.queue.verdict.health

    @property
    def backlog_href(self) -> str:
        """The list with the most of what is ready to run."""
        most = max(BACKLOG, key=lambda state: self.queue.counts.get(state, 0))
        return self.list_of(most)

    def list_of(self, state: str) -> str:
        """Where the jobs of that state are listed; nowhere for a queue without a page."""
        return f"{self.href}?state={state}" if self.href else ""

    @property
    def acts(self) -> bool:
        """Whether it can be paused or resumed from its row."""
        return bool(self.href) and not (self.read_only or self.stale or self.gone)


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
    around = frame(desk, request)
    values = _values(desk, around, choice)
    rows = digest_of_all([piece.id for piece in values["rows"]])
    values["frame"] = around.streaming(rows, desk.board.mark)
    response = answer(desk, request, TEMPLATE, values)
    if request.query_params.get("sort") in BY_NAME:
        order = f"{choice.sort}.{choice.direction}"
        response.set_cookie(REMEMBERED, order, max_age=A_YEAR, path=desk.base, httponly=True, samesite="lax")
    return response


def _values(desk: Desk, around: Frame, choice: Choice) -> dict[str, Any]:
    found = matching(around.snapshot.queues, choice)
    queues, part = part_of(found, choice)
    return {
        "frame": around,
        "place": "queues",
        "choice": choice,
        "columns": COLUMNS,
        "tabs": _tabs(around, choice),
        "found": found,
        "queues": queues,
        "part": part,
        "rows": [_piece(desk, around, queue) for queue in queues],
        "totals": totals(found),
        "news": News("queue"),
        "units": tuple(UNITS),
        "cleaned": CLEANED,
        "prefixes": _prefixes(desk),
        "reading_first": any(r.taken_at is None and r.down_since is None for r in around.readings),
    }


def _prefixes(desk: Desk) -> list[str]:
    """Those that are searched in the instances which are there for who asks."""
    seen = [redis for redis in desk.settings.redis if asker().scope.has_instance(redis.name)]
    return sorted({prefix for redis in seen for prefix in redis.prefixes})


def _tabs(around: Frame, choice: Choice) -> list[dict[str, Any]]:
    queues = around.snapshot.queues
    return [
        {
            "name": name,
            "title": TITLES[name],
            "count": sum(map(SHOWS[name], queues)),
            "href": choice.changed(show=name, first=0),
        }
        for name in SHOWS
    ]


def _piece(desk: Desk, around: Frame, queue: Queue, *, gone: bool = False) -> Piece:
    """The queue's row, rendered when somebody needs it and kept while nothing in it changes."""
    stale = any(reading.instance == queue.id.instance for reading in around.away)
    href = queue_page(desk.base, queue.id)
    href = href if len(href) <= LONGEST_ADDRESS else ""
    row = Row(row_id(queue.id), href, queue, place(queue), around.read_only, stale, gone)
    return desk.board.row(_key(queue.id), row.id, row, lambda: desk.rendering.ui.queue_row(row))


def row_id(id: QueueId) -> str:
    """The id of the queue's row in the page."""
    return "q" + digest(id.instance, id.prefix, id.name)


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


def _still_searching(around: Frame) -> bool:
    """Whether the first search for queues is still going on: until it is over, rows come by themselves."""
    return any(reading.discovery.last_seconds is None for reading in around.readings)


@dataclass(frozen=True, slots=True)
class Rows:
    """Every queue by its row, and what the first tab that shows a row has drawn of it, for all that show it too."""

    there: dict[str, Queue]
    drawn: dict[str, Piece]


@dataclass(frozen=True, slots=True)
class Seen:
    """What all tabs that look at the overview, at one address and with the same rights, have in common at a moment.
    `ids` are the rows of all that match, `part` those of them that a page which is read now shows."""

    values: dict[str, Any]
    pieces: list[Piece]
    ids: frozenset[str]
    part: dict[str, QueueId]
    rows: Rows


class Watch:
    """The overview as one tab keeps looking at it: the rows it shows stay, those that come are announced."""

    def __init__(self, desk: Desk, asked: Asked) -> None:
        self._desk, self._at, self._rows = desk, asked.at, asked.rows
        self._choice = choice_of(asked.params)
        self._shown: dict[str, QueueId] | None = None
        self._known: frozenset[str] = frozenset()
        self._unsure = False

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now; whoever holds the tab sends those that are new to it."""
        seen = await self._desk.shared.get(("overview", self._at), self._read)
        around: Frame = seen.values["frame"]
        if self._shown is None:
            self._unsure = self._rows not in (EMPTY, digest_of_all(list(seen.part)))
            self._take({} if self._rows == EMPTY else seen.part, seen)
        new = 0 if seen.ids is self._known else len(seen.ids - self._known)
        if not self._shown or ((new or self._unsure) and _still_searching(around)):
            self._take(seen.part, seen)
            self._unsure = False
            return [*seen.pieces, region(self._desk, self._at, (TEMPLATE, "list"), seen.values)]
        return [*seen.pieces, await self._word(seen, new), *self._row_pieces(seen)]

    def _take(self, rows: dict[str, QueueId], seen: Seen) -> None:
        self._shown, self._known = dict(rows), seen.ids if rows else frozenset()

    async def _read(self) -> Seen:
        around = still(self._desk, self._at)
        values = _values(self._desk, around, self._choice)
        pieces = [region(self._desk, self._at, name, values) for name in REGIONS]
        rows = await self._desk.shared.get("queues by row", self._all)
        ids = frozenset(row_id(queue.id) for queue in values["found"])
        part = {row_id(queue.id): queue.id for queue in values["queues"]}
        return Seen(values, pieces, self._same(ids), part, rows)

    def _same(self, ids: frozenset[str]) -> frozenset[str]:
        """The set that was there before where it is still the same: hundreds of tabs need not compare them."""
        piece = self._desk.board.part(("ids", self._at), "", ids, str)
        return ids if not isinstance(piece.value, frozenset) else piece.value

    async def _all(self) -> Rows:
        return Rows({row_id(queue.id): queue for queue in self._desk.herd.snapshot().queues}, {})

    async def _word(self, seen: Seen, new: int) -> Piece:
        news, rows = News("queue", new, changed=self._unsure), self._rows

        async def render() -> Piece:
            html = self._desk.rendering.block(TEMPLATE, "news", {**seen.values, "news": news})
            return self._desk.board.region(self._at, "news", html, rows)

        return await self._desk.shared.get(("overview news", self._at, rows, news), render)

    def _row_pieces(self, seen: Seen) -> list[Piece]:
        drawn, shown = seen.rows.drawn, self._shown or {}
        return [drawn.get(row) or drawn.setdefault(row, self._drawn(row, id, seen)) for row, id in shown.items()]

    def _drawn(self, row: str, id: QueueId, seen: Seen) -> Piece:
        around: Frame = seen.values["frame"]
        if (queue := seen.rows.there.get(row)) is not None:
            return _piece(self._desk, around, queue)
        last = self._desk.board.known(_key(id))
        return _piece(self._desk, around, last.queue if isinstance(last, Row) else _unknown(id), gone=True)


def _unknown(id: QueueId) -> Queue:
    """A queue of which nothing is known any more but its name."""
    return Queue(id, Identity(Dialect.MQ5, None, ()), paused=False, counts={})


def _key(id: QueueId) -> tuple[str, QueueId]:
    return "queue", id
