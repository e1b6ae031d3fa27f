"""Every instance that one Tickbird watches: the snapshot that all share, and the reads and actions on one queue.

This is what pages, API, metrics and commands stand on. Reads of jobs are shared by all who ask at about the same
time; while an instance is known to be away they fail at once, so that a page never waits for a dead Redis.
"""

from __future__ import annotations

import asyncio
import difflib
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

from core.collector import Collector
from core.dialects.contract import contract
from core.errors import Invalid, NotFound, Unavailable
from core.events.front import Events
from core.events.options import options_of
from core.failures.survey import FailureSurvey
from core.ground import Ground
from core.history import History, read_history
from core.instance import Instance
from core.interest import Interest
from core.job import Job, JobPage, JobRow, Logs
from core.jobs.cursor import decode
from core.jobs.heads import Heads
from core.jobs.listing import Order, Sought, Wanted
from core.jobs.logs import read_logs
from core.jobs.pages import read_certain, read_found, read_page
from core.jobs.whole import Reader, read_job
from core.model import Permit, Queue, QueueId, State
from core.mutations.front import Mutations
from core.mutations.permits import job_permits, queue_permits
from core.operations.registry import Operations
from core.query.query import Query
from core.retention.schedule import Schedule
from core.search.seek import Seek
from core.search.sieve import Sieve
from core.settings import Settings
from core.shard import ALL, Shard
from core.shared import Shared
from core.snapshot import Reading, Snapshot
from core.store.opening import open_store
from core.streamed import Streamed
from core.text import raw_bytes, text

T = TypeVar("T")
# A page must be answered within a second even when Redis hangs; the rest of the second is for rendering it.
PATIENCE = 0.8
# A search goes on for longer than a page may wait only when somebody asks for more.
SEARCH_PATIENCE = 0.6
MOST_JOBS = 500
MOST_LINES = 1000
# The chart of an hour is read anew at most this often (seconds).
HISTORY_FRESH = 5.0


class Herd:
    """All watched instances. `start` it in a running event loop; it fails softly while Redis is away."""

    def __init__(self, settings: Settings, *, follows: bool = False, shard: Shard = ALL) -> None:
        """`follows`: every job is followed by its events, as an exporter needs it. `shard`: whose queues to read."""
        self.settings = settings
        self._interest = Interest()
        self._instances = {redis.name: Instance(redis) for redis in settings.redis}
        self._collectors = [Collector(i, self._interest, self._publish, shard) for i in self._instances.values()]
        self._snapshot = Snapshot(0, tuple(collector.reading for collector in self._collectors))
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._shared = Shared()
        self._heads = {name: Heads() for name in self._instances}
        self._streamed: dict[QueueId, Streamed] = {}
        self._searching: dict[str, asyncio.Lock] = {}
        self._bases: dict[tuple[str, bytes], QueueId] = {}
        refusal = _READ_ONLY if settings.read_only else ""
        ground = Ground(self._instances, self.queue, self._touched, self._raise_if_away, refusal)
        self.mutations = Mutations(ground)
        self.failures = FailureSurvey(self._instances, lambda: self._snapshot.queues)
        self.events = Events(self._instances, self._reading, options_of(settings))
        self._follows = follows
        self.store = open_store(settings.state_url)
        self.operations = Operations(ground, self._known, self.store)
        rules = () if settings.read_only else settings.retention
        self._retention = Schedule(rules, self.operations, self._known, self.store)

    async def start(self) -> None:
        """Begin to read, in the background."""
        self._tasks = [asyncio.create_task(collector.run()) for collector in self._collectors]
        self.operations.begin()
        self._retention.begin()
        if self._follows:
            self.events.start()

    async def read_now(self) -> None:
        """A full look at every instance, for one who does not stay: unlike `start`, nothing reads on afterwards."""
        for collector in self._collectors:
            await collector.read()
            await collector.search()
            await collector.read()

    async def stop(self) -> None:
        """End the reading, what operations run, and every connection."""
        await self._retention.stop()
        await self.operations.stop()
        await self.failures.stop()
        await self.events.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for instance in self._instances.values():
            await instance.close()
        await self.store.close()

    def snapshot(self) -> Snapshot:
        """The last reading of everything. No IO; an instance never read has `taken_at` None."""
        return self._snapshot

    def glance(self, *, scraping: bool = False) -> None:
        """Somebody looked: read often for a while; for a scraper, which comes back in its own time, less often."""
        self._interest.glance(scraping=scraping)

    def watching(self) -> AbstractContextManager[None]:
        """Somebody keeps looking for as long as this is held."""
        return self._interest.watching()

    async def newer(self, version: int, wait: float) -> Snapshot:
        """The snapshot as soon as it is newer than `version`, or the present one after `wait` seconds."""
        deadline = time.monotonic() + wait
        while self._snapshot.version <= version and (left := deadline - time.monotonic()) > 0:
            changed = self._changed
            try:
                async with asyncio.timeout(left):
                    await changed.wait()
            except TimeoutError:
                break
        return self._snapshot

    async def look(self, wait: float = 0.5) -> Snapshot:
        """Like `glance`, but where the present reading is old, wait a moment for a new one."""
        self.glance()
        oldest = min((reading.taken_at or 0 for reading in self._snapshot.readings), default=0)
        if _now() - oldest < 2 * 1000 or any(reading.down_since for reading in self._snapshot.readings):
            return self._snapshot
        return await self.newer(self._snapshot.version, wait)

    def queue(self, id: QueueId) -> Queue:
        """The queue as last read. Raises NotFound, or Unavailable where not everything was looked at yet."""
        reading = self._reading(id.instance)
        queue = next((queue for queue in reading.queues if queue.id == id), None)
        if queue is not None:
            return queue
        if reading.taken_at is None:
            raise Unavailable(
                reading.trouble or f"Redis {id.instance} has not been read yet.", "Try again in a moment."
            )
        walk = reading.discovery
        if walk.running and walk.last_seconds is None:
            looked = f"{walk.keys_seen:,} of {walk.keys_total:,} keys were looked at"
            raise Unavailable(f"No queue {id.name!r} was found so far: {looked}.", "Try again in a moment.")
        raise NotFound(f"There is no queue {id.name!r} under the prefix {id.prefix!r}.", _near(id, reading))

    async def jobs(
        self, id: QueueId, state: State, *, order: Order = "newest", limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        """A page of a state. Raises Invalid for a state the dialect has not, a bad limit or cursor."""
        queue, sought = self.queue(id), self._sought(id, state, order, limit, cursor)
        return await self._read(id, ("jobs", sought), lambda instance: read_page(instance, queue, sought))

    async def find(self, id: QueueId, query: Query, wanted: Wanted) -> JobPage:
        """The jobs of a state that fit the query, as far as can be looked in the time of a page: `covered` says how
        far that is, and `next` goes on from there. Raises as `jobs` does."""
        sought = self._sought(id, wanted.state, wanted.order, wanted.limit, wanted.cursor)
        self._raise_if_away(id.instance)
        seek = Seek(self._instances[id.instance], self.queue(id), wanted.state, Sieve(query), wanted.order)
        turn = self._searching.setdefault(id.instance, asyncio.Lock())
        return await read_found(seek, sought, turn, SEARCH_PATIENCE)

    def _sought(self, id: QueueId, state: State, order: Order, limit: int, cursor: str | None) -> Sought:
        identity = self.queue(id).identity
        notions = contract(identity)
        if state not in notions.keys:
            raise Invalid(f"{identity.label} has no state {state.value!r}.", f"It has {', '.join(notions.keys)}.")
        if not 1 <= limit <= MOST_JOBS or order not in ("newest", "oldest"):
            raise Invalid(f"limit is 1 to {MOST_JOBS}, and order is newest or oldest.")
        return Sought(state, order, limit, decode(cursor, state, order) if cursor else None)

    async def rows(self, id: QueueId, job_ids: Sequence[str]) -> dict[str, JobRow | None]:
        """These jobs as they are now, in whatever state; None for one that is gone."""
        queue, wanted = self.queue(id), tuple(job_ids)
        return await self._read(id, ("rows", wanted), lambda instance: read_certain(instance, queue, wanted))

    async def job(self, id: QueueId, job_id: str, *, limit_bytes: int = 65_536) -> Job:
        """One job in full, payloads cut at `limit_bytes`. Raises NotFound."""
        queue = self.queue(id)
        reader = Reader(limit_bytes, partial(self._resolve, id.instance), self._heads[id.instance])
        return await self._read(
            id, ("job", job_id, limit_bytes), lambda instance: read_job(instance, queue, job_id, reader)
        )

    async def logs(self, id: QueueId, job_id: str, *, start: int = 0, limit: int = 200) -> Logs:
        """Log lines from `start` on (negative: from the end), fewer than `limit` where they are large."""
        if not 1 <= limit <= MOST_LINES:
            raise Invalid(f"limit is 1 to {MOST_LINES}.")
        key = self.queue(id).id.base + raw_bytes(job_id)
        return await self._read(
            id, ("logs", job_id, start, limit), lambda instance: read_logs(instance, key, start, limit)
        )

    async def history(self, id: QueueId) -> History:
        """The last hour, minute by minute."""
        queue = self.queue(id)
        streamed = self._streamed.setdefault(id, Streamed())
        return await self._read(
            id, ("history",), lambda instance: read_history(instance, queue, streamed, _now()), HISTORY_FRESH
        )

    def permits(self, id: QueueId) -> tuple[Permit, ...]:
        """Which actions on the queue are legal now."""
        return tuple(self._permitted(permit) for permit in queue_permits(self.queue(id)))

    def job_permits(self, id: QueueId, job: Job) -> tuple[Permit, ...]:
        """Which actions on this job are legal now, and why the others are not."""
        return tuple(self._permitted(permit) for permit in job_permits(self.queue(id), job))

    def _known(self) -> Iterator[QueueId]:
        return (queue.id for queue in self._snapshot.queues)

    def _touched(self, id: QueueId) -> None:
        self._shared.forget(lambda key: isinstance(key, tuple) and key[0] == id)
        self._interest.wake()

    def _permitted(self, permit: Permit) -> Permit:
        return Permit(permit.verb, allowed=False, why=_READ_ONLY) if self.settings.read_only else permit

    async def _read(
        self, id: QueueId, what: Hashable, read: Callable[[Instance], Awaitable[T]], fresh: float | None = None
    ) -> T:
        self._raise_if_away(id.instance)
        instance = self._instances[id.instance]
        key = (id, what)

        async def in_time() -> T:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await read(instance)
            except TimeoutError as error:
                raise Unavailable(f"Redis {id.instance} did not answer within {PATIENCE} s.") from error

        return await (self._shared.get(key, in_time) if fresh is None else self._shared.get(key, in_time, fresh))

    def _reading(self, name: str) -> Reading:
        reading = self._snapshot.reading(name)
        if reading is None:
            known = ", ".join(self._instances)
            raise NotFound(f"There is no Redis called {name!r}.", f"Known are: {known}.")
        return reading

    def _raise_if_away(self, name: str) -> None:
        reading = self._reading(name)
        if reading.down_since is not None:
            raise Unavailable(reading.trouble, "The page recovers by itself when Redis does.")

    def _publish(self, reading: Reading) -> None:
        readings = tuple(reading if r.instance == reading.instance else r for r in self._snapshot.readings)
        self._snapshot = Snapshot(self._snapshot.version + 1, readings)
        self._bases = {(queue.id.instance, queue.id.base): queue.id for queue in self._snapshot.queues}
        self._streamed = {id: s for id, s in self._streamed.items() if (id.instance, id.base) in self._bases}
        self._changed.set()
        self._changed = asyncio.Event()

    def _resolve(self, instance: str, key: bytes) -> tuple[QueueId, str] | None:
        """The known queue with the longest base that begins this key, and the id behind it."""
        end = len(key)
        while (end := key.rfind(b":", 0, end)) > 0:
            known = self._bases.get((instance, key[: end + 1]))
            if known is not None:
                return known, text(key[end + 1 :])
        return None


_READ_ONLY = "This Tickbird is read-only: it was started with read_only, so nothing can be changed here."


def _now() -> int:
    return time.time_ns() // 1_000_000


def _near(id: QueueId, reading: Reading) -> str:
    near = difflib.get_close_matches(id.name, [queue.id.name for queue in reading.queues], n=1)
    return f"The nearest name is {near[0]!r}." if near else "It may have been obliterated, or never had a job."
