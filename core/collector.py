"""The one reader of an instance: a reading of every queue per tick, published as a value; and the walk beside it.

Nothing here writes to Redis. When Redis goes away the last reading stays, marked with since when and why, and the
next tick tries again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from redis.exceptions import NoPermissionError

from core.clients import Connection, connections, workers_by_queue
from core.clock import skewed, steady, wall
from core.discovery import Walk, connected_command
from core.errors import Unavailable
from core.facts import facts
from core.instance import Instance, pack
from core.interest import Interest
from core.model import Dialect, Health, Queue, QueueId, Verdict, Workers
from core.register import Register
from core.shard import ALL, Shard
from core.snapshot import Reading, RedisFacts
from core.survey.draft import Draft
from core.survey.reachable import left_out, reachable
from core.traffic import Meter
from core.verdict import verdict

log = logging.getLogger("tickbird.core.collector")

# Who is connected and what Redis says of itself change slowly, and CLIENT LIST grows with the clients.
SURROUNDINGS_EVERY = 5.0
# Queues put together without a pause: a page is never held up for longer than a few milliseconds.
AT_ONCE = 100
# Over less than this (seconds) the first walk and the first looks would pass for what goes on every minute.
SHORTEST_WINDOW = 15.0
# A tick that is refused is tried again this soon: recovery is seen within a second or two.
AWAY_INTERVAL = 1.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is not a queue: Redis itself, and who is connected to it. `workers` is None where we may not ask; `waiting`
    leaves out those that never waited for a job."""

    redis: RedisFacts | None = None
    workers: Mapping[bytes, Workers] | None = None
    waiting: Mapping[bytes, Workers] | None = None
    refusals: tuple[str, ...] = ()


class Collector:
    """Reads one instance for as long as it runs, and hands each reading to `publish`."""

    def __init__(
        self,
        instance: Instance,
        interest: Interest,
        publish: Callable[[Reading], None],
        shard: Shard = ALL,
    ) -> None:
        self.instance = instance
        self._interest = interest
        self._publish = publish
        self._walk = Walk(instance, shard)
        self._walk_refused = ""
        self._register = Register(instance, self._walk)
        self._surroundings = Surroundings()
        self._surroundings_at = float("-inf")
        self._skewed = False
        self._meters: dict[QueueId, Meter] = {}
        self._spent: deque[tuple[float, int]] = deque()
        self.reading = Reading(instance.name, None, (), None, self._walk.progress)

    async def run(self) -> None:
        """Tick and walk until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tick_on())
            tasks.create_task(self._walk_on())

    async def _tick_on(self) -> None:
        while True:
            wakes = self._interest.wakes
            await self.read()
            away = self.reading.down_since is not None
            interval = AWAY_INTERVAL if away else self._interest.interval(self.reading.commands)
            await self._interest.sleep(interval, wakes)

    async def _walk_on(self) -> None:
        # The first tick asks who is connected; its answer decides how ambiguous names are split.
        while True:
            await self.search()
            await asyncio.sleep(self._walk.pause)

    async def read(self) -> None:
        """A reading, published; or, where there is none to be had, word of that."""
        try:
            await self.tick()
        except Unavailable as trouble:
            self._away(trouble)
        except Exception as fault:  # a fault of ours must not end the readings, nor pass for fresh data
            strange = Unavailable(f"Tickbird could not make sense of Redis {self.instance.name}: {fault!r}.")
            if self.reading.trouble != strange.message:
                log.exception("a reading of %s failed", self.instance.name)
            self._away(strange)

    async def search(self) -> None:
        """A walk, as far as Redis lets us."""
        try:
            await self.walk()
            self._walk_refused = ""
        except Unavailable:
            log.debug("walk over %s interrupted", self.instance.name)
        except NoPermissionError as refusal:
            self._walk_refused = _refusal("SCAN", refusal)
        except Exception:  # the same: the next walk may fare better, and the log says what happened
            log.exception("a walk over %s failed", self.instance.name)

    async def walk(self) -> None:
        """One pass over the keyspace; what is new is looked at, and the next tick reads it."""
        found = await self._walk.once()
        known = len(self._register.watched)
        await self._register.walked(found)
        await self._register.look_again()
        if len(self._register.watched) > known:
            self._interest.wake()

    async def tick(self) -> None:
        """One reading. Raises Unavailable when Redis does not answer."""
        started, sent = time.monotonic(), self.instance.commands_sent
        if started - self._surroundings_at >= SURROUNDINGS_EVERY:
            await self._look_around()
        started, now = time.monotonic(), time.time_ns() // 1_000_000
        drafts, away = await reachable(self.instance, self._register.watched, now)
        queues = await self._queues(self._living(drafts), now)
        queues = (*queues, *left_out(away, {queue.id: queue for queue in self.reading.queues}))
        self._forget_meters(queues)
        self._back_again()
        self._publish_reading(
            Reading(
                instance=self.instance.name,
                taken_at=now,
                queues=queues,
                redis=self._surroundings.redis,
                discovery=self._walk.progress,
                refusals=self._refusals(),
                interval=self._interest.interval(self.instance.commands_sent - sent),
                seconds=time.monotonic() - started,
                commands=self.instance.commands_sent - sent,
                commands_sent=self.instance.commands_sent,
                commands_per_minute=self._per_minute(),
            )
        )

    def _refusals(self) -> tuple[str, ...]:
        further = (self.instance.away, self._walk_refused, self._register.refusal)
        return (*self._surroundings.refusals, *(refusal for refusal in further if refusal))

    def _living(self, drafts: list[Draft]) -> list[Draft]:
        """Without the queues of which nothing is left: an obliterated one disappears with the next reading."""
        for draft in drafts:
            if draft.is_empty and not self._register.is_served(draft.watched.base):
                self._register.forget(draft.watched.base)
        return [d for d in drafts if not d.is_empty or self._register.is_served(d.watched.base)]

    async def _queues(self, drafts: Sequence[Draft], now: int) -> tuple[Queue, ...]:
        queues = []
        for place, draft in enumerate(drafts):
            queues.append(self._queue(draft, now))
            if place % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        return tuple(queues)

    def _queue(self, draft: Draft, now: int) -> Queue:
        bull = draft.watched.identity.dialect is Dialect.BULL
        known = self._surroundings.waiting if bull else self._surroundings.workers
        workers = None if known is None else known.get(draft.watched.base, Workers(0, 0))
        queue = draft.queue(workers, now)
        queue = replace(queue, traffic=self._meters.setdefault(queue.id, Meter()).measure(queue, steady()))
        return replace(queue, verdict=verdict(queue, now))

    def _forget_meters(self, queues: tuple[Queue, ...]) -> None:
        living = {queue.id for queue in queues}
        self._meters = {id: meter for id, meter in self._meters.items() if id in living}

    async def _look_around(self) -> None:
        info, clients, channels = await self.instance.batch([pack(b"INFO"), *connected_command()])
        at = wall()  # before the many who are connected are met, which takes its time
        answers = (("INFO", info), ("CLIENT LIST", clients))
        refusals = tuple(_refusal(name, reply) for name, reply in answers if isinstance(reply, Exception))
        connected = _connected(clients, self.instance.database)
        await self._register.meet(connected or (), channels if isinstance(channels, list) else ())
        self._surroundings = Surroundings(
            redis=facts(info, at) if isinstance(info, bytes) else None,
            workers=None if connected is None else workers_by_queue(connected),
            waiting=None if connected is None else workers_by_queue(each for each in connected if each.waited),
            refusals=refusals,
        )
        self._mind_the_clock()
        self._surroundings_at = time.monotonic()

    def _mind_the_clock(self) -> None:
        """Say once that the clocks differ, and once that they agree again."""
        redis = self._surroundings.redis
        sentence = skewed(f"The clock of Redis {self.instance.name}", redis.skew) if redis else ""
        if bool(sentence) is not self._skewed:
            log.warning("%s", sentence or f"The clock of Redis {self.instance.name} agrees with Tickbird's again.")
            self._skewed = bool(sentence)

    def _per_minute(self) -> float:
        """Commands sent by everything we do on this instance, over the last minute."""
        now = time.monotonic()
        self._spent.append((now, self.instance.commands_sent))
        while len(self._spent) > 2 and now - self._spent[0][0] > 60:
            self._spent.popleft()
        (first_at, first), (last_at, last) = self._spent[0], self._spent[-1]
        return (last - first) * 60 / max(SHORTEST_WINDOW, last_at - first_at)

    def _away(self, trouble: Unavailable) -> None:
        since = self.reading.down_since
        if since is None:
            since = time.time_ns() // 1_000_000
            log.warning("%s", trouble.message)
        stale = Verdict(Health.STALE, trouble.message, needs_attention=False)
        queues = tuple(replace(queue, verdict=stale) for queue in self.reading.queues)
        self._surroundings_at = float("-inf")
        self._publish_reading(replace(self.reading, queues=queues, down_since=since, trouble=trouble.message))

    def _back_again(self) -> None:
        if self.reading.down_since is not None:
            log.warning("Redis %s answers again", self.instance.name)

    def _publish_reading(self, reading: Reading) -> None:
        self.reading = reading
        self._publish(reading)


def _connected(reply: Any, database: int) -> tuple[Connection, ...] | None:
    return connections(reply, database) if isinstance(reply, bytes) else None


def _refusal(command: str, reply: Exception) -> str:
    loses = {
        "INFO": "version, memory and eviction policy",
        "CLIENT LIST": "the number of workers",
        "SCAN": "queues without a connected worker",
    }
    return f"Redis does not let us ask {command} ({reply}), so {loses[command]} cannot be shown."
