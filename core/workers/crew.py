"""What is known of workers and of the jobs that they hold, as values; instants and durations are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.job import Covered
from core.model import QueueId


class Condition(StrEnum):
    """How an active job stands with its worker.

    `TAKEN`: it has no lock yet, as older libraries lock a moment after they take. `DOUBTFUL`: the signs do not say.
    `HUNG`: its lock is renewed, and nothing else happens. `BLOCKED`: its worker is connected, and does not renew.
    `DEAD`: its worker is gone. `ORPHANED`: it has no lock, and nobody who could be at it.
    """

    BEATING = "beating"
    TAKEN = "just taken"
    DOUBTFUL = "in doubt"
    HUNG = "hung"
    BLOCKED = "blocked"
    ORPHANED = "orphaned"
    DEAD = "dead"


# Worst first; what a person should look at begins before TAKEN.
BY_TROUBLE = (
    Condition.DEAD,
    Condition.ORPHANED,
    Condition.BLOCKED,
    Condition.HUNG,
    Condition.DOUBTFUL,
    Condition.TAKEN,
    Condition.BEATING,
)
TROUBLED = frozenset(BY_TROUBLE[:4])


@dataclass(frozen=True, slots=True)
class Pulse:
    """The lock pulse of one active job. `evidence` says in a sentence why its condition is what it is.

    `lock_left` is None where nobody holds a lock, and `lock_until` the instant at which it would run out. `usual` is
    the length of a lock of this queue, as far as it was seen. `worker` is the name that the library recorded, empty
    where it records none. `renewed_at` is when a renewal was last seen. `name` and `timeout` are the job's.
    """

    queue: QueueId
    job_id: str
    condition: Condition
    evidence: str
    lock_left: int | None
    lock_until: int | None
    usual: int | None
    worker: str = ""
    name: str = ""
    since: int | None = None
    renewed_at: int | None = None
    timeout: int | None = None
    past_timeout: bool = False

    @property
    def is_trouble(self) -> bool:
        return self.condition in TROUBLED


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker connection. `queue` is None for one that serves a queue which is not known here; `serves` is what its
    name says. `jobs` are the ids that it runs now, None where nothing tells; `note` then says why."""

    instance: str
    queue: QueueId | None
    serves: str
    name: str
    address: str
    connected_at: int | None
    idle: int | None
    free: bool
    waits_on: str
    library: str
    jobs: tuple[str, ...] | None = None
    note: str = ""
    condition: Condition = Condition.BEATING

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by for as long as it is connected."""
        return self.instance, self.address, self.serves


@dataclass(frozen=True, slots=True)
class Vanished:
    """A worker connection that went while jobs were held. `sure`: the jobs were its own; else they may be another
    worker's. `left` counts those that have not found a worker since."""

    instance: str
    queue: QueueId | None
    serves: str
    name: str
    address: str
    connected_at: int | None
    seen_at: int
    gone_at: int
    jobs: tuple[str, ...]
    sure: bool
    left: int = 0


@dataclass(frozen=True, slots=True)
class Crew:
    """Everyone who works, as one look finds them. `vanished` are newest first, `pulses` and `workers` worst first.

    `nameless` counts connections that wait for jobs without saying of which queue. `trouble` says what could not be
    asked, and `covered` how many of the active jobs were looked at.
    """

    workers: tuple[Worker, ...] = ()
    pulses: tuple[Pulse, ...] = ()
    vanished: tuple[Vanished, ...] = ()
    nameless: int = 0
    trouble: tuple[str, ...] = ()
    covered: Covered = field(default_factory=lambda: Covered(0, 0))
