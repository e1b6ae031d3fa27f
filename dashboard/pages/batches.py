"""A queue's batches: its jobs by a field that they share, and how far each batch has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.batches.front import Batch, Batches
from core.errors import TickbirdError
from core.model import BACKLOG, QueueId, State
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.queue_list import place
from dashboard.pages.watching import Asked
from dashboard.urls import encode_query, queue_id, queue_page

TEMPLATE = "pages/batches.html"
REGIONS = ((TEMPLATE, "batches"), (LAYOUT, "banner"), (LAYOUT, "foot"))
MOST = 200
# What is asked for where nobody says.
USUAL = "data.batchId"


@dataclass(frozen=True, slots=True)
class Row:
    """A batch, and the lists of its jobs by what the column shows."""

    batch: Batch
    href: str
    done: str
    failed: str
    running: str
    waiting: str
    delayed: str


async def show(request: Request) -> Response:
    """The page."""
    desk, id = desk_of(request), queue_id(request)
    desk.herd.glance()
    field = request.query_params.get("field", "").strip()
    values = await _values(desk, frame(desk, request), id, field)
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    trouble = values["trouble"]
    return answer(desk, request, TEMPLATE, values, 400 if trouble and trouble.code == "invalid" else 200)


async def _values(desk: Desk, around: Frame, id: QueueId, field: str) -> dict[str, Any]:
    queue, found, trouble = desk.herd.queue(id), None, None
    fields: tuple[str, ...] = ()
    try:
        fields = await desk.herd.batches.fields(id)
        found = await desk.herd.batches.of(id, field or next(iter(fields), USUAL))
    except TickbirdError as error:
        trouble = error
    href = queue_page(desk.base, id)
    return {
        "frame": around,
        "place": "batches",
        "queue": queue,
        "where": place(queue),
        "href": href,
        "field": found.field if found else field,
        "chosen": bool(field),
        "fields": [(name, f"{href}/batches?{encode_query({'field': name})}") for name in fields],
        "found": found,
        "rows": [_row(href, batch) for batch in found.batches[:MOST]] if found else [],
        "more": max(0, len(found.batches) - MOST) if found else 0,
        "sums": _sums(found),
        "trouble": trouble,
    }


def _row(href: str, batch: Batch) -> Row:
    def jobs(*states: State) -> str:
        """The list of the state of these that has the most."""
        state = max(states, key=lambda each: batch.counts.get(each, 0))
        return f"{href}?{encode_query({'state': state, 'q': batch.query})}" if batch.counts.get(state) else ""

    waiting = jobs(*BACKLOG, State.WAITING_CHILDREN)
    lists = [jobs(state) for state in (State.COMPLETED, State.FAILED, State.ACTIVE)]
    delayed = jobs(State.DELAYED)
    done, failed, running = lists
    first = next((each for each in (failed, running, waiting, delayed, done) if each), "")
    return Row(batch, first, done, failed, running, waiting, delayed)


def _sums(found: Batches | None) -> dict[str, int]:
    batches = found.batches if found else ()
    return {
        "batches": len(batches),
        "under_way": sum(batch.unfinished > 0 for batch in batches),
        "gone": sum(sum(batch.gone.values()) for batch in batches),
    }


class Watch:
    """The page as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked, id: QueueId) -> None:
        self._desk, self._at, self._id = desk, asked.at, id
        self._field = asked.params.get("field", "").strip()

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        return await self._desk.shared.get(("batches page", self._at), self._look)

    async def _look(self) -> list[Piece]:
        values = await _values(self._desk, still(self._desk, self._at), self._id, self._field)
        return [region(self._desk, self._at, name, values) for name in REGIONS]
