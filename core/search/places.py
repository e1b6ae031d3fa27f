"""Where a search looks: the states of the queues that its words leave, each with how far it is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.dialects.contract import LISTS, contract
from core.instance import pack
from core.jobs.cursor import Cursor
from core.model import Queue, QueueId, State
from core.query.query import Query
from core.search.bounds import may_be_in, scores, states
from core.search.search import Wish
from core.sight import Sight


@dataclass(slots=True)
class Place:
    """One state of one queue. `total` jobs stand there that can fit at all."""

    queue: QueueId
    state: State
    total: int
    looked_at: int = 0
    cursor: Cursor | None = None
    over: bool = False


def queues_of(sight: Sight, wish: Wish, query: Query) -> list[Queue]:
    """The queues in which a job that fits can be. Raises NotFound for one that was named and is not there."""
    named = sight.queues() if wish.queues is None else [sight.queue(id) for id in wish.queues]
    return [queue for queue in named if may_be_in(query, queue.id)]


def places_of(queues: Iterable[Queue], wish: Wish, query: Query) -> list[Place]:
    """Those of their states in which there are jobs, the largest last: what is small is looked through at once."""
    wanted = [state for state in states(query) if wish.states is None or state in wish.states]
    found = [
        Place(queue.id, state, queue.counts[state]) for queue in queues for state in wanted if queue.counts.get(state)
    ]
    return sorted(found, key=lambda place: place.total)


async def count_within(sight: Sight, places: Iterable[Place], query: Query) -> None:
    """Let each place know how many of its jobs have a score that fits. Raises Unavailable."""
    bounded = [place for place in places if place.state not in LISTS and _is_bounded(query, place.state)]
    for name in {place.queue.instance for place in bounded}:
        mine = [place for place in bounded if place.queue.instance == name]
        replies = await sight.present(name).read([_count(sight, place, query) for place in mine])
        for place, count in zip(mine, replies, strict=True):
            place.total = count or 0


def _count(sight: Sight, place: Place, query: Query) -> bytes:
    key = place.queue.base + contract(sight.queue(place.queue).identity).keys[place.state]
    return pack(b"ZCOUNT", key, *(b"%f" % score for score in scores(query, place.state)))


def _is_bounded(query: Query, state: State) -> bool:
    return scores(query, state) != (float("-inf"), float("inf"))
