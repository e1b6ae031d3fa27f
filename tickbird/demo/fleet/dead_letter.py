"""`dead-letter`: jobs that are out of attempts, with all that is needed to judge them. Nobody consumes it."""

from __future__ import annotations

from datetime import UTC, datetime

from bullmq import Job, Queue

from tickbird.demo.fleet.desk import Desk

KEPT = 200  # the oldest make room

DESK = Desk(queue="dead-letter")


async def bury(graveyard: Queue, job: Job, error: Exception, *, at: int) -> None:
    """Keeps `job`, which failed for good at `at` (milliseconds since 1970) with `error`."""
    data = {
        "originalQueue": job.queue.name,
        "originalJobId": job.id,
        "originalName": job.name,
        "originalData": job.data,
        "error": str(error),
        "attemptsMade": job.attemptsMade,
        "failedAt": datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds"),
    }
    await graveyard.add(job.name, data, {"timestamp": at})
    await _make_room(graveyard)


async def _make_room(graveyard: Queue) -> None:
    for job_id in await graveyard.client.lrange(graveyard.keys["wait"], KEPT, -1):
        await graveyard.remove(job_id)
