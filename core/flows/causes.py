"""Why one unfinished job keeps its parent waiting, and how that is said. Pure."""

from __future__ import annotations

from core.flows.flow import Cause
from core.flows.lens import Spot
from core.flows.standing import Standing
from core.job import Children, JobRow
from core.model import Health, Queue, State
from core.text import printable
from core.words import count

ORDER = tuple(Cause)
_READY = (State.WAITING, State.PAUSED, State.PRIORITIZED)
_ELSE = {State.COMPLETED: Cause.DONE, State.DELAYED: Cause.DELAYED}
# What follows "1 job in mail", and what "3 jobs in mail".
_SAID = {
    Cause.FAILED: ("has failed", "have failed"),
    Cause.GONE: (
        "is gone from Redis, but still waited for: it will never come",
        "are gone from Redis, but still waited for: they will never come",
    ),
    Cause.LOST: (
        "has a hash, but no state lists it: no worker will take it",
        "have a hash, but no state lists them: no worker will take them",
    ),
    Cause.STUCK: (
        "waits for children and has none left: nothing lets it go",
        "wait for children and have none left: nothing lets them go",
    ),
    Cause.DONE: ("has completed, but is still waited for", "have completed, but are still waited for"),
    Cause.UNKNOWN: ("lies in a queue that is not known here", "lie in queues that are not known here"),
    Cause.ABANDONED: (
        "is active and no worker holds it: its worker may be dead",
        "are active and no worker holds them: their workers may be dead",
    ),
    Cause.UNATTENDED: ("waits, and nobody consumes that queue", "wait, and nobody consumes that queue"),
    Cause.PAUSED: ("waits: that queue is paused", "wait: that queue is paused"),
    Cause.DELAYED: ("is delayed: its time has not come", "are delayed: their time has not come"),
    Cause.WAITING: ("waits for its turn", "wait for their turn"),
    Cause.RUNNING: ("runs now", "run now"),
    Cause.DEEPER: ("waits for children that were not looked at", "wait for children that were not looked at"),
}


def cause_of(spot: Spot, standing: Standing | None, children: Children | None, *, locked: bool) -> Cause | None:
    """The cause; None where the job itself waits for its own children, or was failed by them."""
    if spot.queue is None or standing is None:
        return Cause.UNKNOWN
    if not standing.there:
        return Cause.GONE
    if standing.state in (State.FAILED, State.WAITING_CHILDREN):
        unfinished = children is not None and bool(children.pending or children.unsuccessful)
        alone = Cause.FAILED if standing.state is State.FAILED else Cause.STUCK
        return None if unfinished else alone
    return _of_line(spot.queue) if standing.state in _READY else _elsewhere(standing.state, locked=locked)


def _elsewhere(state: State, *, locked: bool) -> Cause:
    if state is State.ACTIVE:
        return Cause.RUNNING if locked else Cause.ABANDONED
    return _ELSE.get(state, Cause.LOST)


def _of_line(queue: Queue) -> Cause:
    if queue.paused:
        return Cause.PAUSED
    nobody = queue.workers is not None and not queue.workers.total
    return Cause.UNATTENDED if nobody or queue.verdict.health is Health.UNATTENDED else Cause.WAITING


def sentence(cause: Cause, number: int, queue: Queue | None, example: JobRow | None) -> str:
    """One sentence on so many jobs of that queue; `example` is one of them, where it was read."""
    where = f" in {printable(queue.id.name)}" if queue else ""
    said = _SAID[cause][number != 1]
    reason = example.failed_reason if example and cause is Cause.FAILED else None
    why = f": {printable(reason)}" if reason else "."
    return f"{count(number)} {'job' if number == 1 else 'jobs'}{where} {said}{why}"
