"""Queues as Python values: frozen, and the same for pages, JSON and metrics.

All instants are milliseconds since the epoch, all durations milliseconds, unless a name says otherwise.
`None` means "not known"; it never stands for zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.text import raw_bytes


class State(StrEnum):
    """Where a job is, in the libraries' own words. Each counts its own key in Redis.

    `UNKNOWN` is a job whose hash is there while no state lists it; it is nobody's count and not in `STATES`.
    """

    WAITING = "waiting"
    ACTIVE = "active"
    DELAYED = "delayed"
    PRIORITIZED = "prioritized"
    WAITING_CHILDREN = "waiting-children"
    COMPLETED = "completed"
    FAILED = "failed"
    PAUSED = "paused"
    UNKNOWN = "unknown"


STATES = tuple(state for state in State if state is not State.UNKNOWN)
BACKLOG = (State.WAITING, State.PAUSED, State.PRIORITIZED)


class Dialect(StrEnum):
    """The layout that a queue's library writes."""

    BULL = "bull"
    MQ_LIST = "mq_list"
    MQ4 = "mq4"
    MQ5 = "mq5"


@dataclass(frozen=True, slots=True, order=True)
class QueueId:
    """Instance, prefix and name: what a person and a URL call a queue."""

    instance: str
    prefix: str
    name: str

    @property
    def base(self) -> bytes:
        """The start of every key of this queue: `<prefix>:<name>:`."""
        return raw_bytes(f"{self.prefix}:{self.name}:")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which library wrote this queue, and how we know.

    `version` is what the queue's own keys claim, such as "6.7.0", and None where nothing claims any.
    `doubt` says in a sentence why mutations are refused (signals disagree, Pro groups); empty when there is none.
    `also_before_6`: whatever version it claims, something here is, or earlier claimed to be, of one before 6.
    """

    dialect: Dialect
    version: str | None
    evidence: tuple[str, ...]
    pinned: bool = False
    doubt: str = ""
    also_before_6: bool = False

    @property
    def library(self) -> str:
        return "bull" if self.dialect is Dialect.BULL else "bullmq"

    @property
    def label(self) -> str:
        """Short words for a badge: "bullmq 6.7", "bullmq 5+", "bull"."""
        if self.version:
            return f"{self.library} {'.'.join(self.version.split('.')[:2])}"
        return _UNVERSIONED[self.dialect]


_UNVERSIONED = {
    Dialect.BULL: "bull",
    Dialect.MQ_LIST: "bullmq 1–3",
    Dialect.MQ4: "bullmq 4",
    Dialect.MQ5: "bullmq 5+",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds a queue back by configuration. `limited_for` is set only while the rate limit bites."""

    concurrency: int | None = None
    rate_max: int | None = None
    rate_duration: int | None = None
    limited_for: int | None = None


@dataclass(frozen=True, slots=True)
class Instants:
    """The moments by which a queue's health is judged; None where there is no such job, or it is not known."""

    oldest_waiting: int | None = None
    oldest_prioritized: int | None = None
    oldest_active: int | None = None
    oldest_failed: int | None = None
    next_delayed: int | None = None
    last_finished: int | None = None
    stalled_check: int | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """Jobs in and out, measured between our own readings. None until two readings are far enough apart.

    `spark` is the number of jobs finished or removed in each ten-second slot of the last five minutes, oldest first,
    None for a slot in which we were not looking. `arrivals` is the same for jobs added.
    """

    in_per_minute: float | None = None
    out_per_minute: float | None = None
    spark: tuple[float | None, ...] = ()
    arrivals: tuple[float | None, ...] = ()


class Health(StrEnum):
    """The one word a queue's row begins with."""

    RUNNING = "running"
    IDLE = "idle"
    PAUSED = "paused"
    UNATTENDED = "nobody consuming"
    FAILING = "failing"
    OVERLOADED = "overloaded"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a queue is or is not moving: a word, a sentence with its evidence, and whether a person should look."""

    health: Health
    sentence: str
    needs_attention: bool


@dataclass(frozen=True, slots=True)
class Workers:
    """Worker connections of a queue: `total`, and `free` of them blocked waiting for a job. `names` are distinct."""

    total: int
    free: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """One reading of one queue.

    `counts` has the states this dialect knows, each counting its own key. `workers` is None where Redis does not
    let us ask. `overdue` counts delayed jobs whose time has come. `failed_last_hour` and `finished_last_hour`
    count retained jobs only. `ids` is the number of jobs ever added, `completed_ever` and `failed_ever` the
    library's own counters, None unless workers keep them.
    """

    id: QueueId
    identity: Identity
    paused: bool
    counts: Mapping[State, int]
    limits: Limits = Limits()
    instants: Instants = Instants()
    overdue: int = 0
    workers: Workers | None = None
    failed_last_hour: int = 0
    completed_last_hour: int = 0
    ids: int | None = None
    completed_ever: int | None = None
    failed_ever: int | None = None
    max_events: int | None = None
    active_without_lock: int | None = None
    traffic: Traffic = Traffic()
    verdict: Verdict = Verdict(Health.IDLE, "", needs_attention=False)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def backlog(self) -> int:
        """Everything ready to run: waiting, paused and prioritized."""
        return sum(self.counts.get(state, 0) for state in BACKLOG)

    @property
    def oldest_ready(self) -> int | None:
        """When the job that is ready for the longest became ready."""
        known = [t for t in (self.instants.oldest_waiting, self.instants.oldest_prioritized) if t is not None]
        return min(known, default=None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: the verb, what it acted on, and a sentence for the person who asked."""

    verb: str
    queue: QueueId
    sentence: str
    job_id: str | None = None
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether an action is legal now, and if not, why, and what to do instead."""

    verb: str
    allowed: bool
    why: str = ""
