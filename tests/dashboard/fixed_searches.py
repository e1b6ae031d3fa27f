"""The searches of a fixed herd: through at once, over the jobs that it was given; those in `held` are as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import Conflict, NotFound
from core.job import JobRow
from core.model import QueueId, State
from core.query.matching import fits
from core.query.parser import parse
from core.search.bounds import may_be_in
from core.search.search import OVER, Hit, Search, Status, Wish
from core.search.searches import Searches
from tests.dashboard.fixed_candidate import FixedCandidate

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd

LIVE, FULL = "live-search", "full-search"
_HIT = Hit(QueueId("default", "bull", "mail"), JobRow("3", State.FAILED, name="send", failed_reason="ECONNRESET"))


def half_way(id: str = LIVE, status: Status = Status.RUNNING, said: str = "ECONNRESET") -> Search:
    """A search that is under way."""
    wish, at = Wish(said), 1_700_000_000_000
    return Search(id, wish, at, status, (_HIT,), 120_000, 1_000_000, 3, rate=30_000.0, seconds_left=29.3)


class FixedSearches(Searches):
    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.held = {LIVE: half_way(), FULL: half_way(FULL, Status.FULL)}
        self.looks: list[str] = []

    def start(self, wish: Wish) -> Search:
        query = parse(wish.said)
        for queue in wish.queues or ():
            self._herd.queue(queue)
        jobs = [job for job in self._herd.contents if may_be_in(query, job.queue)]
        jobs = [job for job in jobs if wish.queues is None or job.queue in wish.queues]
        jobs = [job for job in jobs if wish.states is None or job.row.state in wish.states]
        hits = tuple(Hit(job.queue, job.row) for job in jobs if fits(query, FixedCandidate(job)))
        id = f"search-{len(self.held)}"
        trouble = " ".join(f"{name} cannot be reached." for name in self._herd.down)
        status = Status.FAILED if trouble else Status.DONE
        seen = Search(id, wish, 1_700_000_000_000, status, hits, len(jobs), len(jobs), 1, trouble=trouble)
        return self._put(seen)

    def same(self, wish: Wish) -> Search:
        return next((self.get(seen.id) for seen in self.held.values() if seen.wish == wish), None) or self.start(wish)

    def get(self, id: str) -> Search:
        self.looks.append(id)
        if id not in self.held:
            raise NotFound("There is no such search (any more).")
        return self.held[id]

    async def settled(self, id: str, patience: float) -> Search:
        return self.get(id)

    def pause(self, id: str) -> Search:
        return self._become(id, Status.PAUSED)

    def resume(self, id: str) -> Search:
        return self._become(id, Status.RUNNING)

    def cancel(self, id: str) -> Search:
        return self._become(id, Status.CANCELLED)

    def older(self, id: str) -> Search:
        if self.get(id).status is not Status.FULL:
            raise Conflict("This search has not found as many jobs as it may hold.")
        return self._put(half_way(f"{id}-older"))

    def _become(self, id: str, status: Status) -> Search:
        seen = self.get(id)
        if seen.status in OVER and status is not Status.CANCELLED:
            raise Conflict(f"This search is {seen.status}: it does not go on.")
        return self._put(replace(seen, status=status))

    def _put(self, seen: Search) -> Search:
        self.held[seen.id] = seen
        return seen
