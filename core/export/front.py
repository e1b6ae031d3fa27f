"""Jobs on their way out: those of a state, or those of them that fit a query, in slices with rests like a search's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.dialects.contract import contract
from core.errors import Invalid, TickbirdError
from core.export.fields import Exported, exported
from core.jobs.cursor import Cursor
from core.jobs.listing import Order
from core.jobs.rows import Placed
from core.model import QueueId, State
from core.query.query import All, Query
from core.redaction.redaction import Redaction
from core.search.pace import Pace
from core.search.seek import Seek, Slice
from core.search.sieve import Sieve
from core.sight import Sight, now
from core.words import count

# More than this is a backup, which Redis itself does better.
MOST_JOBS = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs: all of the state where `query` is None."""

    state: State
    query: Query | None = None
    order: Order = "newest"
    limit: int = MOST_JOBS


@dataclass(slots=True)
class Export:
    """One export under way. What it says of itself is right once `slices` has ended."""

    seek: Seek
    pace: Pace
    limit: int
    redaction: Redaction
    jobs: int = 0
    looked_at: int = 0
    total: int = 0
    unread: int = 0
    lost: bool = False
    trouble: str = ""
    complete: bool = False
    _read: list[Exported] = field(default_factory=list)

    @property
    def queue(self) -> QueueId:
        return self.seek.queue.id

    @property
    def state(self) -> State:
        return self.seek.state

    async def slices(self) -> AsyncIterator[list[Exported]]:
        """The jobs, some at a time, as fast as they are taken. Where Redis goes away it ends, and says so."""
        cursor: Cursor | None = None
        while self.jobs < self.limit:
            try:
                cursor = await self._slice(cursor)
            except TickbirdError as away:
                self.trouble = away.message
                return
            if self._read:
                yield self._read
            if cursor is None:
                self.complete = True
                return

    async def _slice(self, cursor: Cursor | None) -> Cursor | None:
        async def step(size: int) -> Slice:
            found = await self.seek.step(cursor, self.limit - self.jobs, size)
            self._read = await self._exported(found.fitting)
            return found

        async with self.pace.turn():
            found, rest = await self.pace.slice(self.seek.instance, step)
            await asyncio.sleep(rest)
        self.jobs += len(found.fitting)
        self.looked_at += found.looked_at
        self.total, self.unread, self.lost = found.total, self.unread + found.unread, self.lost or found.lost
        return found.next

    async def _exported(self, placed: tuple[Placed, ...]) -> list[Exported]:
        return await exported(self.seek.instance, self.queue.name, self.queue.base, placed, self.redaction)

    @property
    def summary(self) -> dict[str, Any]:
        """For programs."""
        return {
            "jobs": self.jobs,
            "looked_at": self.looked_at,
            "total": self.total,
            "unread": self.unread,
            "complete": self.complete,
        }

    @property
    def sentence(self) -> str:
        """For people."""
        far = f"{count(self.jobs)} jobs, of {count(self.looked_at)} looked at, of {count(self.total)} in this state."
        whole = "These are all." if self.complete else self._cut()
        unread = f" {count(self.unread)} were too large to look into." if self.unread else ""
        moved = " The list moved far meanwhile: some may be there twice or missing." if self.lost else ""
        return f"{far} {whole}{unread}{moved}"

    def _cut(self) -> str:
        if self.trouble:
            return f"Cut off: {self.trouble}"
        return f"Cut at {count(self.limit)}: there may be more."


class Exports:
    """Begins exports of the queues in `sight`, at the `paces` of searches."""

    def __init__(self, sight: Sight, paces: Mapping[str, Pace]) -> None:
        self._sight, self._paces = sight, paces

    def begin(self, id: QueueId, wanted: Wanted) -> Export:
        """Raises NotFound, Unavailable, and Invalid for a state that the queue's library has not."""
        queue, instance = self._sight.queue(id), self._sight.present(id.instance)
        notions = contract(queue.identity)
        if wanted.state not in notions.keys:
            raise Invalid(f"{queue.identity.label} has no state {wanted.state.value!r}.")
        if not 1 <= wanted.limit <= MOST_JOBS:
            raise Invalid(f"limit is 1 to {MOST_JOBS:,}.")
        query = wanted.query or Query("", All(()), now())
        seek = Seek(instance, queue, wanted.state, Sieve(query, self._sight.redaction), wanted.order)
        return Export(seek, self._paces[id.instance], wanted.limit, self._sight.redaction(id))
