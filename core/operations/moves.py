"""Moves the jobs of a scope to another queue, several at a time, each by the steps that move one exactly once.

A slice that was cut off leaves some of its jobs set aside, in no state: they are known by their marks, and finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core.dialects.contract import LISTS, contract
from core.errors import NotFound, TickbirdError, Unavailable
from core.ground import Ground
from core.instance import pack
from core.model import Queue, State
from core.mutations.act import Answer
from core.mutations.moving import Move
from core.operations.operation import Skip
from core.operations.request import Request
from core.operations.tally import AWAY, skipped
from core.text import text

# So many are on their way at once.
AT_ONCE = 10
# A list is searched so far from its tail.
DEEP = 20_000


class Moves:
    """From `source`, where they are in this state, to the queue that the request names."""

    def __init__(self, ground: Ground, request: Request, source: Queue, state: State) -> None:
        self._ground, self._request, self._source, self._state = ground, request, source, state

    def check(self) -> None:
        """Raises what forbids it for every job of the queue."""
        self._move().check()

    async def take(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        """Those that were left alone, and why. Raises Unavailable once nothing of it is under way any more."""
        self.check()
        turns, move = asyncio.Semaphore(AT_ONCE), self._move()

        async def one(id: bytes) -> Skip | None:
            async with turns:
                return await self._taken(move, id)

        found = await asyncio.gather(*map(one, ids), return_exceptions=True)
        for outcome in found:
            if isinstance(outcome, BaseException):
                raise outcome
        skips = {id: skip for id, skip in zip(ids, found, strict=True) if isinstance(skip, Skip)}
        return skips | await self._standing([id for id, skip in skips.items() if skip.reason in AWAY])

    async def finish(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        """The same for those that are set aside of jobs that have left the state. Raises Unavailable."""
        instance, key = self._ground.instance(self._source.id), self._source.id.base + b"tickbird:moving"
        begun = await instance.read([pack(b"ZSCORE", key, id) for id in ids])
        aside = [id for id, since in zip(ids, begun, strict=True) if since is not None]
        skips = await self.take(aside)
        # Gone by now: what was cut off was its last step, or somebody else has finished it.
        return {id: skip for id, skip in skips.items() if skip.reason != "missing"}

    async def _taken(self, move: Move, id: bytes) -> Skip | None:
        try:
            await move.take(text(id))
        except Unavailable:
            raise
        except TickbirdError as refused:
            return Skip(self._source.id, text(id), refused.reason or refused.code, str(refused))
        return None

    async def _standing(self, ids: Sequence[bytes]) -> dict[bytes, Skip]:
        """Those of these that still stand in the state though there is no job behind them that could leave it."""
        source = self._source
        key, is_list = source.id.base + contract(source.identity).keys[self._state], self._state in LISTS
        # Where an operation walks a list, it is near the tail, but for what it passed over.
        asks = [
            pack(b"LPOS", key, id, b"RANK", -1, b"MAXLEN", DEEP) if is_list else pack(b"ZSCORE", key, id) for id in ids
        ]
        places = await self._ground.instance(source.id).read(asks) if asks else []
        standing = [id for id, place in zip(ids, places, strict=True) if place is not None]
        return {id: skipped(source.id, text(id), "move", Answer("ghost", (self._state,))) for id in standing}

    def _move(self) -> Move:
        ground, to = self._ground, self._request.options.to
        if to is None:  # the request was checked for it
            raise NotFound("It is not said where they go.")
        return Move(ground, ground.instance(self._source.id), self._source, ground.find(to), seen=self._state)
