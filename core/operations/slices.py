"""Goes through one scope, a slice of jobs at a time: each is one script, which looks again at every job it acts on."""

from __future__ import annotations

import time
from typing import Protocol

from core.dialects.contract import contract
from core.errors import Conflict, NotFound, Unsupported
from core.ground import Ground
from core.mutations import pausing
from core.operations.doing import Doing
from core.operations.drift import Drift
from core.operations.operation import Skip
from core.operations.place import Place
from core.operations.request import Action, Request
from core.operations.scope import Scope, band
from core.operations.tally import AWAY, Book, left_out
from core.operations.walks import Walk, walk
from core.text import text

# A page that was read ahead is read anew when it is older than this (seconds), as after a pause.
FRESH = 1.0
_NOTHING: tuple[list[bytes], float] = [], 0.0


class Steps(Protocol):
    """A way through a scope. `step` says whether there is more; it raises Unavailable and can then be called again."""

    async def step(self) -> bool: ...

    def place(self) -> Place:
        """Where it stands, so that another can go on from there."""


def walk_through(doing: Doing, scope: Scope, book: Book) -> Walk:
    """The walk over the scope's jobs, from where an earlier process left off."""
    assert scope.state is not None  # noqa: S101 # those without one are queues, which Toggle acts on
    key = doing.queue.id.base + contract(doing.queue.identity).keys[scope.state]
    return walk(doing.instance, key, scope, book.begun.mark, beside=book.beside or band(scope.state, book.options))


class Slices:
    """Steps over the jobs of a state, all of which are meant."""

    def __init__(self, ground: Ground, request: Request, scope: Scope, book: Book) -> None:
        self._request, self._scope, self._book, self._pace = request, scope, book, book.pace
        self._doing = Doing(ground, request, scope, book)
        self._walk = walk_through(self._doing, scope, book)
        self._drift = Drift(self._doing, request, scope, book)
        self._ping, self._ahead = 0.0, _NOTHING
        self._walked, self._asked_for = book.begun.walked, book.begun.asked_for
        self._lost: list[bytes] = list(book.begun.flight)

    async def step(self) -> bool:
        size = self._size()
        if size <= 0:
            return False
        if not (page := await self._next(size)):
            self._close()
            return False
        self._lost = list(page)
        await self._book.before_slice()
        skips = await self._doing.to(page, place=self._walk.offset, ping=self._ping)
        self._lost = []
        self._walk.passed(page, {id for id, skip in skips.items() if skip.reason not in AWAY})
        self._walked += len(page)
        self._count(len(page), skips)
        await self._look_ahead()
        await self._drift.check(self._walk.mark(), self._walked)
        return True

    def place(self) -> Place:
        asked_for = max(self._asked_for, len(self._lost))
        return Place(self._walk.mark(), self._walked, asked_for, tuple(self._lost), 0, self._book.tolerated)

    def _size(self) -> int:
        """How many jobs to ask for. After a lost answer the same page again, to see what is still there."""
        if not self._lost:
            room = self._scope.count - self._book.done if self._request.options.limit else self._pace.size
            self._asked_for = min(self._book.most(self._pace.size), room)
        return self._asked_for

    def _count(self, jobs: int, skips: dict[bytes, Skip]) -> None:
        self._book.add_done(jobs - len(skips))
        for skip in skips.values():
            self._book.skip(skip)

    async def _next(self, size: int) -> list[bytes]:
        """The jobs of the next slice; after a lost answer first those of that one which are still there."""
        if self._lost and (still := await self._still_there(size)):
            return still
        return self._read_ahead() or await self._page(size)

    async def _still_there(self, size: int) -> list[bytes]:
        """What of a slice whose answer was lost does not come again has been acted on."""
        lost = frozenset(self._lost)
        still = [id for id in await self._walk.page(max(size, len(lost)), again=True) if id in lost]
        self._lost = []
        if gone := len(lost) - len(still):
            self._walk.vanished(gone)
            self._walked += gone
            self._book.add_unconfirmed(gone)
            self._book.acted(self._scope.queue, [text(id) for id in lost - set(still)])
        return still

    async def _page(self, size: int) -> list[bytes]:
        """The next page, and by the way how long Redis takes to answer something small."""
        before, started = self._walk.trips, time.perf_counter()
        page = await self._walk.page(size)
        self._ping = (time.perf_counter() - started) / max(1, self._walk.trips - before)
        return page

    async def _look_ahead(self) -> None:
        """Read the next page while Redis has its rest."""
        if (size := self._size()) > 0:
            self._ahead = await self._page(size), time.monotonic()

    def _read_ahead(self) -> list[bytes]:
        (page, read_at), self._ahead = self._ahead, _NOTHING
        return page if time.monotonic() - read_at < FRESH else []

    def _close(self) -> None:
        """What was previewed and never came was taken by workers, or by somebody else."""
        handled = self._book.done + self._book.passed_over
        gone = min(self._scope.reach - self._walked, self._scope.count - handled)
        if gone > 0:
            self._book.skip(left_out(self._scope.queue, None, "gone"), gone)


class Toggle:
    """The one step that pauses or resumes a queue."""

    def __init__(self, ground: Ground, request: Request, scope: Scope, book: Book) -> None:
        self._ground, self._request, self._scope, self._book = ground, request, scope, book

    async def step(self) -> bool:
        id = self._scope.queue
        act = pausing.pause if self._request.action is Action.PAUSE else pausing.resume
        try:
            outcome = await act(self._ground.instance(id), self._ground.find(id))
        except (Conflict, NotFound, Unsupported) as refused:
            self._book.skip(Skip(id, None, refused.code, str(refused)))
            return False
        if outcome.changed:
            self._book.add_done()
        else:
            self._book.skip(Skip(id, None, "unchanged", outcome.sentence))
        return False

    def place(self) -> Place:
        return Place()
