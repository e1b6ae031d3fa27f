"""The event engine of one instance: who is followed in which way, how often, and what was counted.

It begins to count when it starts. What the streams still hold from before only tells which jobs are under way, so a
restart neither counts a job twice nor makes a counter jump.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from core.errors import Unavailable
from core.events.bull import BullStory, Message
from core.events.follower import Follower
from core.events.happening import Happening, happenings, of_message
from core.events.listener import Listener
from core.events.looks import look
from core.events.options import Options
from core.events.reasons import Reasons
from core.events.retained import Sampled, sample, sampled
from core.events.seen import Following, QueueLook, QueueSeen, Source
from core.events.story import Story
from core.events.stream import KEPT, Stream
from core.events.tally import Tally
from core.instance import Instance
from core.model import Dialect, Queue, QueueId
from core.snapshot import Reading
from core.text import raw_bytes

log = logging.getLogger("tickbird.core.events")

# Seconds between two rounds: while events come, while none do (the longer the less), and when streams overflow.
BUSY, IDLE, HURRY = 0.25, 0.5, 0.05
AWAY = 1.0
LOOK_EVERY = 10.0
SAMPLE_EVERY = 5.0
# A stream that is kept shorter than this is not followed: it is trimmed faster than anybody can read it.
TINY = 100
# When there are too many jobs under way to remember, this many more are let go, so that it is not done at every round.
ROOM = 1_000


class Engine:
    """`reading` gives the last reading of the instance, whose queues are followed. `light`: for those who watch, from
    now on; nothing is asked that only counters need."""

    def __init__(
        self, instance: Instance, reading: Callable[[], Reading | None], options: Options, *, light: bool = False
    ) -> None:
        self._instance = instance
        self._reading = reading
        self._options = options
        self._light = light
        self._reasons = Reasons(options.reasons)
        self._events: Counter[bytes] = Counter()
        self._tallies: dict[QueueId, Tally] = {}
        self._follower = Follower(instance, self._streamed)
        self._listener = Listener(instance, self._bulls_story, self._heard)
        self._bulls: dict[bytes, BullStory] = {}
        self._sampled: dict[QueueId, Sampled] = {}
        self._looks: dict[QueueId, QueueLook] = {}
        self._met: Reading | None = None
        self._queues: dict[QueueId, Queue] = {}
        self._bull_queues: dict[bytes, Queue] = {}
        self._counts_from: int | None = None
        self._evicted = self._limited = 0
        self.listeners: list[Callable[[Happening], None]] = []
        self._listener.verbatim = lambda: bool(self.listeners)

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_on())
            tasks.create_task(self._listener.run(self._bulls_lost))
            if not self._light:
                tasks.create_task(self._every(LOOK_EVERY, self._look))
                tasks.create_task(self._every(SAMPLE_EVERY, self._sample))

    def seen(self, id: QueueId) -> QueueSeen | None:
        """What was seen of a queue; None for one that is not followed yet."""
        tally = self._tallies.get(id)
        return tally.frozen() if tally else None

    def looked(self, id: QueueId) -> QueueLook | None:
        """What was last asked of a queue besides; None before the first time."""
        return self._looks.get(id)

    def following(self) -> Following:
        """How well this instance is followed."""
        refusals = [stream.refused for stream in self._follower.streams.values() if stream.refused]
        return Following(
            since=self._counts_from,
            events={kind.decode(): count for kind, count in self._events.items()},
            lag=self._follower.lag,
            tracked=self._tracked(),
            evicted=self._evicted,
            limited=self._limited + sum(tally.limited for tally in self._tallies.values()),
            refusals=tuple(filter(None, (*refusals[:1], self._listener.refused))),
        )

    async def _follow_on(self) -> None:
        pause = BUSY
        while True:
            try:
                read = await self._round()
                pause = HURRY if self._follower.hurry else BUSY if read else min(IDLE, pause * 1.5)
            except Unavailable as trouble:
                log.debug("events of %s: %s", self._instance.name, trouble.message)
                self._follower.look_soon()
                pause = AWAY
            except Exception:  # a fault of ours must not end the following; the log says what happened
                log.exception("following the events of %s failed", self._instance.name)
                pause = AWAY
            await asyncio.sleep(pause)

    async def _round(self) -> int:
        if self._counts_from is None:
            seconds, microseconds = await self._instance.ask("TIME")
            self._counts_from = int(seconds) * 1000 + int(microseconds) // 1000
        self._meet(self._counts_from)
        read = await self._follower.round()
        for stream in self._follower.streams.values():
            self._note(stream)
        self._make_room()
        return read

    async def _every(self, seconds: float, work: Callable[[], Any]) -> None:
        while True:
            try:
                await work()
            except Unavailable as trouble:
                log.debug("events of %s: %s", self._instance.name, trouble.message)
            except Exception:  # the same: what cannot be read now may be read the next time
                log.exception("looking at the queues of %s failed", self._instance.name)
            await asyncio.sleep(seconds if self._queues else BUSY)

    async def _look(self) -> None:
        self._looks = await look(self._instance, list(self._queues.values()))

    async def _sample(self) -> None:
        now = time.time_ns() // 1_000_000
        for queue in list(self._queues.values()):
            if self._is_told_by_jobs(queue):
                tally = self._tally(queue.id, Source.RETAINED)
                await sample(self._instance, self._sampled.setdefault(queue.id, sampled(queue, tally, now)), now)
            else:
                self._sampled.pop(queue.id, None)

    def _meet(self, counts_from: int) -> None:
        """Take in which queues there are now, when that was read anew."""
        reading = self._reading()
        if reading is None or reading is self._met:
            return
        self._met = reading
        self._queues = {queue.id: queue for queue in reading.queues}
        self._bull_queues = {queue.id.base: queue for queue in reading.queues if _is_bull(queue)}
        self._forget()
        for queue in reading.queues:
            if _is_bull(queue):
                self._tally(queue.id, Source.RETAINED if self._listener.refused else Source.PUBSUB)
            elif _is_tiny(queue):
                self._tally(queue.id, Source.RETAINED)
            else:
                self._follow(queue, counts_from)
        self._listener.want({raw_bytes(queue.id.prefix) for queue in self._bull_queues.values()})

    def _follow(self, queue: Queue, counts_from: int) -> None:
        stream = self._follower.streams.get(queue.id.base)
        if stream is None or stream.id != queue.id:
            story = Story(self._tally(queue.id, Source.STREAM), self._events)
            stream = self._follower.streams[queue.id.base] = Stream(queue.id, story, counts_from, from_now=self._light)
        stream.kept = KEPT if queue.max_events is None else max(TINY, queue.max_events)

    def _forget(self) -> None:
        """What was obliterated, or is followed in another way now."""
        followed = {queue.id for queue in self._queues.values() if not _is_bull(queue) and not _is_tiny(queue)}
        streams = self._follower.streams
        self._follower.streams = {base: stream for base, stream in streams.items() if stream.id in followed}
        self._bulls = {base: story for base, story in self._bulls.items() if base in self._bull_queues}
        gone = [id for id in self._tallies if id not in self._queues]
        for id in gone:
            self._limited += self._tallies.pop(id).limited
            self._sampled.pop(id, None)

    def _tally(self, id: QueueId, source: Source) -> Tally:
        tally = self._tallies.get(id)
        if tally is None:
            timed = self._options.is_timed(id)
            tally = Tally(source, self._reasons, most_names=self._options.most_names, timed_names=timed)
            self._tallies[id] = tally
        tally.follow(source)
        return tally

    def _note(self, stream: Stream) -> None:
        tally, position = stream.story.tally, stream.position
        tally.lose(position.lost, position.gaps, position.length)
        tally.follow(Source.RETAINED if stream.refused else Source.STREAM)

    def _is_told_by_jobs(self, queue: Queue) -> bool:
        if _is_bull(queue):
            return bool(self._listener.refused)
        stream = self._follower.streams.get(queue.id.base)
        return _is_tiny(queue) or (stream is not None and bool(stream.refused))

    def _bulls_story(self, base: bytes) -> BullStory | None:
        story = self._bulls.get(base)
        queue = None if story else self._bull_queues.get(base)
        if queue is not None:
            story = self._bulls[base] = BullStory(self._tally(queue.id, Source.PUBSUB), self._events)
        return story

    def _bulls_lost(self) -> None:
        for story in self._bulls.values():
            story.forget_times()
            lost, gaps, length = story.tally.loss
            story.tally.lose(lost, gaps + 1, length)

    def _streamed(self, stream: Stream, entries: Sequence[Any]) -> None:
        if self.listeners:
            for happening in happenings(stream.id, entries, self._counts_from or 0, stream.story.name):
                self._tell(happening)

    def _heard(self, base: bytes, message: Message) -> None:
        queue = self._bull_queues.get(base) if self.listeners else None
        if queue is not None:
            story = self._bulls.get(base)
            self._tell(of_message(queue.id, message, story.name if story else lambda _: None))

    def _tell(self, happening: Happening) -> None:
        for listener in self.listeners:
            try:
                listener(happening)
            except Exception:  # who watches must not end the following; the log says what happened
                log.exception("telling of an event of %s failed", self._instance.name)

    def _tracked(self) -> int:
        return sum(len(story.jobs) for story in self._stories())

    def _stories(self) -> list[Story | BullStory]:
        return [*(stream.story for stream in self._follower.streams.values()), *self._bulls.values()]

    def _make_room(self) -> None:
        """Keep to the limit: what the longest line has remembered for the longest goes first."""
        stories = self._stories()
        over = sum(len(story.jobs) for story in stories) - self._options.most_tracked
        if over > 0:
            self._evicted += max(stories, key=lambda story: len(story.jobs)).evict(over + ROOM)


def _is_bull(queue: Queue) -> bool:
    return queue.identity.dialect is Dialect.BULL


def _is_tiny(queue: Queue) -> bool:
    return queue.max_events is not None and queue.max_events < TINY
