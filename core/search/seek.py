"""A search through one state of one queue: slice by slice, so that it can be shown, held and gone on with anywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.dialects.contract import LISTS, contract
from core.instance import Instance
from core.jobs.cursor import Cursor
from core.jobs.listing import Listed, Order, Sought, list_ids
from core.jobs.rows import Placed
from core.jobs.whereabouts import locate
from core.model import Queue, State
from core.search.bounds import in_redis, only_id, scores
from core.search.sieve import Sieve, Sifted

# The most jobs of a slice: their small fields are some two milliseconds of Redis' time, in which others are served too.
SLICE = 1000
# Behind every id there is: where a score is all that is known of the place to begin at.
_LAST, _FIRST = b"\xff" * 8, b""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one step brought: the jobs that fit, of how many looked at; `unread` were too large to be decided. `next`
    goes on behind them, None at the end."""

    fitting: tuple[Placed, ...]
    looked_at: int
    unread: int
    total: int
    next: Cursor | None
    lost: bool


@dataclass(frozen=True, slots=True)
class Seek:
    """One state of one queue, from an end to the other."""

    instance: Instance
    queue: Queue
    state: State
    sieve: Sieve
    order: Order = "newest"

    async def step(self, cursor: Cursor | None, most: int, size: int | None = None) -> Slice:
        """The next slice, of `size` jobs, cut short behind the `most`-th that fits. Raises Unavailable."""
        if (id := only_id(self.sieve.query)) is not None:
            return await self._straight(in_redis(id))
        start = cursor or self._beginning()
        listed = await self._list(start, min(SLICE, size or SLICE))
        placed = self._within([Placed(id, self.state, score) for id, score in listed.members])
        sifted = await self.sieve.sift(self.instance, self.queue, placed)
        ended = len(placed) < len(listed.members)
        if len(sifted.fitting) <= most:
            following = None if ended else listed.next
            return Slice(sifted.fitting, len(placed), len(sifted.unread), listed.total, following, listed.lost)
        return await self._cut(start, listed, placed, Sifted(sifted.fitting[:most], sifted.unread))

    async def _straight(self, id: bytes | None) -> Slice:
        """The one job that can be meant, wherever it stands."""
        place = None if id is None else (await locate(self.instance, self.queue, [id]))[id]
        placed = [place.placed] if place is not None and place.placed.state is self.state else []
        sifted = await self.sieve.sift(self.instance, self.queue, placed)
        return Slice(sifted.fitting, 1, len(sifted.unread), 1, None, lost=False)

    async def _cut(self, start: Cursor | None, listed: Listed, placed: list[Placed], sifted: Sifted) -> Slice:
        """The slice up to the last of these, so that the next one begins right behind it."""
        until = placed.index(sifted.fitting[-1]) + 1
        unread = sum(job.id in sifted.unread for job in placed[:until])
        shorter = await self._list(start, until)
        return Slice(sifted.fitting, until, unread, listed.total, shorter.next, listed.lost)

    async def _list(self, cursor: Cursor | None, limit: int) -> Listed:
        sought = Sought(self.state, self.order, limit, cursor)
        return await list_ids(self.instance, self.queue.id.base, contract(self.queue.identity), sought)

    def _within(self, placed: list[Placed]) -> list[Placed]:
        """Without those behind the last score that can fit."""
        if self.state in LISTS:
            return placed
        low, high = scores(self.sieve.query, self.state)
        return [job for job in placed if low <= float(job.score or 0) <= high]

    def _beginning(self) -> Cursor | None:
        """Where the first job stands that can fit; None for the very beginning."""
        if self.state in LISTS:
            return None
        low, high = scores(self.sieve.query, self.state)
        edge, beyond = (high, _LAST) if self.order == "newest" else (low, _FIRST)
        if math.isinf(edge):
            return None
        return Cursor(self.state, self.order, (beyond,), score=b"%.0f" % edge)
