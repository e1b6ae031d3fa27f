"""Why a job whose worker seems gone, or a queue, would be refused something, from what was read of it. Pure."""

from __future__ import annotations

from core.job import Job
from core.model import Queue, State
from core.split_pause import split_pause

_PENDING = (State.DELAYED, State.WAITING, State.PAUSED, State.PRIORITIZED)
_NEEDLESS = "It needs no force."


def not_abandoned(job: Job, done: str) -> str:
    """`done`: failed or requeued."""
    if why := _not_active(job, done):
        return why
    return "A worker holds its lock: wait until it has finished, or until the lock has run out." if _held(job) else ""


def not_forced(job: Job, done: str) -> str:
    """The same by force, which takes a job from the worker that holds it."""
    return _not_active(job, done) or ("" if _held(job) else _NEEDLESS)


def not_removed_by_force(job: Job) -> str:
    """Force helps against a lock and for a scheduler, not against children that would be orphaned."""
    if job.children is not None and job.children.pending:
        return "It has unfinished children, which would be orphaned: no force changes that."
    iteration = job.scheduler is not None and job.row.state in _PENDING
    return "" if _held(job) or iteration or job.row.state is State.ACTIVE else _NEEDLESS


def not_mended(queue: Queue) -> str:
    """Nothing to mend where every job lies where the queue's pause expects it."""
    return "" if split_pause(queue) else "There is nothing to mend: its jobs are where its pause expects them."


def _not_active(job: Job, done: str) -> str:
    if job.row.state is not State.ACTIVE:
        return f"Only active jobs can be {done}; this one is {job.row.state}."
    return "Redis has lost the job itself, so there is nothing to run: remove its id." if job.row.missing else ""


def _held(job: Job) -> bool:
    return job.lock is not None
