"""Every instance that one Tickbird watches: the snapshot that all share, and the reads and actions on one queue.

This is what pages, API, metrics and commands stand on. Reads of jobs are shared by all who ask at about the same
time; while an instance is known to be away they fail at once, so that a page never waits for a dead Redis.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial

from core.access.asker import asker, not_for
from core.audit.bulk import telling
from core.audit.trail import Trail
from core.audit.webhook_opening import webhook
from core.batches.front import BatchCounts
from core.collector import Collector
from core.dead_letters.front import DeadLetters
from core.deduplication.held import Deduplications
from core.events.front import Events
from core.events.options import options_of
from core.export.front import Exports
from core.failures.survey import FailureSurvey
from core.feed.feed import Feed
from core.flows.front import Flows
from core.ground import Ground
from core.instance import Instance
from core.interest import Interest
from core.job import Job
from core.model import Permit, Queue, QueueId
from core.mutations.front import Mutations
from core.mutations.permits import job_permits, queue_permits
from core.operations.outside import Outside
from core.operations.registry import Operations
from core.permission import NEEDED
from core.priorities import PriorityCounts
from core.reads import Reads
from core.redaction.revealing import Reveals
from core.redis_health.front import RedisHealth
from core.redis_settings import MASTER
from core.retention.schedule import Schedule
from core.samples.samples import Samples
from core.schedulers.front import Schedulers
from core.search.searches import Searches
from core.settings import Settings
from core.shard import ALL, Shard
from core.sight import Sight, now
from core.snapshot import Reading, Snapshot
from core.store.opening import open_store
from core.undo.front import Undo
from core.undo.keepsakes import Keepsakes
from core.usual import UsualJobs
from core.views.views import Views
from core.workers.front import WorkerWatch


class Herd(Reads):
    """All watched instances. `start` it in a running event loop; it fails softly while Redis is away."""

    def __init__(self, settings: Settings, *, follows: bool = False, shard: Shard = ALL) -> None:
        """`follows`: every job is followed by its events, as an exporter needs it. `shard`: whose queues to read."""
        self.settings = settings
        self._interest = Interest()
        masters = {redis.name: Instance(redis.for_acting) for redis in settings.redis}
        self._instances = {
            redis.name: masters[redis.name] if redis.read_from == MASTER else Instance(redis.for_reading)
            for redis in settings.redis
        }
        self._every = {*masters.values(), *self._instances.values()}
        self._collectors = [Collector(i, self._interest, self._publish, shard) for i in self._instances.values()]
        super().__init__(Sight(self._instances, Snapshot(0, tuple(each.reading for each in self._collectors))))
        for instance in self._every:
            instance.hidden, instance.owner = settings.redact, partial(self.sight.owned_by, instance.name)
        self.searches = Searches(self.sight, self.paces)
        self.samples = Samples(self.sight)
        self.exports = Exports(self.sight, self.paces)
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        refusal = _READ_ONLY if settings.read_only else ""
        self.store = open_store(settings.state_url)
        self.webhook = webhook(settings)
        self.audit = Trail(self.store, self.webhook.tell if self.webhook else None)
        self.reveals = Reveals(self.sight, self.audit)
        self.views = Views(self.store, self.sight, refusal)
        self.failures = FailureSurvey(self.sight, self.store, self.audit)
        keepsakes = Keepsakes(self.sight, self.store)
        ground = Ground(
            masters,
            self.queue,
            self._touched,
            self.sight.present,
            refusal,
            witness=self.failures.witnessed,
            trail=self.audit,
            check_job=self.sight.check_job,
            whose=self.sight.whose,
        )
        self.undo = Undo(keepsakes, ground, self.store)
        self.mutations = Mutations(ground)
        self.flows = Flows(self.sight, self.mutations, ground, self.audit)
        self.events = Events(self._instances, self.sight.reading, options_of(settings))
        self.feed = Feed(self.sight, self.events)
        self.workers = WorkerWatch(self.sight)
        self.redis_health = RedisHealth(self.sight)
        self.schedulers = Schedulers(self.sight)
        self._follows = follows
        self.dead_letters = DeadLetters(self.sight, ground, settings)
        self.deduplication = Deduplications(self.sight)
        self.priorities = PriorityCounts(self.sight)
        self.usual = UsualJobs(self.sight)
        self.batches = BatchCounts(self.sight)
        self.operations = Operations(
            ground,
            self._known,
            self.store,
            Outside(telling(self.audit, ground.named), keepsakes.keep, keepsakes.spare, self.sight.redaction),
        )
        rules = () if refusal else settings.retention
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
        await self.searches.stop()
        await self.operations.stop()
        await self.failures.stop()
        await self.events.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for instance in self._every:
            await instance.close()
        if self.webhook is not None:
            await self.webhook.stop()
        await self.store.close()

    def snapshot(self) -> Snapshot:
        """The last reading of everything. No IO; an instance never read has `taken_at` None."""
        return self.sight.snapshot

    def glance(self, *, scraping: bool = False) -> None:
        """Somebody looked: read often for a while; for a scraper, which comes back in its own time, less often."""
        self._interest.glance(scraping=scraping)

    def watching(self) -> AbstractContextManager[None]:
        """Somebody keeps looking for as long as this is held."""
        return self._interest.watching()

    async def newer(self, version: int, wait: float) -> Snapshot:
        """The snapshot as soon as it is newer than `version`, or the present one after `wait` seconds."""
        deadline = time.monotonic() + wait
        while self.sight.snapshot.version <= version and (left := deadline - time.monotonic()) > 0:
            changed = self._changed
            try:
                async with asyncio.timeout(left):
                    await changed.wait()
            except TimeoutError:
                break
        return self.sight.snapshot

    async def look(self, wait: float = 0.5) -> Snapshot:
        """Like `glance`, but where the present reading is old, wait a moment for a new one."""
        self.glance()
        oldest = min((reading.taken_at or 0 for reading in self.sight.snapshot.readings), default=0)
        if now() - oldest < 2 * 1000 or any(reading.down_since for reading in self.sight.snapshot.readings):
            return self.sight.snapshot
        return await self.newer(self.sight.snapshot.version, wait)

    def queue(self, id: QueueId) -> Queue:
        """The queue as last read. Raises NotFound, or Unavailable where not everything was looked at yet."""
        return self.sight.queue(id)

    def permits(self, id: QueueId) -> tuple[Permit, ...]:
        """Which actions on the queue are legal now."""
        return tuple(self._permitted(permit) for permit in queue_permits(self.queue(id)))

    def job_permits(self, id: QueueId, job: Job) -> tuple[Permit, ...]:
        """Which actions on this job are legal now, and why the others are not."""
        return tuple(self._permitted(permit) for permit in job_permits(self.queue(id), job))

    def _known(self) -> Iterator[QueueId]:
        return (queue.id for queue in self.sight.snapshot.queues)

    def _touched(self, id: QueueId) -> None:
        self.sight.forget(id)
        self._interest.wake()

    def _permitted(self, permit: Permit) -> Permit:
        if self.settings.read_only:
            return Permit(permit.verb, allowed=False, why=_READ_ONLY)
        needed = NEEDED[permit.verb.removesuffix("_by_force")]
        return permit if needed in asker().may else Permit(permit.verb, allowed=False, why=not_for(needed))

    def _publish(self, reading: Reading) -> None:
        last = self.sight.everything
        readings = tuple(reading if r.instance == reading.instance else r for r in last.readings)
        self.sight.publish(Snapshot(last.version + 1, readings))
        self._changed.set()
        self._changed = asyncio.Event()


_READ_ONLY = "This Tickbird is read-only: it was started with read_only, so nothing can be changed here."
