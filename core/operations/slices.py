"""Goes through one scope, a slice of jobs at a time: each is one script, which looks again at every job it acts on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from core.dialects.contract import contract
from core.errors import Conflict, NotFound, Unsupported
from core.ground import Ground
from core.instance import pack
from core.mutations import pausing
from core.mutations.act import Act
from core.mutations.permits import check
from core.operations.operation import Skip
from core.operations.request import Action, Request
from core.operations.scope import Scope
from core.operations.tally import DONE, Book, left_out, skipped
from core.operations.walks import walk
from core.text import text

# A job that is answered with one of these is not where it was read.
_AWAY = frozenset({"missing", "elsewhere", "nowhere", "gone"})


class Steps(Protocol):
    """A way through a scope. `step` says whether there is more; it raises Unavailable and can then be called again."""

    async def step(self) -> bool: ...


class Slices:
    """Steps over the jobs of a state."""

    def __init__(self, ground: Ground, request: Request, scope: Scope, book: Book) -> None:
        self._ground, self._request, self._scope = ground, request, scope
        self._book, self._pace = book, book.pace
        self._queue = ground.find(scope.queue)
        self._instance = ground.instance(scope.queue)
        assert scope.state is not None  # noqa: S101 # those without one are queues, which Toggle acts on
        key = self._queue.id.base + contract(self._queue.identity).keys[scope.state]
        self._walk = walk(self._instance, key, scope)
        self._walked = self._asked_for = 0
        self._lost: list[bytes] = []

    async def step(self) -> bool:
        size = self._size()
        if size <= 0:
            return False
        page = await self._walk.page(size)
        self._settle(page)
        if not page:
            self._close()
            return False
        outside = await self._outside(page)
        self._lost = [id for id in page if id not in outside]
        skips = {**outside, **await self._acted(self._lost)}
        self._lost = []
        self._walk.passed(page, {id for id, skip in skips.items() if skip.reason not in _AWAY})
        self._walked += len(page)
        self._count(len(page), skips)
        return True

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

    def _settle(self, page: Sequence[bytes]) -> None:
        """After an answer was lost: what does not come again has been acted on."""
        gone = len(set(self._lost) - set(page))
        self._lost = []
        if gone:
            self._walk.vanished(gone)
            self._walked += gone
            self._book.add_unconfirmed(gone)

    def _close(self) -> None:
        """What was previewed and never came was taken by workers, or by somebody else."""
        handled = self._book.done + self._book.passed_over
        gone = min(self._scope.reach - self._walked, self._scope.count - handled)
        if gone > 0:
            self._book.skip(left_out(self._scope.queue, None, "gone"), gone)

    async def _outside(self, page: Sequence[bytes]) -> dict[bytes, Skip]:
        """Those that do not belong by their own instants, which only some states have to be asked for."""
        youngest = self._scope.youngest
        if youngest is None:
            return {}
        base = self._scope.queue.base
        found = await self._instance.read([pack(b"HMGET", base + id, b"timestamp", b"processedOn") for id in page])
        reasons = {
            id: self._reason(*map(_instant, fields or (None, None))) for id, fields in zip(page, found, strict=True)
        }
        return {id: left_out(self._scope.queue, text(id), why) for id, why in reasons.items() if why}

    def _reason(self, added: int, ran: int) -> str:
        if max(added, ran) > self._scope.cutoff:
            return "new"
        return "young" if added > (self._scope.youngest or 0) else ""

    async def _acted(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        if not ids:
            return {}
        self._look_again()
        ping = await self._timed_ping()
        started = time.perf_counter()
        try:
            skips = await self._at_once(ids)
        except Conflict:
            # One of them stops the whole script: each by itself, that one is told.
            skips = await self._one_by_one(ids)
        self._pace.measured(len(ids), time.perf_counter() - started, ping)
        return skips

    def _look_again(self) -> None:
        """The queue as it is now known; Unsupported where that has come into doubt."""
        try:
            self._queue = self._ground.find(self._scope.queue)
        except NotFound:
            return  # emptied meanwhile, perhaps by us: what we know of it still holds
        check(self._queue, self._request.verb)

    async def _timed_ping(self) -> float:
        started = time.perf_counter()
        await self._instance.ask(b"PING")
        return time.perf_counter() - started

    def _act(self) -> Act:
        reset = (int(self._request.options.reset_attempts),) if self._request.action is Action.RETRY else ()
        return Act(self._instance, self._queue, self._request.verb, reset)

    async def _at_once(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        names = [text(id) for id in ids]
        answers = await self._act().on_jobs(names)
        return {
            id: skipped(self._scope.queue, name, self._request.verb, answer)
            for id, name, answer in zip(ids, names, answers, strict=True)
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
            skips |= {one: skip for one, skip in found.items() if skip.reason not in _AWAY}
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


def _instant(raw: bytes | None) -> int:
    return int(raw) if raw is not None and raw.isdigit() and len(raw) < 20 else 0
