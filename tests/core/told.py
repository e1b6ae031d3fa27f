"""Event streams written entry by entry, at chosen instants, and what a follower makes of them."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import redis as redis_py

from core.events.follower import Follower
from core.events.reasons import Reasons
from core.events.seen import QueueSeen, Source
from core.events.story import Story
from core.events.stream import Stream
from core.events.tally import Tally
from core.instance import Instance
from core.model import QueueId

MAIL = QueueId("default", "bull", "mail")
# Later than anything the server writes by its own clock, so that entries of tests come last.
LATER = time.time_ns() // 1_000_000 + 86_400_000


class Told:
    """One queue's stream: written by `tell`, read by `read`. What is before `counts_from` is not counted."""

    def __init__(self, redis: redis_py.Redis, instance: Instance, id: QueueId = MAIL, counts_from: int = 0) -> None:
        self._redis = redis
        self.id = id
        self.events: Counter[bytes] = Counter()
        self.tally = Tally(Source.STREAM, Reasons(), most_names=50, timed_names=True)
        self.story = Story(self.tally, self.events)
        self.stream = Stream(id, self.story, counts_from)
        self.follower = Follower(instance, lambda _stream, _entries: None)
        self.follower.streams[id.base] = self.stream

    def tell(self, at: int, event: str, job: str | None = "1", **fields: Any) -> None:
        """An event, so many milliseconds after `LATER`."""
        told: dict[Any, Any] = {"event": event, **({} if job is None else {"jobId": job}), **fields}
        self._redis.xadd(self.stream.key, told, id=f"{LATER + at}-*")

    def hash(self, job: str = "1", **fields: Any) -> None:
        """What the job's hash says."""
        said: dict[Any, Any] = {"name": "welcome", **fields}
        self._redis.hset(self.id.base + job.encode(), mapping=said)

    async def read(self, *, look: bool = False) -> QueueSeen:
        """Follow to the end; `look` asks first how many events there ever were."""
        if look:
            self.follower.look_soon()
        await self.follower.round()
        position = self.stream.position
        self.tally.lose(position.lost, position.gaps, position.length)
        return self.tally.frozen()
