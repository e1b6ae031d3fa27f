"""Everything that can be done to one job or one queue at once: what pages, API and commands call.

Each raises Forbidden where Tickbird may only read, NotFound, Conflict or Unsupported with the reason where it refuses,
Invalid for what makes no sense, Unavailable where Redis is away. Bulk work is `core/operations/`.
"""

from __future__ import annotations

from core.ground import Ground
from core.model import Outcome, QueueId
from core.mutations import jobs, pausing


class Mutations:
    """The single writes, on the queues of `ground`."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def retry(self, id: QueueId, job_id: str, *, reset_attempts: bool = False) -> Outcome:
        """Send a failed or completed job back to run again."""
        return await self._ground.act(id, lambda i, q: jobs.retry(i, q, job_id, reset_attempts=reset_attempts))

    async def promote(self, id: QueueId, job_id: str) -> Outcome:
        """Let a delayed job run now."""
        return await self._ground.act(id, lambda i, q: jobs.promote(i, q, job_id))

    async def remove(self, id: QueueId, job_id: str) -> Outcome:
        """Delete a job with everything that belongs to it."""
        return await self._ground.act(id, lambda i, q: jobs.remove(i, q, job_id))

    async def pause(self, id: QueueId) -> Outcome:
        """Stop workers from taking jobs of this queue."""
        return await self._ground.act(id, pausing.pause)

    async def resume(self, id: QueueId) -> Outcome:
        """Let workers take jobs again."""
        return await self._ground.act(id, pausing.resume)
