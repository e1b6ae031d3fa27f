"""What the streams still hold from before anybody watched: the newest few events of each queue, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.events.happening import Happening, happenings
from core.instance import Instance, pack
from core.model import Dialect, Queue, QueueId
from core.text import raw_bytes, text

# Queues that are asked in one round trip.
TOGETHER = 50
# Results of any size stand in events: of each queue so many are asked for that its answer stays about below this, going
# by its newest one.
LARGEST_ANSWER = 200_000


async def read_past(instance: Instance, queues: Sequence[Queue], most: int) -> Mapping[QueueId, tuple[Happening, ...]]:
    """Up to `most` of the newest events of each queue, oldest first, named where their jobs are still there."""
    found: dict[QueueId, tuple[Happening, ...]] = {}
    followed = [queue.id for queue in queues if queue.identity.dialect is not Dialect.BULL]
    for start in range(0, len(followed), TOGETHER):
        some = followed[start : start + TOGETHER]
        newest = await instance.read([_newest(id, 1) for id in some])
        counts = [_affordable(entries, most) for entries in newest]
        entries = await instance.read([_newest(id, count) for id, count in zip(some, counts, strict=True)])
        for id, told in zip(some, entries, strict=True):
            found[id] = tuple(happenings(id, (told or ())[::-1], 0, lambda _: None))
    return await _named(instance, found)


def _newest(id: QueueId, count: int) -> bytes:
    return pack(b"XREVRANGE", id.base + b"events", b"+", b"-", b"COUNT", count)


def _affordable(entries: Any, most: int) -> int:
    size = sum(map(len, entries[0][1])) if entries else 0
    return max(1, min(most, LARGEST_ANSWER // max(1, size)))


async def _named(
    instance: Instance, found: Mapping[QueueId, tuple[Happening, ...]]
) -> Mapping[QueueId, tuple[Happening, ...]]:
    nameless = {
        (id, each.job_id): None
        for id, told in found.items()
        for each in told
        if each.job_id is not None and each.name is None
    }
    asked = [pack(b"HGET", id.base + raw_bytes(job_id), b"name") for id, job_id in nameless]
    names = dict(zip(nameless, await instance.read(asked), strict=True))
    return {id: tuple(_with_name(each, names) for each in told) for id, told in found.items()}


def _with_name(each: Happening, names: Mapping[tuple[QueueId, str], Any]) -> Happening:
    raw = names.get((each.queue, each.job_id)) if each.job_id is not None else None
    if not isinstance(raw, bytes):
        return each
    return Happening(each.queue, each.at, each.event, each.job_id, text(raw), each.told, each.mark)
