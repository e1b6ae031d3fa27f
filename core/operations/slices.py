"""Goes through one scope, a slice of jobs at a time: each is one script, which looks again at every job it acts on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from core.dialects.contract import contract
from core.errors import Conflict, NotFound, Unsupported
from core.ground import Ground
from core.mutations import pausing
from core.mutations.act import Act, wishes
from core.mutations.permits import check
from core.operations.operation import Skip
from core.operations.place import Place
from core.operations.request import Action, Request
from core.operations.scope import Scope, spelled
from core.operations.tally import AWAY, DONE, Book, left_out, skipped
from core.operations.walks import walk
from core.text import text

# A page that was read ahead is read anew when it is older than this (seconds), as after a pause.
FRESH = 1.0
# The queues of so many parents are told to a script beforehand.
PARENTS = 8
_NOTHING: tuple[list[bytes], float] = [], 0.0


class Steps(Protocol):
    """A way through a scope. `step` says whether there is more; it raises Unavailable and can then be called again."""

    async def step(self) -> bool: ...

    def place(self) -> Place:
        """Where it stands, so that another can go on from there."""


class Slices:
    """Steps over the jobs of a state."""

    def __init__(self, ground: Ground, request: Request, scope: Scope, book: Book) -> None:
        self._ground, self._request, self._scope = ground, request, scope
        self._book, self._pace = book, book.pace
        self._queue = ground.find(scope.queue)
        self._instance = ground.instance(scope.queue)
        assert scope.state is not None  # noqa: S101 # those without one are queues, which Toggle acts on
        key = contract(self._queue.identity).keys[scope.state]
        self._from = spelled(self._queue, scope.state)
        self._walk = walk(self._instance, self._queue.id.base + key, scope, book.begun.mark)
        self._ping, self._spent, self._ahead = 0.0, 0, _NOTHING
        self._walked, self._asked_for = book.begun.walked, book.begun.asked_for
        self._parents: tuple[bytes, ...] = ()
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
        skips = await self._acted(page)
        self._lost = []
        self._walk.passed(page, {id for id, skip in skips.items() if skip.reason not in AWAY})
        self._walked += len(page)
        self._count(len(page), skips)
        await self._look_ahead()
        return True

    def place(self) -> Place:
        asked_for = max(self._asked_for, len(self._lost))
        return Place(self._walk.mark(), self._walked, asked_for, tuple(self._lost))

    def _size(self) -> int:
        """How many jobs to ask for. After a lost answer the same page again, to see what is still there."""
        if not self._lost:
            room = self._scope.count - self._book.done if self._request.options.limit else self._pace.size
            self._asked_for = min(self._pace.size, room)
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

    async def _acted(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        self._look_again()
        started, self._spent = time.perf_counter(), 0
        try:
            skips = await self._at_once(ids)
        except Conflict:
            # One of them stops the whole script: each by itself, that one is told.
            skips = await self._one_by_one(ids)
        took = time.perf_counter() - started - self._ping
        self._pace.measured(len(ids), self._spent / 1e6 if self._spent else max(0.0, took), self._ping)
        return skips

    def _look_again(self) -> None:
        """The queue as it is now known; Unsupported where that has come into doubt."""
        try:
            self._queue = self._ground.find(self._scope.queue)
        except NotFound:
            return  # emptied meanwhile, perhaps by us: what we know of it still holds
        check(self._queue, self._request.verb)

    def _act(self) -> Act:
        scope, options = self._scope, self._request.options
        told = wishes(
            brief=True,
            ghosts=self._request.action is Action.DROP_GHOSTS,
            place=self._walk.offset,
            reset=self._request.action is Action.RETRY and options.reset_attempts,
            cutoff=None if scope.youngest is None else scope.cutoff,
            youngest=scope.youngest,
            **{"from": self._from},
        )
        return Act(self._instance, self._queue, self._request.verb, (told,), self._parents)

    async def _at_once(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        act = self._act()
        answers = await act.on_jobs(ids)
        self._spent += sum(act.spent)
        # Where the next jobs' parents are likely to be, so that their script need not ask.
        self._parents = (*dict.fromkeys((*act.met, *self._parents)),)[:PARENTS]
        return {
            id: skipped(self._scope.queue, text(id), self._request.verb, answer)
            for id, answer in zip(ids, answers, strict=True)
            if answer.code not in DONE
        }

    async def _one_by_one(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        skips: dict[bytes, Skip] = {}
        for id in ids:
            try:
                found = await self._at_once([id])
            except Conflict as trouble:
                found = {id: Skip(self._scope.queue, text(id), "broken", str(trouble))}
            # The script that was stopped had done those before: they are away because of it.
            skips |= {one: skip for one, skip in found.items() if skip.reason not in AWAY}
        return skips


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
