"""Does what an operation was asked for to some jobs at once: one script, which looks again at every job."""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.errors import Conflict, NotFound, TickbirdError
from core.ground import Ground
from core.model import State
from core.mutations import editing
from core.mutations.act import Act, Answer, Option, wishes
from core.mutations.permits import check
from core.operations.moves import Moves
from core.operations.operation import Skip
from core.operations.request import Action, Request
from core.operations.scope import Scope, spelled
from core.operations.tally import AWAY, DONE, Book, skipped
from core.text import text

# The queues of so many parents are told to a script beforehand.
PARENTS = 8
# A job this deep in its list is searched for by its place; the script itself looks as far as this from either end.
DEEP = 15_000
REMOVES = frozenset({Action.REMOVE, Action.CLEAN, Action.DRAIN})
_WITNESSED = (Action.RETRY, Action.MOVE)


class Doing:
    """The verb of one operation on jobs of one scope. `queue` is as it was known when it last looked."""

    def __init__(self, ground: Ground, request: Request, scope: Scope, book: Book) -> None:
        assert scope.state is not None  # noqa: S101 # those without one are queues
        self._ground, self._request, self._scope = ground, request, scope
        self._book, self._pace = book, book.pace
        self.queue = ground.find(scope.queue)
        self.instance = ground.instance(scope.queue)
        self._state: State = scope.state
        self._from = spelled(self.queue, scope.state)
        self._parents: tuple[bytes, ...] = ()
        self._moves = Moves(ground, request, self.queue, scope.state) if request.action is Action.MOVE else None
        self._place = self._spent = 0

    async def to(self, ids: Sequence[bytes], *, place: int, ping: float) -> dict[bytes, Skip]:
        """What was left alone, and why; the rest is done. `place` is how many stand nearer the tail of a list, `ping`
        how long Redis takes to answer something small (seconds)."""
        self._look_again()
        # What a retention rule removes has served its time.
        undoable = self._request.action in REMOVES and not self._request.ruled
        if undoable:
            await self._book.before_removal(self.queue, [text(id) for id in ids])
        if self._book.canary is not None:
            await self._book.canary.learn(self.instance, self.queue, ids)
        self._spent, self._place = 0, place
        if self._request.action in _WITNESSED:
            async with self._ground.witness(self._scope.queue, ids):
                skips = await self._measured(ids, ping)
        else:
            skips = await self._measured(ids, ping)
        if skips and undoable:
            await self._book.spared(self._scope.queue, [text(id) for id in skips])
        self._book.acted(self._scope.queue, [text(id) for id in ids if id not in skips])
        return skips

    async def finish(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        """What a slice whose answer was lost has left in between is done to the end; what of it could not be."""
        return await self._moves.finish(ids) if self._moves is not None else {}

    async def _measured(self, ids: Sequence[bytes], ping: float) -> dict[bytes, Skip]:
        started = time.perf_counter()
        if self._moves is not None:
            skips = await self._moves.take(ids)
            self._pace.in_pieces(len(ids), time.perf_counter() - started)
            return skips
        try:
            skips = await self._at_once(ids)
        except Conflict:
            # One of them stops the whole script: each by itself, that one is told.
            skips = await self._one_by_one(ids)
        took = time.perf_counter() - started - ping
        self._pace.measured(len(ids), self._spent / 1e6 if self._spent else max(0.0, took), ping)
        return skips

    def _look_again(self) -> None:
        """The queue as it is now known; Unsupported where that has come into doubt."""
        try:
            self.queue = self._ground.find(self._scope.queue)
        except NotFound:
            return  # emptied meanwhile, perhaps by us: what we know of it still holds
        check(self.queue, self._request.verb)

    def _told(self) -> tuple[Option, ...]:
        options = self._request.options
        if self._request.action is Action.CHANGE_PRIORITY:
            return options.priority or 0, 0, *((self._from, self._place) if self._place > DEEP else ("", 0))
        if self._request.action is Action.CHANGE_DELAY:
            return options.delay or 0, self._book.due
        scope = self._scope
        told = wishes(
            brief=True,
            ghosts=self._request.action is Action.DROP_GHOSTS,
            place=self._place,
            reset=self._request.action is Action.RETRY and options.reset_attempts,
            cutoff=None if scope.youngest is None else scope.cutoff,
            youngest=scope.youngest,
            **{"from": self._from},
        )
        return (told,)

    async def _at_once(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        act = Act(self.instance, self.queue, self._request.verb, self._told(), self._parents)
        answers = await act.on_jobs(ids)
        self._spent += sum(act.spent)
        # Where the next jobs' parents are likely to be, so that their script need not ask.
        self._parents = (*dict.fromkeys((*act.met, *self._parents)),)[:PARENTS]
        skips = {id: await self._skip(id, answer) for id, answer in zip(ids, answers, strict=True) if not _done(answer)}
        return {id: skip for id, skip in skips.items() if skip is not None}

    async def _skip(self, id: bytes, answer: Answer) -> Skip | None:
        if answer.code != "deep":
            return skipped(self._scope.queue, text(id), self._request.verb, answer)
        try:  # a job far from both ends of its list is found first, in pieces
            await editing.change_priority(self.instance, self.queue, text(id), self._request.options.priority or 0)
        except TickbirdError as refused:
            return Skip(self._scope.queue, text(id), refused.code, str(refused))
        return None

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


def _done(answer: Answer) -> bool:
    return answer.code in DONE
