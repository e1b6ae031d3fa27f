"""Which actions are legal now, and why the others are not. Pure: it knows what was read, not Redis.

A permit is a forecast for the page. The scripts look again before they act, and have the last word.
"""

from __future__ import annotations

from core.dialects.contract import contract
from core.errors import Unsupported
from core.job import Children, Job
from core.model import Permit, Queue, State

_FINISHED = (State.FAILED, State.COMPLETED)
_PENDING = (State.DELAYED, State.WAITING, State.PAUSED, State.PRIORITIZED)


def check(queue: Queue, verb: str) -> None:
    """Raises Unsupported, with the reason, where this queue's library is one that we do not do this to."""
    if why := _obstacle(queue, verb):
        raise Unsupported(why)


def queue_permits(queue: Queue) -> tuple[Permit, ...]:
    """Pause and resume. A paused list that was left behind can be brought back though the queue is not paused."""
    paused = "The queue is paused already." if queue.paused else ""
    left_behind = queue.counts.get(State.PAUSED, 0)
    running = "" if queue.paused or left_behind else "The queue is not paused."
    return _permit(queue, "pause", paused), _permit(queue, "resume", running)


def job_permits(queue: Queue, job: Job) -> tuple[Permit, ...]:
    """Retry, promote and remove for a job as it was read."""
    return (
        _permit(queue, "retry", _not_retried(job)),
        _permit(queue, "promote", _not_promoted(job)),
        _permit(queue, "remove", _not_removed(job)),
    )


def _permit(queue: Queue, verb: str, why: str) -> Permit:
    why = _obstacle(queue, verb) or why
    return Permit(verb, not why, why)


def _obstacle(queue: Queue, verb: str) -> str:
    if queue.identity.doubt:
        return queue.identity.doubt
    if verb not in contract(queue.identity).verbs:
        return f"Tickbird only reads queues of {queue.identity.label}: to {verb} is not proved on that version yet."
    return ""


def _not_retried(job: Job) -> str:
    if job.row.state not in _FINISHED:
        return f"Only failed and completed jobs can be retried; this one is {job.row.state}."
    if job.row.missing:
        return "Redis has lost the job itself, so there is nothing to run."
    if job.lock is not None:
        return "Somebody holds its lock."
    children = job.children or Children()
    if children.unsuccessful:
        return "A child failed it, and it would fail again at once: retry its children first."
    if children.pending:
        return "It cannot complete before its children: let those finish first."
    return ""


def _not_promoted(job: Job) -> str:
    if job.row.state is not State.DELAYED:
        return f"Only delayed jobs can be promoted; this one is {job.row.state}."
    return "Redis has lost the job itself, so there is nothing to run." if job.row.missing else ""


def _not_removed(job: Job) -> str:
    if job.lock is not None:
        return "A worker is running it: removing it would lose its result."
    if job.scheduler is not None and job.row.state in _PENDING:
        return "It is the next iteration of a scheduler, which would end with it: remove the scheduler instead."
    if job.children is not None and job.children.pending:
        return "It has unfinished children, which would be orphaned: let its application remove the whole flow."
    return ""
