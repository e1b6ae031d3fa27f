"""A job as a row of its queue's list: the columns that its state has, and where it went when it left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.job import JobRow
from core.model import QueueId, State
from dashboard.board import Piece, digest
from dashboard.desk import Desk
from dashboard.urls import encode_part, job_page

LONGEST_PROGRESS = 80
# Servers and proxies refuse longer addresses: a job with such an id is shown, but has no page and takes no action.
LONGEST_PART = 2048
# What an object's progress says in words, in the names that people give it.
_STEPS = ("currentOperation", "operation", "message", "status", "step", "stage", "phase", "name", "text", "description")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list of `state`. `job` says where the job is now: None is gone from Redis."""

    id: str
    state: State
    part: str
    href: str
    before: JobRow
    job: JobRow | None

    @property
    def shown(self) -> JobRow:
        """What is known of the job, if only from before it went."""
        return self.job or self.before

    @property
    def left(self) -> bool:
        """Whether it is not in this list any more."""
        return self.job is None or self.job.state is not self.state

    @property
    def finished(self) -> bool:
        return self.state in (State.COMPLETED, State.FAILED)

    @property
    def when(self) -> int | None:
        """The instant that tells most in this list: when it finished, when it began to run, or when it was added."""
        job = self.shown
        if self.finished:
            return job.finished_on
        return job.processed_on if self.state is State.ACTIVE else job.timestamp

    @property
    def percent(self) -> float | None:
        return self.shown.percent

    @property
    def doing(self) -> str:
        """What progress says besides a number."""
        return words(self.shown.progress)


def row_id(queue: QueueId, job_id: str) -> str:
    """The id of the job's row in the page."""
    return "j" + digest(queue.instance, queue.prefix, queue.name, job_id)


def row_piece(desk: Desk, queue: QueueId, state: State, *, job: JobRow | None, before: JobRow) -> Piece:
    """The job's row in that list, rendered when somebody needs it and kept while nothing in it changes."""
    part = encode_part(before.id)
    part, href = (part, job_page(desk.base, queue, before.id)) if len(part) <= LONGEST_PART else ("", "")
    row = Row(row_id(queue, before.id), state, part, href, before, job)
    return desk.board.row((state, row.id), row.id, row, lambda: desk.rendering.ui.job_row(row))


def remembered(desk: Desk, state: State, id: str) -> JobRow | None:
    """The job behind a row of that id, as it was last shown to anybody; None where that is forgotten."""
    row = desk.board.known((state, id))
    return row.shown if isinstance(row, Row) else None


def words(progress: Any) -> str:
    """What progress says besides a number: the telling text of an object, or a text."""
    if isinstance(progress, str):
        return _cut(progress)
    if isinstance(progress, dict):
        step = next((progress[key] for key in _STEPS if isinstance(progress.get(key), str)), "")
        return _cut(step or ("" if percentlike(progress) else json.dumps(progress)))
    return _cut(json.dumps(progress)) if isinstance(progress, list) and progress else ""


def percentlike(progress: dict[str, Any]) -> bool:
    """Whether the object has a number that a bar shows."""
    return any(key in progress for key in ("percent", "percentage", "progress"))


def _cut(text: str) -> str:
    line = " ".join(text[: LONGEST_PROGRESS * 4].split())
    return line if len(line) <= LONGEST_PROGRESS else line[: LONGEST_PROGRESS - 1] + "…"
