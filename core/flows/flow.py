"""Flows as values: a tree of jobs that wait for each other, what holds it back, and what was done to it.

Instants and durations are milliseconds; None means "not known".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.job import Children, Covered, JobRow
from core.model import QueueId, State

NOTHING = Covered(0, 0)


class Tie(StrEnum):
    """How a parent's own keys count a child. `STRANGE`: not at all, though the child names that parent."""

    FAILED = "failed"
    PENDING = "pending"
    IGNORED = "ignored"
    PROCESSED = "processed"
    STRANGE = "unexpected"


@dataclass(frozen=True, slots=True)
class Node:
    """One job of a flow. `queue` is None where its key begins with no queue that is known here, `row` None where
    nothing could be read of it or Redis has lost it.

    `terms` says what its failure means for its parent; `since` when it began to wait for its children; `children`
    how many it has, `kids` those that are shown, `more` how many are not. `locked` is whether a worker holds it, None
    where that was not looked at; `sure` False where a list was too long to be searched for it.
    """

    key: str
    id: str
    queue: QueueId | None = None
    row: JobRow | None = None
    tie: Tie | None = None
    terms: str = ""
    since: int | None = None
    children: Children | None = None
    locked: bool | None = None
    sure: bool = True
    kids: tuple[Node, ...] = ()
    more: int = 0

    @property
    def state(self) -> State | None:
        return self.row.state if self.row is not None and not self.row.missing else None

    @property
    def holds_back(self) -> bool:
        """Whether its parent cannot run because of it."""
        return self.tie in (Tie.PENDING, Tie.FAILED)


class Cause(StrEnum):
    """Why a job keeps its parent waiting, worst first."""

    FAILED = "failed"
    GONE = "gone"
    LOST = "in no state"
    STUCK = "waits for no child"
    DONE = "finished, but still waited for"
    UNKNOWN = "unknown queue"
    ABANDONED = "abandoned"
    UNATTENDED = "nobody consuming"
    PAUSED = "paused"
    DELAYED = "delayed"
    WAITING = "waiting"
    RUNNING = "running"
    DEEPER = "deeper than looked"


@dataclass(frozen=True, slots=True)
class Step:
    """One job on a way down a flow."""

    id: str
    queue: QueueId | None
    key: str


@dataclass(frozen=True, slots=True)
class Blocker:
    """`count` jobs of one queue that hold the flow back for one cause. `path` leads from the top to one of them."""

    cause: Cause
    queue: QueueId | None
    count: int
    sentence: str
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Blocking:
    """What holds a flow back, worst first; of its unfinished jobs, as many as `covered` says were looked at."""

    blockers: tuple[Blocker, ...] = ()
    sentence: str = ""
    covered: Covered = NOTHING

    @property
    def critical(self) -> frozenset[str]:
        """The keys of the jobs on the way to the worst of it."""
        return frozenset(step.key for step in self.blockers[0].path) if self.blockers else frozenset()


@dataclass(frozen=True, slots=True)
class Flow:
    """The tree around one job, from its top: `here` is that job's key, `above` the way down to it. Its children are
    paged: `next` goes on. `notes` say where pointers are broken or the tree was cut."""

    root: Node
    here: str
    above: tuple[Step, ...]
    next: str | None
    listed: Covered
    blocking: Blocking
    shown: int
    notes: tuple[str, ...] = ()

    @property
    def focus(self) -> Node:
        """The job that was asked for."""
        return find(self.root, self.here) or self.root


def find(node: Node, key: str) -> Node | None:
    """The node of that key at or below this one."""
    if node.key == key:
        return node
    return next((found for kid in node.kids if (found := find(kid, key)) is not None), None)


@dataclass(frozen=True, slots=True)
class InFlight:
    """A parent that waits for its children. `failed` of the `looked_at` of its unfinished children have failed."""

    queue: QueueId
    row: JobRow
    since: int | None
    children: Children
    failed: int
    looked_at: int
    because: str
    worst: Cause | None
    is_part: bool


@dataclass(frozen=True, slots=True)
class FlightPage:
    """A page of flows in flight, those that wait longest first. `covered` counts jobs that wait for children;
    `trouble` names what could not be looked at, `without` how many queues belong to a library without flows."""

    flights: tuple[InFlight, ...]
    next: str | None
    covered: Covered
    trouble: tuple[str, ...] = ()
    without: int = 0


@dataclass(frozen=True, slots=True)
class Extent:
    """What a removal would take: so many jobs by queue and state. `exact` is False where only part was walked;
    `running` of them are active, and `strangers` lie in queues that are not known here."""

    counts: Mapping[tuple[QueueId, str], int] = field(default_factory=dict)
    running: int = 0
    strangers: int = 0
    exact: bool = True

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Left:
    """A job that was left alone, and why."""

    queue: QueueId | None
    job_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """What an act on a flow did: `done` says to which jobs, `left` which were left alone. `rest` is how many are still
    to be done by doing the same again (0: none, None: there are more, but not how many)."""

    verb: str
    queue: QueueId
    job_id: str
    sentence: str
    done: int = 0
    left: tuple[Left, ...] = ()
    left_count: int = 0
    rest: int | None = 0
    results: tuple[tuple[QueueId, str, str], ...] = ()
