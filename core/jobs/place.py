"""Where in a list the next page begins: behind the jobs of the page before and ahead of those that followed it,
wherever they are now. The list shifts with every job added or taken, so a number of places would not do.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any

from core.instance import Instance, pack
from core.jobs.cursor import LONGEST_ID, Cursor, carried

# A list shifts between two pages by what was added and taken; this far around the expected place we look first.
NEAR = 256
# Then this far from the list's end: about 2 ms of Redis' time at most for each of `TRIES` jobs.
FAR = 50_000
TRIES = 4


def span(key: bytes, start: int, count: int, *, newest: bool) -> bytes:
    """`count` members from `start` on; new jobs come in at the head, so "newest" counts from there."""
    if newest:
        return pack(b"LRANGE", key, start, start + count - 1)
    return pack(b"LRANGE", key, -(start + count), -(start + 1))


def in_order(members: Any, *, newest: bool) -> list[bytes]:
    """The answer to `span`, nearest first."""
    found = list(members) if isinstance(members, list) else []
    return found if newest else found[::-1]


async def find_place(instance: Instance, key: bytes, cursor: Cursor, *, newest: bool) -> tuple[int, bool]:
    """The place at which to go on, and whether it is a guess because nearly all jobs that would tell are gone."""
    place = await _around(instance, key, cursor, cursor.index, newest=newest)
    if place is None:
        place = await _far(instance, key, cursor, newest=newest)
    if place is not None:
        return place, False
    return await _guess(instance, key, cursor, newest=newest), True


async def _around(instance: Instance, key: bytes, cursor: Cursor, expected: int, *, newest: bool) -> int | None:
    first = max(0, expected - NEAR)
    (window,) = await instance.read([span(key, first, NEAR * 2, newest=newest)])
    places = {carried(member): first + at for at, member in enumerate(in_order(window, newest=newest))}
    return agreed(
        [places[id] for id in cursor.anchors if id in places],
        [places[id] for id in cursor.following if id in places],
        told=len(cursor.anchors) + len(cursor.following),
    )


def agreed(before: Sequence[int], behind: Sequence[int], *, told: int) -> int | None:
    """The place that most of these put after `before` and not after `behind`: a job that went round is outvoted.

    None where of `told` jobs only one is there: it may be just the one that moved.
    """
    candidates = sorted({*(place + 1 for place in before), *behind})
    votes = {c: sum(place < c for place in before) + sum(place >= c for place in behind) for c in candidates}
    best = max(candidates, key=votes.__getitem__, default=None)
    if best is None or (votes[best] == 1 and told > 3):
        return None
    return best


async def _far(instance: Instance, key: bytes, cursor: Cursor, *, newest: bool) -> int | None:
    rank = 1 if newest else -1
    telling = chain.from_iterable(zip_longest(reversed(cursor.anchors), cursor.following))
    for id in [id for id in telling if id is not None and len(id) <= LONGEST_ID][:TRIES]:
        search = pack(b"LPOS", key, id, b"RANK", rank, b"MAXLEN", FAR)
        length, found = await instance.read([pack(b"LLEN", key), search])
        if isinstance(found, int):
            there = found if newest else length - 1 - found
            place = await _around(instance, key, cursor, there, newest=newest)
            if place is not None:
                return place
    return None


async def _guess(instance: Instance, key: bytes, cursor: Cursor, *, newest: bool) -> int:
    """Workers take from the end at which "oldest" begins: when its first job is gone too, all up to us were taken."""
    (first,) = await instance.read([span(key, 0, 1, newest=newest)])
    taken = not newest and [carried(id) for id in in_order(first, newest=newest)] != [cursor.edge]
    return 0 if taken else cursor.index
