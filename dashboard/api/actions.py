"""The actions: each is one verb of the herd's, and answers with what it did."""

from __future__ import annotations

from dashboard.api.asked import Asked
from dashboard.api.shapes import Json, outcome


async def retry(asked: Asked) -> Json:
    """Run a failed or completed job again."""
    return outcome(asked.base, await asked.herd.mutations.retry(asked.queue, asked.job_id))


async def promote(asked: Asked) -> Json:
    """Run a delayed job now."""
    return outcome(asked.base, await asked.herd.mutations.promote(asked.queue, asked.job_id))


async def remove(asked: Asked) -> Json:
    """Remove a job for good."""
    return outcome(asked.base, await asked.herd.mutations.remove(asked.queue, asked.job_id))


async def pause(asked: Asked) -> Json:
    """Let no worker take a job of this queue."""
    return outcome(asked.base, await asked.herd.mutations.pause(asked.queue))


async def resume(asked: Asked) -> Json:
    """Let workers take jobs of this queue again."""
    return outcome(asked.base, await asked.herd.mutations.resume(asked.queue))
