"""Jobs by their id, in any queue: looked up at once instead of searched for."""

from __future__ import annotations

from collections.abc import Iterable

from core.instance import pack
from core.jobs.rows import Placed
from core.jobs.whereabouts import locate
from core.model import Queue
from core.query.query import Like, Query, Term
from core.search.bounds import in_redis, only_id
from core.sight import Sight


def looked_up(query: Query) -> str | None:
    """The id that the words ask for, or, where they are one free word, may be meant to be."""
    clause = query.clause
    if isinstance(clause, Term) and not clause.field and isinstance(clause.test, Like):
        return clause.test.pattern.literal
    return only_id(query)


async def places_by_id(sight: Sight, queues: Iterable[Queue], id: str) -> list[tuple[Queue, Placed]]:
    """Where jobs of this id stand, the states that cannot be told left out. Raises Unavailable."""
    found, all_of_them, raw = list[tuple[Queue, Placed]](), list(queues), in_redis(id)
    if raw is None:
        return found
    for name in {queue.id.instance for queue in all_of_them}:
        mine = [queue for queue in all_of_them if queue.id.instance == name]
        instance = sight.present(name)
        # Every library writes it on adding a job.
        there = await instance.read([pack(b"HEXISTS", queue.id.base + raw, b"timestamp") for queue in mine])
        for queue in (queue for queue, known in zip(mine, there, strict=True) if known):
            place = (await locate(instance, queue, [raw]))[raw]
            found += [(queue, place.placed)] if place is not None and place.placed.state in queue.counts else []
    return found
