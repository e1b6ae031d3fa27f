"""What is asked of a queue only now and then, and only for metrics: its schedulers, and active jobs without a lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.events.seen import QueueLook, Scheduler
from core.instance import Instance, pack
from core.model import Queue, QueueId, State
from core.text import integer, text

# Active jobs that are looked at: the oldest ones, which are the first to lose their locks.
MOST_ACTIVE = 100
MOST_SCHEDULERS = 100
# Queues whose answers come in one round trip.
TOGETHER = 50
_FIELDS = (b"name", b"pattern", b"cron", b"every", b"tz", b"ic")


async def look(instance: Instance, queues: Sequence[Queue]) -> dict[QueueId, QueueLook]:
    """Look at these queues. Raises Unavailable."""
    found: dict[QueueId, QueueLook] = {}
    for start in range(0, len(queues), TOGETHER):
        some = queues[start : start + TOGETHER]
        without, schedulers = await _without_lock(instance, some), await _schedulers(instance, some)
        found |= {queue.id: QueueLook(without[queue.id], schedulers[queue.id]) for queue in some}
    return found


async def _without_lock(instance: Instance, queues: Sequence[Queue]) -> dict[QueueId, int]:
    """How many of each queue's oldest active jobs no worker holds a lock on."""
    running = [queue.id for queue in queues if queue.counts.get(State.ACTIVE)]
    oldest = await instance.read([pack(b"LRANGE", id.base + b"active", -MOST_ACTIVE, -1) for id in running])
    jobs = [(id, job_id) for id, ids in zip(running, oldest, strict=True) for job_id in ids or ()]
    locks = await instance.read([pack(b"EXISTS", id.base + job_id + b":lock") for id, job_id in jobs])
    without = dict.fromkeys((queue.id for queue in queues), 0)
    for (id, _), locked in zip(jobs, locks, strict=True):
        without[id] += not locked
    return without


async def _schedulers(instance: Instance, queues: Sequence[Queue]) -> dict[QueueId, tuple[Scheduler, ...]]:
    """The schedulers of each queue that are due first."""
    ids = [queue.id for queue in queues]
    members = [pack(b"ZRANGE", id.base + b"repeat", 0, MOST_SCHEDULERS - 1, b"WITHSCORES") for id in ids]
    found = [
        (id, key, score)
        for id, reply in zip(ids, await instance.read(members), strict=True)
        for key, score in zip((reply or ())[::2], (reply or ())[1::2], strict=True)
    ]
    hashes = await instance.read([pack(b"HMGET", id.base + b"repeat:" + key, *_FIELDS) for id, key, _ in found])
    schedulers: dict[QueueId, list[Scheduler]] = {id: [] for id in ids}
    for (id, key, score), fields in zip(found, hashes, strict=True):
        schedulers[id].append(_scheduler(key, integer(score) or 0, fields or [None] * len(_FIELDS)))
    return {id: tuple(each) for id, each in schedulers.items()}


def _scheduler(key: bytes, next_run: int, fields: Sequence[Any]) -> Scheduler:
    name, pattern, cron, every, zone, iterations = fields
    return Scheduler(
        key=text(key),
        name=text(name or b""),
        pattern=text(pattern or cron or b""),
        every=text(every or b""),
        zone=text(zone or b""),
        next_run=next_run,
        iterations=integer(iterations),
    )
