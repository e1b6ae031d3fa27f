"""The jobs that wait for children, over many queues of one instance, those that wait longest first.

Each queue keeps them in a sorted set by the time since which they wait, so pages of all queues are merged by it. The
cursor holds that time and the last job's key; nothing is skipped or shown twice when others come or go.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Invalid
from core.flows.lens import Lens, Spot
from core.instance import pack
from core.model import Queue
from core.text import raw_bytes, text

# Jobs that wait for the same time are read through in pieces of this many.
TIES = 200
_BAD = "This cursor is not one that a page of flows gave."
# A time, and the instance and key of its job: by these flows are ordered.
Place = tuple[float, str, bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """A job that waits for its children, and where it stands in the order of all."""

    place: Place
    spot: Spot


def encode(place: Place) -> str:
    """The place behind which to go on, as an opaque text."""
    return base64.urlsafe_b64encode(json.dumps([place[0], place[1], text(place[2])]).encode()).decode().rstrip("=")


def decode(value: str) -> Place:
    """The place in this text. Raises Invalid."""
    try:
        score, name, key = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
        return float(score), str(name), raw_bytes(key)
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise Invalid(_BAD, "Begin again without one.") from error


async def oldest(lens: Lens, queues: Sequence[Queue], limit: int, after: Place | None) -> list[Found]:
    """The first `limit` of these queues behind that place, in order."""
    if not queues:
        return []
    start = b"-inf" if after is None else repr(after[0]).encode()
    keys = [queue.id.base + b"waiting-children" for queue in queues]
    replies = await lens.instance.read(
        [pack(b"ZRANGEBYSCORE", key, start, b"+inf", b"WITHSCORES", b"LIMIT", 0, limit + TIES) for key in keys]
    )
    found: list[Found] = []
    for queue, key, reply in zip(queues, keys, replies, strict=True):
        mine = _behind(queue, reply or (), after)
        if after is not None and len(mine) < limit and len(reply or ()) == 2 * (limit + TIES):
            mine += await _further(lens, queue, key, after, limit)
        found += mine
    return sorted(found, key=lambda each: each.place)[:limit]


async def _further(lens: Lens, queue: Queue, key: bytes, after: Place, limit: int) -> list[Found]:
    """More jobs wait for exactly as long as the last one shown than one piece holds."""
    found: list[Found] = []
    offset, size = limit + TIES, 5 * TIES
    while len(found) < limit:
        start = repr(after[0]).encode()
        asked = pack(b"ZRANGEBYSCORE", key, start, b"+inf", b"WITHSCORES", b"LIMIT", offset, size)
        (reply,) = await lens.instance.read([asked])
        found += _behind(queue, reply or (), after)
        offset += size
        if len(reply or ()) < 2 * size:
            break
    return found


def _behind(queue: Queue, reply: Sequence[bytes], after: Place | None) -> list[Found]:
    found = []
    for id, score in zip(reply[::2], reply[1::2], strict=True):
        place = float(score), queue.id.instance, queue.id.base + id
        if after is None or place > after:
            found.append(Found(place, Spot(queue.id.base + id, id, queue)))
    return found


async def parts(lens: Lens, spots: Sequence[Spot]) -> list[bool]:
    """Whether each belongs to a larger flow."""
    replies = await lens.instance.read([pack(b"HEXISTS", spot.key, b"parentKey") for spot in spots])
    return [bool(reply) for reply in replies]
