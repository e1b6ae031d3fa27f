"""The ids of one page of a state, in order, with the cursor that continues it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.dialects.contract import LISTS, Contract, is_marker
from core.instance import Instance, pack
from core.jobs.cursor import Cursor
from core.model import State

Order = Literal["newest", "oldest"]
# A list shifts between two pages by what was added and taken; this far around the expected place we look first.
NEAR = 256
# Then this far from the list's end: about 2 ms of Redis' time at most.
FAR = 50_000
ANCHORS = 5
# Jobs that share a millisecond are read through in pieces of this many.
TIES = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """The ids of a page with their scores (None in lists), whether more follow, and whether the place was lost."""

    members: tuple[tuple[bytes, bytes | None], ...]
    next: Cursor | None
    total: int
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """Which page is wanted."""

    state: State
    order: Order
    limit: int
    cursor: Cursor | None


async def list_ids(instance: Instance, base: bytes, notions: Contract, sought: Sought) -> Listed:
    """One page of ids. Cost does not grow with depth, except for a list that moved far since the page before."""
    key = base + notions.keys[sought.state]
    if sought.state in LISTS:
        return await _from_list(instance, key, sought, markers=notions.list_markers)
    return await _from_set(instance, key, sought)


async def _from_list(instance: Instance, key: bytes, sought: Sought, *, markers: bool) -> Listed:
    start, lost = await _list_start(instance, key, sought)
    length, members = await instance.read([pack(b"LLEN", key), _range(key, sought, start, sought.limit + 1)])
    found = _in_order(members, sought.order)
    page, more = found[: sought.limit], len(found) > sought.limit
    shown = tuple((m, None) for m in page if not (markers and is_marker(m)))
    following = Cursor(sought.state, sought.order, tuple(page[-ANCHORS:]), b"", start + len(page)) if more else None
    return Listed(shown, following, length if isinstance(length, int) else 0, lost)


def _range(key: bytes, sought: Sought, start: int, count: int) -> bytes:
    """`count` members from `start` on; new jobs come in at the head, so "newest" counts from there."""
    if sought.order == "newest":
        return pack(b"LRANGE", key, start, start + count - 1)
    return pack(b"LRANGE", key, -(start + count), -(start + 1))


def _in_order(members: Any, order: Order) -> list[bytes]:
    found = list(members) if isinstance(members, list) else []
    return found if order == "newest" else found[::-1]


async def _list_start(instance: Instance, key: bytes, sought: Sought) -> tuple[int, bool]:
    """Where the page begins: behind the last job of the page before, wherever that job is now."""
    cursor = sought.cursor
    if cursor is None:
        return 0, False
    first = max(0, cursor.index - NEAR)
    (window,) = await instance.read([_range(key, sought, first, NEAR * 2)])
    near = {member: first + place for place, member in enumerate(_in_order(window, sought.order))}
    for anchor in reversed(cursor.anchors):
        if anchor in near:
            return near[anchor] + 1, False
    return await _find_far(instance, key, sought, cursor)


async def _find_far(instance: Instance, key: bytes, sought: Sought, cursor: Cursor) -> tuple[int, bool]:
    rank = 1 if sought.order == "newest" else -1
    for anchor in reversed(cursor.anchors):
        length, place = await instance.read(
            [pack(b"LLEN", key), pack(b"LPOS", key, anchor, b"RANK", rank, b"MAXLEN", FAR)]
        )
        if isinstance(place, int):
            return (place if rank == 1 else length - 1 - place) + 1, False
    return cursor.index, True


async def _from_set(instance: Instance, key: bytes, sought: Sought) -> Listed:
    (total,) = await instance.read([pack(b"ZCARD", key)])
    found = await _first(instance, key, sought) if sought.cursor is None else await _after(instance, key, sought)
    page, more = found[: sought.limit], len(found) > sought.limit
    following = None
    if more:
        anchors = tuple(member for member, _ in page[-1:])
        following = Cursor(sought.state, sought.order, anchors, page[-1][1])
    return Listed(tuple(page), following, total or 0)


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
    anchor = cursor.anchors[-1] if cursor.anchors else b""
    verb = b"ZREVRANK" if sought.order == "newest" else b"ZRANK"
    rank, score = await instance.read([pack(verb, key, anchor), pack(b"ZSCORE", key, anchor)])
    if isinstance(rank, int) and score == cursor.score:
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
