"""The actions: each is one verb of the herd's, and answers with what it did."""

from __future__ import annotations

from dashboard.api.asked import Asked
from dashboard.api.bodies import read_body
from dashboard.api.fields import check_known, flag
from dashboard.api.shapes import Json, outcome


async def retry(asked: Asked) -> Json:
    """Run a failed or completed job again."""
    fields = await read_body(asked.request)
    check_known(fields, ("reset_attempts",))
    reset, act = flag(fields, "reset_attempts"), asked.herd.mutations.retry
    return outcome(asked.base, await act(asked.queue, asked.job_id, reset_attempts=reset))


async def promote(asked: Asked) -> Json:
    """Run a delayed job now."""
    return outcome(asked.base, await asked.herd.mutations.promote(asked.queue, asked.job_id))


async def remove(asked: Asked) -> Json:
    """Remove a job for good."""
    act = asked.herd.mutations.remove
    return outcome(asked.base, await act(asked.queue, asked.job_id, force=asked.query["force"]))


async def pause(asked: Asked) -> Json:
    """Let no worker take a job of this queue."""
    return outcome(asked.base, await asked.herd.mutations.pause(asked.queue))


async def resume(asked: Asked) -> Json:
    """Let workers take jobs of this queue again."""
    return outcome(asked.base, await asked.herd.mutations.resume(asked.queue))
