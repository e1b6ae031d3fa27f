"""The ids of one page of a state, in order, with the cursor that continues it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.dialects.contract import LISTS, Contract, is_marker
from core.instance import Instance, pack
from core.jobs.cursor import LONGEST_ID, Cursor, carried
from core.jobs.place import find_place, in_order, span
from core.model import State

Order = Literal["newest", "oldest"]
# How many jobs on either side of a page's end are remembered: more than are likely to go at once.
ANCHORS = 6
# Jobs that share a millisecond are read through in pieces of this many.
TIES = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """The ids of a page with their scores (None in lists), whether more follow, and whether the place was lost.
    `unread`: under the state's key lies something that no library puts there."""

    members: tuple[tuple[bytes, bytes | None], ...]
    next: Cursor | None
    total: int
    lost: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """Which page is wanted."""

    state: State
    order: Order
    limit: int
    cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The same as a person asks for it: `cursor` is the text that the page before gave."""

    state: State
    order: Order = "newest"
    limit: int = 50
    cursor: str | None = None


async def list_ids(instance: Instance, base: bytes, notions: Contract, sought: Sought) -> Listed:
    """One page of ids. Cost does not grow with depth, except for a list that moved far since the page before."""
    key = base + notions.keys[sought.state]
    if sought.state in LISTS:
        return await _from_list(instance, key, sought, markers=notions.list_markers)
    return await _from_set(instance, key, sought)


async def _from_list(instance: Instance, key: bytes, sought: Sought, *, markers: bool) -> Listed:
    newest, cursor = sought.order == "newest", sought.cursor
    start, lost = (0, False) if cursor is None else await find_place(instance, key, cursor, newest=newest)
    length, members, edge = await instance.read(
        [
            pack(b"LLEN", key),
            span(key, start, sought.limit + ANCHORS, newest=newest),
            span(key, 0, 1, newest=newest),
        ]
    )
    found = in_order(members, newest=newest)
    jobs = [
        [m for m in part if not (markers and is_marker(m))] for part in (found[: sought.limit], found[sought.limit :])
    ]
    following = None
    if len(found) > sought.limit:
        anchors = (*(cursor.anchors if cursor else ()), *map(carried, jobs[0]))[-ANCHORS:]
        following = Cursor(
            sought.state,
            sought.order,
            anchors,
            tuple(map(carried, jobs[1])),
            edge=carried(next(iter(in_order(edge, newest=newest)), b"")),
            index=start + sought.limit,
        )
    return Listed(tuple((job, None) for job in jobs[0]), following, length or 0, lost, length is None)


async def _from_set(instance: Instance, key: bytes, sought: Sought) -> Listed:
    (total,) = await instance.read([pack(b"ZCARD", key)])
    found = await _first(instance, key, sought) if sought.cursor is None else await _after(instance, key, sought)
    page, more = found[: sought.limit], len(found) > sought.limit
    following = None
    if more:
        following = await _end_of_set(instance, key, sought, page[-1])
    return Listed(tuple(page), following, total or 0, unread=total is None)


async def _end_of_set(instance: Instance, key: bytes, sought: Sought, last: tuple[bytes, bytes]) -> Cursor:
    member, score = last
    if len(member) <= LONGEST_ID:
        return Cursor(sought.state, sought.order, (member,), score=score)
    rank = await _rank(instance, key, sought, member)
    return Cursor(sought.state, sought.order, (), score=score, index=0 if rank is None else rank + 1)


async def _rank(instance: Instance, key: bytes, sought: Sought, member: bytes) -> int | None:
    (rank,) = await instance.read([pack(b"ZREVRANK" if sought.order == "newest" else b"ZRANK", key, member)])
    return rank if isinstance(rank, int) else None


async def _first(instance: Instance, key: bytes, sought: Sought) -> list[tuple[bytes, bytes]]:
    return await _ranked(instance, key, sought, 0)


async def _ranked(instance: Instance, key: bytes, sought: Sought, rank: int) -> list[tuple[bytes, bytes]]:
    verb = b"ZREVRANGE" if sought.order == "newest" else b"ZRANGE"
    (reply,) = await instance.read([pack(verb, key, rank, rank + sought.limit, b"WITHSCORES")])
    return _pairs(reply)


async def _after(instance: Instance, key: bytes, sought: Sought) -> list[tuple[bytes, bytes]]:
    """What follows the last job of the page before: by its rank while it is there, else by its score and id."""
    cursor = sought.cursor
    assert cursor is not None  # noqa: S101 # asked for only with one
    if not cursor.anchors:
        return await _ranked(instance, key, sought, cursor.index)
    anchor = cursor.anchors[-1]
    rank = await _rank(instance, key, sought, anchor)
    (score,) = await instance.read([pack(b"ZSCORE", key, anchor)])
    if rank is not None and score == cursor.score:
        return await _ranked(instance, key, sought, rank + 1)
    return await _behind(instance, key, sought, (cursor.score, anchor))


async def _behind(
    instance: Instance, key: bytes, sought: Sought, last: tuple[bytes, bytes]
) -> list[tuple[bytes, bytes]]:
    """Members after a job that is gone. Those of equal score are ordered by their bytes, as Redis orders them."""
    newest = sought.order == "newest"
    verb, end = (b"ZREVRANGEBYSCORE", b"-inf") if newest else (b"ZRANGEBYSCORE", b"+inf")
    found: list[tuple[bytes, bytes]] = []
    offset, size = 0, sought.limit + 1 + TIES
    while len(found) <= sought.limit:
        (reply,) = await instance.read([pack(verb, key, last[0], end, b"WITHSCORES", b"LIMIT", offset, size)])
        piece = _pairs(reply)
        found += [(m, s) for m, s in piece if s != last[0] or (m < last[1] if newest else m > last[1])]
        offset += size
        if len(piece) < size:
            break
    return found


def _pairs(reply: Sequence[bytes] | None) -> list[tuple[bytes, bytes]]:
    reply = reply or ()
    return list(zip(reply[::2], reply[1::2], strict=True))
