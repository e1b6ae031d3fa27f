"""A herd of fixed queues in memory, with the interface of core's: what the web faces are tested against, without Redis.

It keeps the promises that faces rely on: the same errors, cursors that go on, actions that move jobs and change counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from core.access.asker import asker
from core.audit.trail import Trail
from core.errors import NotFound, Unavailable
from core.events.happening import Happening
from core.herd import Herd
from core.history import History, Minute
from core.job import Covered, Job, JobPage, JobRow, Logs, Payload
from core.jobs.listing import Order, Wanted
from core.model import STATES, Dialect, Health, Identity, Permit, Queue, QueueId, State, Verdict
from core.query.matching import fits
from core.query.query import Query
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.sight import seen_by
from core.snapshot import Pass, Reading, RedisFacts, Snapshot
from core.store.memory import MemoryStore
from tests.dashboard.cursors import place
from tests.dashboard.fixed_candidate import FixedCandidate
from tests.dashboard.fixed_dead_letters import FixedDeadLetters
from tests.dashboard.fixed_exports import FixedExports
from tests.dashboard.fixed_failures import FixedFailures
from tests.dashboard.fixed_feed import FixedFeed
from tests.dashboard.fixed_flows import FixedFlows
from tests.dashboard.fixed_legal import LEGAL, OF_QUEUE
from tests.dashboard.fixed_mutations import FixedMutations
from tests.dashboard.fixed_operations import FixedOperations
from tests.dashboard.fixed_redis import FixedRedis
from tests.dashboard.fixed_reveals import FixedReveals
from tests.dashboard.fixed_samples import FixedSamples
from tests.dashboard.fixed_schedulers import FixedSchedulers
from tests.dashboard.fixed_searches import FixedSearches
from tests.dashboard.fixed_tending import FixedBatches, FixedDeduplications, FixedPriorities, FixedUsual
from tests.dashboard.fixed_undo import FixedUndo
from tests.dashboard.fixed_views import FixedViews
from tests.dashboard.fixed_workers import FixedWorkers

REDIS = RedisFacts("redis", "7.4.1", "standalone", "master", "noeviction", 12_000_000, 0, 9, 0, 0, 86_400)
BULLMQ_6 = Identity(Dialect.MQ5, "6.7.0", ("meta.version says bullmq:6.7.0",))
BULL_4 = Identity(Dialect.BULL, None, ("ids without a meta hash",))
# What a setting has to allow; tests of that say so themselves.
DANGERS = ("edit", "obliterate")


def now() -> int:
    """This moment, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def queue(name: str, *, prefix: str = "bull", instance: str = "default", **rest: Any) -> Queue:
    """One queue; without `counts` it has none, without `identity` BullMQ 6 wrote it."""
    words: dict[str, Any] = {
        "identity": BULLMQ_6,
        "paused": False,
        "counts": dict.fromkeys(STATES, 0),
        "verdict": Verdict(Health.RUNNING, "3 workers, nothing waits.", needs_attention=False),
    }
    return Queue(QueueId(instance, prefix, name), **{**words, **rest})


def payload(text: str, *, value: Any = None, is_json: bool = False, cut: bool = False) -> Payload:
    """A field that was read whole, unless `cut`."""
    return Payload(text, len(text.encode("utf-8", "surrogateescape")), cut, value, is_json)


def job(queue: QueueId, id: str, state: State = State.WAITING, **rest: Any) -> Job:
    """One job; what is not named is absent. `progress` and `failed_reason` are payloads, and show in its row too."""
    progress, reason = rest.pop("progress", None), rest.pop("failed_reason", None)
    of_row = {key: rest.pop(key) for key in list(rest) if key in JobRow.__dataclass_fields__}
    shown = {"progress": progress and progress.value, "failed_reason": reason and reason.text}
    row = JobRow(id, state, **{"name": "send", "timestamp": now() - 60_000, **shown, **of_row})
    absent = dict.fromkeys(("data", "opts", "returnvalue"))
    return Job(row, queue, progress=progress, failed_reason=reason, **{**absent, **rest})


@dataclass(eq=False)
class FixedHerd(Herd):
    """Queues and jobs as given. `down` lists the instances that cannot be read, `never` those that never were."""

    queues: Sequence[Queue] = ()
    contents: Sequence[Job] = ()
    settings: Settings = field(default_factory=lambda: Settings(allow=DANGERS))
    log_lines: Sequence[str] = ()
    past: History | None = None
    down: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    taken_at: int = field(default_factory=now)
    version: int = 1
    glances: int = 0
    watchers: int = 0

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        self.webhook = None
        self.audit = Trail(self.store)
        self.operations = FixedOperations(self.settings)
        self.mutations = FixedMutations(self)
        self.failures = FixedFailures(self)
        self.exports = FixedExports(self)
        self.undo = FixedUndo(self)
        self.reveals = FixedReveals(self)
        self.dead_letters = FixedDeadLetters(self)
        self.batches = FixedBatches(self)
        self.priorities = FixedPriorities(self)
        self.deduplication = FixedDeduplications(self)
        self.usual = FixedUsual(self)
        self.feed = FixedFeed(Happening(MAIL, self.taken_at, "drained"))
        self.flows = FixedFlows(self)
        self.views = FixedViews(self)
        self.workers = FixedWorkers(self)
        self.schedulers = FixedSchedulers(self)
        self.searches = FixedSearches(self)
        self.samples = FixedSamples(self)
        self.redis_health = FixedRedis(self)

    async def start(self) -> None:
        self.version += 1

    async def stop(self) -> None:
        self.version += 1

    def snapshot(self) -> Snapshot:
        names = dict.fromkeys([*(r.name for r in self.settings.redis), *(q.id.instance for q in self.queues)])
        return seen_by(asker().scope, Snapshot(self.version, tuple(self._reading(name) for name in names)))

    def _reading(self, name: str) -> Reading:
        if name in self.never:
            return Reading(name, None, (), None, Pass(running=True), self.taken_at, f"{name} cannot be reached.")
        queues = tuple(self._counted(queue) for queue in self.queues if queue.id.instance == name)
        if name in self.down:
            return Reading(name, self.taken_at, queues, REDIS, Pass(), self.taken_at, f"{name} cannot be reached.")
        return Reading(name, self.taken_at, queues, REDIS, Pass(keys_seen=10, keys_total=10, last_seconds=0.1))

    def _counted(self, queue: Queue) -> Queue:
        mine = [job.row.state for job in self.contents if job.queue == queue.id]
        return replace(queue, counts={state: mine.count(state) for state in queue.counts}) if mine else queue

    def glance(self, *, scraping: bool = False) -> None:
        self.glances += 1

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.watchers += 1
        try:
            yield
        finally:
            self.watchers -= 1

    async def look(self, wait: float = 0.5) -> Snapshot:
        self.glance()
        return self.snapshot()

    async def newer(self, version: int, wait: float) -> Snapshot:
        return self.snapshot()

    def queue(self, id: QueueId) -> Queue:
        if id.instance in self.never:
            raise Unavailable(f"Redis {id.instance} has not been read yet.")
        found = self.snapshot().queue(id)
        if found is None:
            raise NotFound(f"There is no queue {id.name!r} on {id.instance} under {id.prefix!r}.")
        return found

    async def jobs(
        self, id: QueueId, state: State, *, order: Order = "newest", limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        self.reach(id)
        rows = [job.row for job in self.contents if job.queue == id and job.row.state is state]
        rows = rows if order == "oldest" else rows[::-1]
        start = place(cursor)
        page = rows[start : start + limit]
        more = str(start + limit) if start + limit < len(rows) else None
        return JobPage(tuple(page), more, Covered(len(page), len(rows)))

    async def find(self, id: QueueId, query: Query, wanted: Wanted) -> JobPage:
        everything = await self.jobs(id, wanted.state, order=wanted.order, limit=10_000)
        jobs = {job.row.id: job for job in self._of(id)}
        found = [row for row in everything.rows if fits(query, FixedCandidate(jobs[row.id]))]
        start, more = place(wanted.cursor), None
        if start + wanted.limit < len(found):
            more = str(start + wanted.limit)
        note = f"Searched {len(everything.rows)} of {len(everything.rows)} jobs."
        page = tuple(found[start : start + wanted.limit])
        return JobPage(page, more, Covered(len(everything.rows), len(everything.rows), note))

    async def rows(self, id: QueueId, job_ids: Sequence[str]) -> dict[str, JobRow | None]:
        self.reach(id)
        return {job_id: next((j.row for j in self._of(id) if j.row.id == job_id), None) for job_id in job_ids}

    async def job(self, id: QueueId, job_id: str, *, limit_bytes: int = 65_536) -> Job:
        self.reach(id)
        found = next((job for job in self._of(id) if job.row.id == job_id), None)
        if found is None:
            raise NotFound(f"There is no job {job_id!r} in {id.name!r} any more.")
        return found

    def _of(self, id: QueueId) -> list[Job]:
        return [job for job in self.contents if job.queue == id]

    def reach(self, id: QueueId) -> None:
        self.queue(id)
        if id.instance in self.down:
            raise Unavailable(f"Redis {id.instance} cannot be reached: connection refused.")

    async def logs(self, id: QueueId, job_id: str, *, start: int = 0, limit: int = 200) -> Logs:
        await self.job(id, job_id)
        total = len(self.log_lines)
        first = max(0, total + start) if start < 0 else start
        return Logs(tuple(self.log_lines[first : first + limit]), first, total)

    async def history(self, id: QueueId) -> History:
        self.reach(id)
        first = self.taken_at // 60_000 - 59
        unknown = tuple(Minute((first + number) * 60_000, None, None) for number in range(60))
        return self.past or History(unknown, None, "Nothing in Redis tells of the last hour.")

    def permits(self, id: QueueId) -> tuple[Permit, ...]:
        paused = self.queue(id).paused
        others = (Permit(verb, allowed=True) for verb in OF_QUEUE)
        return (Permit("pause", not paused, "It is paused already." * paused), Permit("resume", paused), *others)

    def job_permits(self, id: QueueId, job: Job) -> tuple[Permit, ...]:
        state = job.row.state
        legal = {verb: state in states for verb, states in LEGAL.items()}
        return tuple(Permit(verb, ok, "" if ok else f"It is {state}.") for verb, ok in legal.items())


MAIL, VIDEO, BILLING = (
    QueueId("default", "bull", "mail"),
    QueueId("default", "bull", "video"),
    QueueId("b", "q", "b:l/"),
)


def small_company(**rest: Any) -> FixedHerd:
    """Three queues on two instances, with a job in each state that matters."""
    queues = (
        queue("mail", completed_last_hour=2, failed_last_hour=1, ids=9),
        queue("video", paused=True, identity=BULL_4),
        queue(BILLING.name, prefix=BILLING.prefix, instance=BILLING.instance, counts={State.WAITING: 7}),
    )
    at = now()
    contents = (
        job(MAIL, "1", data=payload('{"to":"a@b"}', value={"to": "a@b"}, is_json=True)),
        job(MAIL, "2", State.ACTIVE, progress=payload("33.33", value=33.33, is_json=True), processed_on=at - 500),
        job(MAIL, "3", State.FAILED, **_failure(at)),
        job(MAIL, "4", State.DELAYED, delay=5000, due_at=at + 5000),
        job(MAIL, "5", State.COMPLETED, processed_on=at - 2100, finished_on=at - 2000),
        job(MAIL, "6", State.COMPLETED, processed_on=at - 1300, finished_on=at - 1000),
        job(VIDEO, "v/1 ~%é", State.PAUSED),
    )
    redis = (RedisSettings("default", "redis://d"), RedisSettings("b", "redis://b"))
    settings = Settings(redis=redis, allow=DANGERS)
    return FixedHerd(queues, contents, **{"settings": settings, "log_lines": ("one", "two", "three"), **rest})


def _failure(at: int) -> dict[str, Any]:
    return {
        "failed_reason": payload("ECONNRESET"),
        "stacktrace": ("Error: ECONNRESET\n    at send (mail.js:1)",),
        "attempts_made": 3,
        "attempts": 3,
        "processed_on": at - 3000,
        "finished_on": at - 2500,
    }
