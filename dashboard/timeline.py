"""A job's way so far, as moments with the time between them, from the few instants that its hash holds.

What happened between (earlier attempts) is counted but has left no instants, and is said so instead of drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.job import Job, JobRow
from core.model import State
from core.words import span


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant on the way. `before` says in words what lay between it and the one before; `ahead`: still to come.

    `lasting`: what has gone on since then, and still does.
    """

    name: str
    at: int
    kind: str = ""
    before: str = ""
    lasting: str = ""
    ahead: bool = False


def timeline(job: Job) -> list[Moment]:
    """The moments in order; only those that are known."""
    row = job.row
    moments = [*_added(row), *_started(row), *_finished(row), *_next(row)]
    return sorted(moments, key=lambda moment: (moment.ahead, moment.at))


def attempt(row: JobRow) -> int:
    """Which attempt a job is at, or comes to next."""
    return min(row.attempts_made + 1, max(row.attempts, row.attempts_made, 1))


def _added(row: JobRow) -> list[Moment]:
    if row.timestamp is None:
        return []
    lasting = "waiting" if row.processed_on is None and row.state is not State.DELAYED else ""
    return [Moment("added", row.timestamp, lasting=lasting)]


def _started(row: JobRow) -> list[Moment]:
    if row.processed_on is None:
        return []
    last = row.attempts_made if row.state is not State.ACTIVE else attempt(row)
    name = "started" if last <= 1 else f"attempt {last} started"
    return [
        Moment(name, row.processed_on, "busy", _waited(row), lasting="running" if row.state is State.ACTIVE else "")
    ]


def _waited(row: JobRow) -> str:
    if row.timestamp is None or row.processed_on is None or row.processed_on < row.timestamp:
        return ""
    between = span(row.processed_on - row.timestamp)
    earlier = max(0, row.attempts_made - (row.state is not State.ACTIVE))
    if earlier:
        return f"{between}, with {earlier} earlier attempt{'s' if earlier > 1 else ''}"
    return f"waited {between}"


def _finished(row: JobRow) -> list[Moment]:
    if row.finished_on is None or row.state not in (State.COMPLETED, State.FAILED):
        return []
    ran = f"ran {span(row.took)}" if row.took is not None else ""
    return [Moment(row.state.value, row.finished_on, "bad" if row.state is State.FAILED else "ok", ran)]


def _next(row: JobRow) -> list[Moment]:
    if row.due_at is None or row.state is not State.DELAYED:
        return []
    name = f"attempt {attempt(row)} due" if row.attempts_made else "due"
    return [Moment(name, row.due_at, before="backs off" if row.attempts_made else "delayed", ahead=True)]
