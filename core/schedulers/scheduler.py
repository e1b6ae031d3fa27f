"""Schedulers as values: BullMQ's job schedulers and the repeatables of Bull and earlier BullMQ, alike where they are.

Instants and lengths are in ms; None means "not known", or that there is no such bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.job import Covered, Payload
from core.model import QueueId


class Kind(StrEnum):
    """`SCHEDULER`: a job scheduler, from BullMQ 5.16 on. `REPEATABLE`: what Bull and BullMQ had before."""

    SCHEDULER = "scheduler"
    REPEATABLE = "repeatable"


@dataclass(frozen=True, slots=True)
class Timing:
    """When it runs: by a cron `pattern` or `every` so many ms (`offset` ms after the slot), in the zone `tz`, from
    `start` to `end`, at most `limit` times."""

    pattern: str | None = None
    every: int | None = None
    tz: str | None = None
    start: int | None = None
    end: int | None = None
    limit: int | None = None
    offset: int | None = None


class Pending(StrEnum):
    """Where the iteration is that has to run for the scheduler to go on."""

    DELAYED = "delayed"
    DUE = "waiting or active"
    FINISHED = "finished"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Head:
    """A scheduler as it stands in the queue's register: `key` is its member there, `prefix` begins the ids of its
    iterations, `next` is when the next one is due. `own_id` is a repeatable's own job id. `hashed`: it has a hash
    beside its place in the register. `certain`: it can be told which of the two kinds it is. `ran` counts the
    iterations that came before the pending one, None where only the pending one knows."""

    queue: QueueId
    key: str
    kind: Kind
    name: str
    timing: Timing
    next: int
    prefix: str
    own_id: str = ""
    hashed: bool = False
    certain: bool = True
    ran: int | None = None
    pending: Pending | None = None

    @property
    def iteration(self) -> str:
        """The id of the job that stands for the next run."""
        return f"{self.prefix}:{self.next}"


@dataclass(frozen=True, slots=True)
class Run:
    """One run that should have been: `state` is completed or failed where the job is still there, else empty.
    `took` where it was read."""

    at: int
    state: str = ""
    finished_on: int | None = None
    took: int | None = None
    job_id: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A scheduler as a list shows it. `sentence` says its timing in words, `runs` are the last ones, oldest first.
    `trouble` are sentences; the worst first. `overdue` is by how long. `twins` share its name and timing."""

    head: Head
    sentence: str
    overdue: int = 0
    runs: tuple[Run, ...] = ()
    trouble: tuple[str, ...] = ()
    twins: int = 0

    @property
    def last(self) -> Run | None:
        """The newest run that left its job behind."""
        return next((run for run in reversed(self.runs) if run.state), None)


@dataclass(frozen=True, slots=True)
class Page:
    """Schedulers, those in trouble first, then by their next run. `next` is the cursor of the page after this one.
    `away` are sentences about instances that could not be read."""

    rows: tuple[Row, ...]
    next: str | None
    found: int
    covered: Covered
    away: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next runs, as far as they can be told; `note` says why there are no more, or what they rest on."""

    instants: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scheduler:
    """One scheduler in full. `data` and `options` are those of the jobs it makes, without what must not be seen
    (`hidden`: something may be missing); `template_from` says where they were read, empty where they are nowhere.
    `average` is the length of its retained completed runs."""

    row: Row
    upcoming: Upcoming
    data: Payload | None
    options: Payload | None
    template_from: str
    average: int | None = None
    hidden: bool = False
