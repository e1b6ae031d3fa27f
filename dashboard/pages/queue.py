"""A queue's page: how it stands, its last hour, and the jobs of one state."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.errors import Invalid, TickbirdError, Unavailable
from core.history import History
from core.job import Covered, JobPage, JobRow
from core.jobs.listing import Wanted
from core.model import Health, Queue, QueueId, State
from core.query.parser import parse
from core.query.words import Unreadable
from core.split_pause import split_pause
from dashboard import charts
from dashboard.board import EMPTY, Piece
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.job_list import SIZES, Choice, choice_of, tabs, unread
from dashboard.pages.job_row import remembered, row_id, row_piece
from dashboard.pages.queue_list import place
from dashboard.pages.watching import Asked, News
from dashboard.urls import job_page, queue_id, queue_page
from dashboard.views_box import box

TEMPLATE = "pages/queue.html"
REGIONS = (
    *((TEMPLATE, name) for name in ("head", "hour", "tabs", "trouble")),
    (LAYOUT, "banner"),
    (LAYOUT, "foot"),
)
# The largest page that can be asked for.
MOST_WATCHED = SIZES[-1]
# Longer words in the box are no id of a job.
LONGEST_ID = 512
_NOTHING = JobPage((), None, Covered(0, 0))


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at the page found; `trouble` says why the jobs could not be read."""

    queue: Queue
    page: JobPage
    history: History | None
    trouble: TickbirdError | None = None


async def show(request: Request) -> Response:
    """The page; from its box, with an id that a job has, to that job instead."""
    desk, id = desk_of(request), queue_id(request)
    desk.herd.glance()
    choice = choice_of(request.query_params, desk.herd.queue(id))
    if "open" in request.query_params:
        return RedirectResponse(await _meant(desk, id, choice), 303)
    reading = await _read(desk, id, choice)
    at = queue_page(desk.base, id) + choice.changed(cursor=choice.cursor)
    values = _values(desk, replace(frame(desk, request), at=at), reading, choice)
    values["box"] = await box(desk, reading.queue, choice)
    rows = [piece.id for piece in values["rows"]]
    values["frame"] = values["frame"].streaming(".".join(rows) or EMPTY, desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


async def _meant(desk: Desk, id: QueueId, choice: Choice) -> str:
    """Where the words in the box lead: to the job of exactly that id, else to the jobs that fit them."""
    found = None
    if 0 < len(choice.q) <= LONGEST_ID:
        with suppress(Unavailable):  # then the page says so
            found = (await desk.herd.rows(id, [choice.q])).get(choice.q)
    return job_page(desk.base, id, choice.q) if found else queue_page(desk.base, id) + choice.changed()


async def open_job(request: Request) -> Response:
    """From the field "open a job by its id" to the job's page."""
    desk, id = desk_of(request), queue_id(request)
    wanted = request.query_params.get("id", "").strip()
    target = job_page(desk.base, id, wanted) if wanted else queue_page(desk.base, id)
    return RedirectResponse(target, 303)


async def _read(desk: Desk, id: QueueId, choice: Choice) -> Reading:
    queue = desk.herd.queue(id)
    try:
        page, history = await asyncio.gather(_page(desk, id, choice), desk.herd.history(id))
        return Reading(queue, page, history)
    except Unreadable as error:
        return Reading(queue, _NOTHING, await desk.herd.history(id), error)
    except Invalid:
        raise
    except TickbirdError as error:
        return Reading(queue, _NOTHING, None, error)


async def _page(desk: Desk, id: QueueId, choice: Choice) -> JobPage:
    cursor = choice.cursor or None
    if choice.q:
        return await desk.herd.find(id, parse(choice.q), Wanted(choice.state, choice.order, choice.size, cursor))
    return await desk.herd.jobs(id, choice.state, order=choice.order, limit=choice.size, cursor=cursor)


def _unreadable(q: str) -> TickbirdError | None:
    """What is wrong with these words, if anything is."""
    try:
        parse(q)
    except Unreadable as error:
        return error
    return None


def _values(desk: Desk, around: Frame, reading: Reading, choice: Choice) -> dict[str, Any]:
    queue = reading.queue
    stale = any(away.instance == queue.id.instance for away in around.away)
    permits = {permit.verb: permit for permit in desk.herd.permits(queue.id)}
    return {
        "frame": around,
        "place": "queue",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, queue.id),
        "stale": stale,
        "health": Health.STALE if stale else queue.verdict.health,
        "turn": permits["resume" if queue.paused else "pause"],
        "split": split_pause(queue) if "mend_pause" in permits and permits["mend_pause"].allowed else "",
        "choice": choice,
        "tabs": tabs(queue),
        "unread": unread(queue),
        "filled": [state for state, count in queue.counts.items() if count],
        "sizes": SIZES,
        "page": reading.page,
        "history": reading.history,
        "hour": charts.hour(reading.history) if reading.history else None,
        "trouble": reading.trouble,
        "rows": [row_piece(desk, queue.id, choice.state, job=row, before=row) for row in reading.page.rows],
        "news": News("job"),
    }


class Watch:
    """The page as one tab keeps looking at it: its rows stay, and say where their jobs went."""

    def __init__(self, desk: Desk, asked: Asked, id: QueueId) -> None:
        self._desk, self._asked, self._id = desk, asked, id
        self._shown: dict[str, JobRow] | None = None
        self._unsure = False

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        try:
            return await self._look()
        except TickbirdError as error:
            return self._in_trouble(error)

    async def _look(self) -> list[Piece]:
        values, pieces = await self._desk.shared.get(("queue", self._asked.at), self._read)
        if values["trouble"] is not None:
            return pieces
        page: JobPage = values["page"]
        if self._shown is None:
            self._shown = self._begin(values["choice"], page)
        if not self._shown and values["choice"].q:
            return pieces
        if not self._shown:
            self._shown = {row.id: row for row in page.rows}
            return [*pieces, region(self._desk, self._asked.at, (TEMPLATE, "list"), values)]
        now = await self._desk.herd.rows(self._id, list(self._shown))
        self._shown.update((id, job) for id, job in now.items() if job is not None)
        return [*pieces, self._word(values), *self._row_pieces(self._shown, now, values["choice"].state)]

    async def _read(self) -> tuple[dict[str, Any], list[Piece]]:
        """What all tabs with this address share."""
        queue = self._desk.herd.queue(self._id)
        choice = choice_of(self._asked.params, queue)
        if choice.q:  # what was found stays as it was found: a search is not made anew every second
            reading = Reading(queue, _NOTHING, await self._desk.herd.history(self._id), _unreadable(choice.q))
        else:
            reading = await _read(self._desk, self._id, choice)
        values = _values(self._desk, still(self._desk, self._asked.at), reading, choice)
        return values, [region(self._desk, self._asked.at, name, values) for name in REGIONS]

    def _begin(self, choice: Choice, page: JobPage) -> dict[str, JobRow]:
        """The jobs behind the rows that the tab says it shows, as far as they can still be told."""
        if self._asked.rows == EMPTY:
            return {}
        here = {row_id(self._id, row.id): row for row in page.rows}
        wanted = self._asked.rows.split(".")[:MOST_WATCHED]
        found = [here.get(id) or remembered(self._desk, choice.state, id) for id in wanted]
        self._unsure = None in found
        return {row.id: row for row in found if row is not None}

    def _word(self, values: dict[str, Any]) -> Piece:
        choice, page = values["choice"], values["page"]
        shown = self._shown or {}
        on_top = choice.order == "newest" and not choice.cursor
        new = sum(row.id not in shown for row in page.rows) if on_top else 0
        news = News("job", new, more=new == choice.size, changed=self._unsure)
        html = self._desk.rendering.block(TEMPLATE, "news", {**values, "news": news})
        return self._desk.board.region(self._asked.at, "news", html, self._asked.rows)

    def _row_pieces(self, shown: dict[str, JobRow], now: dict[str, JobRow | None], state: State) -> list[Piece]:
        return [row_piece(self._desk, self._id, state, job=now[id], before=before) for id, before in shown.items()]

    def _in_trouble(self, error: TickbirdError) -> list[Piece]:
        """The queue is gone, or Redis went away between two reads: what is shown stays, and says so."""
        values = {"frame": still(self._desk, self._asked.at), "place": "queue", "trouble": error, "unread": ()}
        names = ((TEMPLATE, "trouble"), (LAYOUT, "banner"), (LAYOUT, "foot"))
        return [region(self._desk, self._asked.at, name, values) for name in names]
