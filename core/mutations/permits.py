"""Which actions are legal now, and why the others are not. Pure: it knows what was read, not Redis.

A permit is a forecast for the page. The scripts look again before they act, and have the last word.
"""

from __future__ import annotations

from core.dialects.contract import contract
from core.errors import Unsupported
from core.job import Children, Job
from core.model import Permit, Queue, State
from core.mutations.forecasts import not_abandoned, not_forced, not_mended, not_removed_by_force
from core.mutations.notions import absent

_FINISHED = (State.FAILED, State.COMPLETED)
_OF_SCHEDULERS = ("upsert_scheduler", "remove_scheduler", "run_scheduler")
_PENDING = (State.DELAYED, State.WAITING, State.PAUSED, State.PRIORITIZED)


def check(queue: Queue, verb: str) -> None:
    """Raises Unsupported, with the reason, where this queue's library is one that we do not do this to."""
    if why := _obstacle(queue, verb):
        raise Unsupported(why)


def queue_permits(queue: Queue) -> tuple[Permit, ...]:
    """Every verb on the queue itself. What was left behind in a paused list can be brought back though it runs."""
    paused = "The queue is paused already." if queue.paused else ""
    left_behind = queue.counts.get(State.PAUSED, 0)
    running = "" if queue.paused or left_behind else "The queue is not paused."
    limits = ("set_concurrency", "set_rate_limit", "release_rate_limit", "release_deduplication")
    return (
        _permit(queue, "pause", paused),
        _permit(queue, "resume", running),
        *(_permit(queue, verb, "") for verb in ("add", *limits, "trim_events", *_OF_SCHEDULERS)),
        _permit(queue, "mend_pause", not_mended(queue)),
    )


def job_permits(queue: Queue, job: Job) -> tuple[Permit, ...]:
    """Every verb on a job as it was read; `…_by_force` is the same verb with its option `force`."""
    return (
        _permit(queue, "retry", _not_retried(job)),
        _permit(queue, "promote", _not_promoted(job)),
        _permit(queue, "remove", _not_removed(job)),
        _permit(queue, "edit_data", _not_edited(job)),
        _permit(queue, "change_priority", _not_reordered(job)),
        _permit(queue, "change_delay", _not_rescheduled(job)),
        _permit(queue, "set_progress", _without_hash(job)),
        _permit(queue, "log", _without_hash(job)),
        _permit(queue, "duplicate", _without_hash(job)),
        _permit(queue, "move", _not_moved(job)),
        _permit(queue, "fail", not_abandoned(job, "failed")),
        _permit(queue, "requeue", not_abandoned(job, "requeued")),
        _by_force(queue, "remove", not_removed_by_force(job)),
        _by_force(queue, "fail", not_forced(job, "failed")),
        _by_force(queue, "requeue", not_forced(job, "requeued")),
    )


def _permit(queue: Queue, verb: str, why: str) -> Permit:
    why = _obstacle(queue, verb) or why
    return Permit(verb, not why, why)


def _by_force(queue: Queue, verb: str, why: str) -> Permit:
    permit = _permit(queue, verb, why)
    return Permit(f"{verb}_by_force", permit.allowed, permit.why)


def _obstacle(queue: Queue, verb: str) -> str:
    if queue.identity.doubt:
        return queue.identity.doubt
    if missing := absent(queue, verb):
        return missing
    if verb not in contract(queue.identity).verbs:
        to = verb.replace("_", " ")
        return f"Tickbird only reads queues of {queue.identity.label}: to {to} is not proved on that version yet."
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


def _not_moved(job: Job) -> str:
    if job.lock is not None or job.row.state is State.ACTIVE:
        return "A worker has it: wait until it has finished."
    if job.row.state is State.WAITING_CHILDREN or job.children is not None or job.parent is not None:
        return "It is one of a flow, whose jobs know each other by queue and id: let its application move the flow."
    if job.scheduler is not None and job.row.state in _PENDING:
        return "It is the next iteration of a scheduler, which would end with it: move that."
    return _without_hash(job)


def _not_edited(job: Job) -> str:
    if job.lock is not None or job.row.state is State.ACTIVE:
        return "A worker has it, and has read its data: wait until it has finished."
    return _without_hash(job)


def _not_reordered(job: Job) -> str:
    if job.row.state not in (*_PENDING, State.WAITING_CHILDREN):
        return f"Only jobs that are still to run have a place in line; this one is {job.row.state}."
    return _without_hash(job)


def _not_rescheduled(job: Job) -> str:
    if job.row.state is not State.DELAYED:
        return f"Only delayed jobs have a time to change; this one is {job.row.state}."
    return _without_hash(job)


def _without_hash(job: Job) -> str:
    return "Redis has lost the job itself: only its id is left." if job.row.missing else ""
