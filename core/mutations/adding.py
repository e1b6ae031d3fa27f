"""Add new jobs to a queue, as its library would, and copies of jobs that are there.

What Redis does not hold cannot be honoured: the default options that an application gives its own queue object.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.dialects.contract import contract
from core.errors import Invalid, TickbirdError
from core.instance import Instance
from core.model import Outcome, Queue, State
from core.mutations.act import Act, Answer, Option
from core.mutations.job_options import Placed, placed
from core.mutations.permits import check
from core.mutations.refusals import counted
from core.mutations.sentences import of_job, of_queue, standing
from core.mutations.written import DATA_LIMIT, NAME_LIMIT, json_text, plain_text

# What one script adds: one or two milliseconds' work, by number and by bytes.
JOBS_AT_ONCE = 100
BYTES_AT_ONCE = 500_000
# Of jobs with a priority, where that is a place to be searched for in the list.
SEARCHING_AT_ONCE = 10
# More in one call belong to a producer, which can pause when Redis asks it to.
JOBS_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be added: its data as JSON text, its options in BullMQ's own words (`delay`, `priority`, `jobId`, …)."""

    name: str
    data: str = "{}"
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """A job that was checked and can be written as it is."""

    name: str
    data: str
    place: Placed

    @property
    def size(self) -> int:
        return len(self.data) + len(self.place.stored)

    def arguments(self) -> tuple[Option, ...]:
        """Eight of them, in the order in which the script takes them; the id comes last of all."""
        place = self.place
        times = (place.made, place.due, place.delay)
        return self.name, self.data, place.stored, *times, place.priority, int(place.lifo)


async def add(instance: Instance, queue: Queue, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
    """One outcome for each job, in order, with its id; a job whose id is there already is left alone (not `changed`).

    Nothing is added unless all of them can be: Invalid or Unsupported says which cannot, and why.
    """
    check(queue, "add")
    if len(jobs) > JOBS_LIMIT:
        raise Invalid(f"{len(jobs):,} jobs are too many for one call; at most {JOBS_LIMIT:,} can be added at once.")
    now = time.time_ns() // 1_000_000
    ready = [_checked(queue, job, now, _which(at, len(jobs))) for at, job in enumerate(jobs)]
    answers = await write(instance, queue, ready)
    return tuple(_outcome(queue, job, answer) for job, answer in zip(ready, answers, strict=True))


async def write(instance: Instance, queue: Queue, jobs: Sequence[Ready]) -> list[Answer]:
    """The script's answer for each job. What interrupts it says how many were added before."""
    answers: list[Answer] = []
    for slice in _slices(jobs, _at_once(queue, jobs)):
        arguments = (len(slice), *(argument for job in slice for argument in job.arguments()))
        try:
            answers += await Act(instance, queue, "add", arguments).on_jobs([job.place.job_id for job in slice])
        except TickbirdError as error:
            if len(slice) < len(jobs):
                raise type(error)(f"{error.message} {_so_far(queue, answers, jobs)}", error.hint) from error
            raise
    return answers


def _checked(queue: Queue, job: NewJob, now: int, which: str) -> Ready:
    try:
        plain_text("The name", job.name, NAME_LIMIT)
        if not job.name:
            raise Invalid("A job needs a name.")
        json_text("The data", job.data, _most(job))
        return Ready(job.name, job.data, placed(queue.identity, job.options, now))
    except TickbirdError as error:
        raise type(error)(which + error.message, error.hint) from None


def _most(job: NewJob) -> int:
    """Its library would not add a job beyond its own `sizeLimit` either."""
    own = job.options.get("sizeLimit")
    return min(own, DATA_LIMIT) if type(own) is int and own > 0 else DATA_LIMIT


def _which(at: int, jobs: int) -> str:
    return f"Of {jobs:,} jobs, number {at + 1:,}: " if jobs > 1 else ""


def _at_once(queue: Queue, jobs: Sequence[Ready]) -> int:
    searched = State.PRIORITIZED not in contract(queue.identity).states and any(job.place.priority for job in jobs)
    return SEARCHING_AT_ONCE if searched else JOBS_AT_ONCE


def _slices(jobs: Sequence[Ready], at_once: int) -> Iterator[list[Ready]]:
    slice: list[Ready] = []
    size = 0
    for job in jobs:
        if slice and (len(slice) == at_once or size + job.size > BYTES_AT_ONCE):
            yield slice
            slice, size = [], 0
        slice.append(job)
        size += job.size
    if slice:
        yield slice


def _so_far(queue: Queue, answers: Sequence[Answer], jobs: Sequence[Ready]) -> str:
    added = counted(sum(answer.code == "ok" for answer in answers), "job was", "jobs were")
    return (
        f"Before that, {added} added to {of_queue(queue)}, of the first {len(answers):,} of {len(jobs):,}. "
        "Look whether the next were added too before adding them again."
    )


def _outcome(queue: Queue, job: Ready, answer: Answer) -> Outcome:
    if answer.code == "taken":
        said = f"No job was added: the next numbers of {of_queue(queue)} are ids of other jobs."
        return Outcome("add", queue.id, said, changed=False)
    job_id = answer.word(0)
    if answer.code == "duplicated":
        said = f"{of_job(queue, job_id)} was there already; nothing was added."
        return Outcome("add", queue.id, said, job_id, changed=False)
    return Outcome("add", queue.id, f"{of_job(queue, job_id)} was added{place_of(job, answer)}.", job_id)


def place_of(job: Ready, answer: Answer) -> str:
    """What a sentence about a job that was added goes on with."""
    if job.place.due:
        return f", due in {job.place.delay:,} ms" + standing(0, answer.number(1))
    priority = f" with priority {job.place.priority:,}" if job.place.priority else ""
    return priority + standing(0, answer.number(1))
