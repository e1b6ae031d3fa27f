"""Everything that can be done to one job or one queue at once: what pages, API and commands call.

Each raises Forbidden where Tickbird may only read, NotFound, Conflict or Unsupported with the reason where it refuses,
Invalid for what makes no sense, Unavailable where Redis is away. Bulk work is `core/operations/`.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.access.asker import asker
from core.ground import Ground
from core.instance import Instance
from core.model import Outcome, Queue, QueueId, State
from core.mutations import (
    abandoned,
    adding,
    duplicating,
    editing,
    jobs,
    limits,
    moving,
    notes,
    pausing,
    scheduling,
    tending,
)
from core.mutations.schedule_writing import Wanted
from core.permission import NEEDED
from core.text import raw_bytes


class Mutations:
    """The single writes, on the queues of `ground`."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def retry(self, id: QueueId, job_id: str, *, reset_attempts: bool = False) -> Outcome:
        """Send a failed or completed job back to run again."""

        async def witnessed(instance: Instance, queue: Queue) -> Outcome:
            async with self._ground.witness(id, [raw_bytes(job_id)]):
                return await jobs.retry(instance, queue, job_id, reset_attempts=reset_attempts)

        return await self._ground.recorded(id, "retry", witnessed, job=job_id)

    async def promote(self, id: QueueId, job_id: str) -> Outcome:
        """Let a delayed job run now."""
        return await self._ground.recorded(id, "promote", lambda i, q: jobs.promote(i, q, job_id), job=job_id)

    async def remove(self, id: QueueId, job_id: str, *, force: bool = False) -> Outcome:
        """Delete a job with all that belongs to it; `force`: though a worker runs it, or a scheduler ends with it."""
        return await self._ground.recorded(
            id, "remove", lambda i, q: jobs.remove(i, q, job_id, force=force), job=job_id
        )

    async def pause(self, id: QueueId) -> Outcome:
        """Stop workers from taking jobs of this queue."""
        return await self._ground.recorded(id, "pause", pausing.pause)

    async def resume(self, id: QueueId) -> Outcome:
        """Let workers take jobs again."""
        return await self._ground.recorded(id, "resume", pausing.resume)

    async def edit_data(self, id: QueueId, job_id: str, data: str, *, seen: str | None = None) -> Outcome:
        """Replace a job's data by this JSON text; Conflict if it is no longer what was `seen`."""
        return await self._ground.recorded(
            id, "edit_data", lambda i, q: editing.edit_data(i, q, job_id, data, seen=seen), job=job_id
        )

    async def change_priority(self, id: QueueId, job_id: str, priority: int, *, lifo: bool = False) -> Outcome:
        """Give a job that is still to run another priority: 0 for none, else smaller is sooner."""
        return await self._ground.recorded(
            id, "change_priority", lambda i, q: editing.change_priority(i, q, job_id, priority, lifo=lifo), job=job_id
        )

    async def change_delay(self, id: QueueId, job_id: str, delay: int) -> Outcome:
        """Let a delayed job become due in `delay` ms from now."""
        return await self._ground.recorded(
            id, "change_delay", lambda i, q: editing.change_delay(i, q, job_id, delay), job=job_id
        )

    async def set_progress(self, id: QueueId, job_id: str, progress: str) -> Outcome:
        """Set a job's progress to this JSON value."""
        return await self._ground.recorded(
            id, "set_progress", lambda i, q: notes.set_progress(i, q, job_id, progress), job=job_id
        )

    async def log(self, id: QueueId, job_id: str, line: str) -> Outcome:
        """Add a line to a job's log."""
        return await self._ground.recorded(id, "log", lambda i, q: notes.log(i, q, job_id, line), job=job_id)

    async def add(self, id: QueueId, jobs: Sequence[adding.NewJob]) -> tuple[Outcome, ...]:
        """Add new jobs: one outcome each, in order, with its job's id."""

        async def added(instance: Instance, queue: Queue) -> tuple[Outcome, ...]:
            for job in jobs:
                self._ground.check_job(id, str(job.options.get("jobId", "")))
            return await adding.add(instance, queue, jobs)

        return await self._ground.recorded(id, "add", added)

    async def duplicate(self, id: QueueId, job_id: str, *, data: str | None = None) -> Outcome:
        """Add a copy of a job, with other data if given; the outcome names the new job."""
        return await self._ground.recorded(
            id, "duplicate", lambda i, q: duplicating.duplicate(i, q, job_id, data=data), job=job_id
        )

    async def move(
        self, id: QueueId, job_id: str, target: QueueId, *, seen: State | None = None, again: bool = False
    ) -> Outcome:
        """Move a job to another queue of its Redis, exactly once; the outcome names it there. `seen` is the state in
        which that was decided, `again`: also one that may have come there over six days ago."""

        async def witnessed(instance: Instance, queue: Queue) -> Outcome:
            asker().check(NEEDED["remove"])
            target_queue = self._ground.find(target)
            move = moving.Move(self._ground, instance, queue, target_queue, seen=seen, again=again)
            async with self._ground.witness(id, [raw_bytes(job_id)]):
                return await move.take(job_id)

        return await self._ground.recorded(id, "move", witnessed, job=job_id)

    async def fail(self, id: QueueId, job_id: str, reason: str, *, force: bool = False) -> Outcome:
        """Let an active job fail whose worker is gone; `force`: though a worker holds it. May take five seconds."""
        return await self._ground.recorded(
            id, "fail", lambda i, q: abandoned.fail(i, q, job_id, reason, force=force), job=job_id
        )

    async def requeue(self, id: QueueId, job_id: str, *, force: bool = False) -> Outcome:
        """Let an active job run anew whose worker is gone; `force`: though a worker holds it. May take five seconds."""
        return await self._ground.recorded(
            id, "requeue", lambda i, q: abandoned.requeue(i, q, job_id, force=force), job=job_id
        )

    async def set_concurrency(self, id: QueueId, limit: int | None) -> Outcome:
        """Run at most so many jobs of the queue at once; None lifts that limit."""
        return await self._ground.recorded(id, "set_concurrency", lambda i, q: limits.set_concurrency(i, q, limit))

    async def set_rate_limit(self, id: QueueId, most: int | None, duration: int | None) -> Outcome:
        """Begin at most so many jobs within `duration` ms; both None lift that limit."""
        return await self._ground.recorded(
            id, "set_rate_limit", lambda i, q: limits.set_rate_limit(i, q, most, duration)
        )

    async def release_rate_limit(self, id: QueueId) -> Outcome:
        """Let workers go on at once though the rate limit was reached."""
        return await self._ground.recorded(id, "release_rate_limit", limits.release_rate_limit)

    async def release_deduplication(self, id: QueueId, deduplication_id: str) -> Outcome:
        """Let a job with this deduplication id be added again."""
        return await self._ground.recorded(
            id, "release_deduplication", lambda i, q: tending.release_deduplication(i, q, deduplication_id)
        )

    async def trim_events(self, id: QueueId, keep: int) -> Outcome:
        """Keep the newest so many events."""
        return await self._ground.recorded(id, "trim_events", lambda i, q: tending.trim_events(i, q, keep))

    async def mend_pause(self, id: QueueId) -> Outcome:
        """Bring together what clients of different versions paused apart."""
        return await self._ground.recorded(id, "mend_pause", tending.mend_pause)

    async def upsert_scheduler(self, id: QueueId, key: str, wanted: Wanted) -> Outcome:
        """Make or change a scheduler, as `wanted.mode` allows; the outcome names the job of its next run."""
        return await self._ground.recorded(
            id, "upsert_scheduler", lambda i, q: scheduling.upsert_scheduler(i, q, key, wanted)
        )

    async def remove_scheduler(self, id: QueueId, key: str) -> Outcome:
        """End a scheduler, and take the job of its next run with it while that is delayed."""
        return await self._ground.recorded(id, "remove_scheduler", lambda i, q: scheduling.remove_scheduler(i, q, key))

    async def run_scheduler(self, id: QueueId, key: str) -> Outcome:
        """Add a job now, made as the scheduler makes its own."""
        return await self._ground.recorded(id, "run_scheduler", lambda i, q: scheduling.run_scheduler(i, q, key))
