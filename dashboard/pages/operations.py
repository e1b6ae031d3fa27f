"""Bulk work: the list of it, and the page of one, which asks before it begins and shows how far it is."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request as Asking
from starlette.responses import Response

from core.errors import TickbirdError
from core.job import JobRow
from core.model import QueueId
from core.operations.operation import HELD, LIVE, OVER, Operation, Skip, Status, Target
from core.operations.request import Action, Request
from dashboard import operation_words as words
from dashboard.api.operation_shapes import not_listed
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.watching import Asked
from dashboard.undo_forms import undo_of
from dashboard.urls import decode_part, encode_query, job_page, operation_href, operation_page, queue_page

LIST, PAGE = "pages/operations.html", "pages/operation.html"
AROUND = ((LAYOUT, "banner"), (LAYOUT, "foot"))
OF_LIST = ((LIST, "under_way"), (LIST, "past"), *AROUND)
OF_PAGE = ((PAGE, "head"), (PAGE, "targets"), (PAGE, "skips"), *AROUND)
# Of the queues of one operation; its JSON has all.
MOST_TARGETS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """An operation as the list shows it."""

    operation: Operation
    title: str
    href: str
    read_only: bool

    @property
    def is_live(self) -> bool:
        return self.operation.status in LIVE

    @property
    def is_over(self) -> bool:
        return self.operation.status in OVER

    @property
    def handled(self) -> int:
        """How many it has looked at, done or left alone."""
        return self.operation.done + self.operation.passed_over

    @property
    def percent(self) -> float:
        """How far it is: with a query, what it has looked at counts."""
        seen = self.operation
        looks = bool(seen.request.query) and not self.is_over
        total, done = (seen.reach, seen.looked) if looks else (seen.total, self.handled)
        return min(100.0, 100 * done / total) if total else 100.0 * self.is_over

    @property
    def bound(self) -> str:
        """What stands before the number of all that is to be done."""
        return words.bound(self.operation)

    @property
    def noun(self) -> str:
        return words.noun(self.operation.request)

    @property
    def ms_left(self) -> int | None:
        seconds = self.operation.seconds_left
        return None if seconds is None else int(seconds * 1000)


@dataclass(frozen=True, slots=True)
class Line:
    """One target or skip, with where it is."""

    shown: Target | Skip
    href: str


@dataclass(frozen=True, slots=True)
class Example:
    """A job of the sample; `row` is None where it is not there (any more)."""

    queue: QueueId
    id: str
    row: JobRow | None
    href: str


def operation_id(request: Asking) -> str:
    """The operation that this request's path names."""
    return decode_part(request.path_params["operation_id"])


async def show_all(request: Asking) -> Response:
    """The list."""
    desk = desk_of(request)
    values = _of_list(desk, frame(desk, request))
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, LIST, values)


async def show(request: Asking) -> Response:
    """One: the question before it begins, then how it goes."""
    desk = desk_of(request)
    operation = await desk.herd.operations.find(operation_id(request))
    values = {**_of_page(desk, frame(desk, request), operation), "sample": await _sample(desk, operation)}
    values |= await undo_of(desk, operation)
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, PAGE, values)


def _of_list(desk: Desk, around: Frame) -> dict[str, Any]:
    rows = [_row(desk, operation) for operation in desk.herd.operations.list()]
    return {
        "frame": around,
        "place": "operations",
        "live": [row for row in rows if row.is_live],
        "past": [row for row in rows if row.is_over],
        "previewed": [row for row in rows if not row.is_live and not row.is_over],
    }


def _row(desk: Desk, operation: Operation) -> Row:
    href = operation_page(desk.base, operation.id)
    return Row(operation, words.title(operation.request), href, desk.settings.read_only)


def _of_page(desk: Desk, around: Frame, operation: Operation) -> dict[str, Any]:
    targets = [Line(t, _of_state(desk, t.queue, t.state)) for t in operation.targets[:MOST_TARGETS]]
    return {
        "frame": around,
        "place": "operation",
        "row": _row(desk, operation),
        "operation": operation,
        "asked": operation.status is Status.PREVIEWED,
        "question": words.question(operation),
        "asks": words.asks(operation.request),
        "counted": words.counted(operation),
        "holds": operation.status in HELD,
        "unlisted": not_listed(operation, lost=False),
        "birds": [(bird, job_page(desk.base, bird.queue, bird.id)) for bird in operation.birds],
        "again": _again(desk, operation.request),
        "canaries": operation.request.action in (Action.RETRY, Action.PROMOTE),
        "will": words.will(operation),
        "lasts": words.lasts(operation, desk.herd.operations.list()),
        "type": words.must_type(operation),
        "do": words.verb(operation.request.action),
        "gentle": words.is_gentle(operation.request.action),
        "back": back_of(desk, operation.request.queues, operation.request.state, operation.request.query),
        "api": operation_href(desk.base, operation.id),
        "targets": targets,
        "more_targets": max(0, len(operation.targets) - MOST_TARGETS),
        "skips": [Line(skip, _of_skip(desk, skip)) for skip in operation.examples],
    }


async def _sample(desk: Desk, operation: Operation) -> list[Example]:
    """Some of the jobs that fitted when they were counted, as they are now."""
    ids = dict[QueueId, list[str]]()
    for queue, id in operation.sample:
        ids.setdefault(queue, []).append(id)
    found = dict[tuple[QueueId, str], JobRow | None]()
    for queue, some in ids.items():
        with suppress(TickbirdError):  # its Redis is away: the ids alone have to do
            found |= {(queue, id): row for id, row in (await desk.herd.rows(queue, some)).items()}
    return [Example(q, id, found.get((q, id)), job_page(desk.base, q, id)) for q, id in operation.sample]


def _again(desk: Desk, request: Request) -> list[tuple[str, str]]:
    """The fields of a form that asks for the same once more, but for how it goes about it."""
    options = request.options
    said = {
        "action": request.action.value,
        "state": request.state.value if request.state else "",
        "names": ("*" if request.queues is None else "") if not request.matching else request.matching,
        "q": request.query,
        "reason": request.reason,
        "age": str(options.grace or ""),
        "limit": str(options.limit or ""),
        "keep": str(options.keep or ""),
        "priority": "" if options.priority is None else str(options.priority),
        "delay": "" if options.delay is None else str(options.delay),
        "to": "" if options.to is None else f"{options.to.prefix}:{options.to.name}",
        "unit": "ms",
        "reset_attempts": "yes" if options.reset_attempts else "",
    }
    queues = [("queue", queue_page(desk.base, id)) for id in request.queues or ()]
    return [(name, value) for name, value in said.items() if value] + queues


def back_of(desk: Desk, queues: tuple[QueueId, ...] | None, state: str | None = None, query: str = "") -> str:
    """Where one comes from who asks for this: the queue's list, or the overview."""
    if not queues or len(queues) != 1:
        return desk.base
    asked = {name: value for name, value in (("state", state), ("q", query)) if value}
    return queue_page(desk.base, queues[0]) + (f"?{encode_query(asked)}" if asked else "")


def _of_state(desk: Desk, queue: QueueId, state: str | None) -> str:
    return queue_page(desk.base, queue) + (f"?state={state}" if state else "")


def _of_skip(desk: Desk, skip: Skip) -> str:
    return queue_page(desk.base, skip.queue) if skip.job_id is None else job_page(desk.base, skip.queue, skip.job_id)


class WatchAll:
    """The list as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked) -> None:
        self._desk, self._at = desk, asked.at

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now."""
        values = _of_list(self._desk, still(self._desk, self._at))
        return [region(self._desk, self._at, name, values) for name in OF_LIST]


class Watch:
    """One operation's page as one tab keeps looking at it; what it asks stays as it is."""

    def __init__(self, desk: Desk, asked: Asked, id: str) -> None:
        self._desk, self._at, self._id = desk, asked.at, id

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now; one that is forgotten leaves its page standing."""
        around = still(self._desk, self._at)
        try:
            operation = await self._desk.herd.operations.find(self._id)
        except TickbirdError:
            return [region(self._desk, self._at, name, {"frame": around, "place": "operation"}) for name in AROUND]
        values = _of_page(self._desk, around, operation)
        names = AROUND if values["asked"] else OF_PAGE
        return [region(self._desk, self._at, name, values) for name in names]
