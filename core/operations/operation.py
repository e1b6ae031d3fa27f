"""An operation as everybody sees it: a frozen picture of what was asked, how far it is, what was skipped and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.model import QueueId, State
from core.operations.canary import Bird
from core.operations.request import Request


class Status(StrEnum):
    """`waiting` goes on by itself when Redis answers again; `stopped` held itself, and asks a person."""

    PREVIEWED = "previewed"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


LIVE = frozenset({Status.RUNNING, Status.WAITING, Status.PAUSED, Status.STOPPED})
# Where it stands still until a person lets it go on.
HELD = frozenset({Status.PAUSED, Status.STOPPED})
OVER = frozenset({Status.DONE, Status.CANCELLED, Status.FAILED})


@dataclass(frozen=True, slots=True)
class Skip:
    """A job (or, without an id, a queue) that was left alone: a word for the reason, and a sentence for people."""

    queue: QueueId
    job_id: str | None
    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody told it to do, when (ms since the epoch), who and why."""

    act: str
    at: int
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One state of one queue, or a queue. `count` was previewed; `refusal` says why it is not touched at all. With a
    query, `count` of the first `looked` jobs fitted, of `reach` in all; `least` says that not all were looked at.
    `cutoff` is the moment (ms since the epoch) after which jobs that come are left alone."""

    queue: QueueId
    state: State | None
    count: int
    exact: bool
    refusal: str = ""
    done: int = 0
    skipped: int = 0
    reach: int = 0
    looked: int = 0
    least: bool = False
    cutoff: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """One picture of an operation. Instants in ms since the epoch; `rate` is in jobs (or queues) a second.

    `total` is what was previewed, and exact or at most that. `skipped` counts by reason, `examples` are some of
    them. `unconfirmed` of `done` had left the state when it was looked at again after an answer was lost. `trouble`
    says why it waits, failed, does not go on by itself, or is not recorded. `slices`, `largest_slice` (jobs) and
    `longest_slice` (ms of Redis' time) tell what it cost.

    `scope` is the signature of what was previewed, for who begins it. With a query, `looked` jobs of `reach` were
    looked at so far, and `sample` are some that fitted in the preview. `birds` went first, `told` is what people told
    it, newest last. Of what was skipped `listed` can be had one by one, `unlisted` cannot.
    """

    id: str
    request: Request
    status: Status
    targets: tuple[Target, ...]
    created: int
    started: int | None = None
    finished: int | None = None
    done: int = 0
    unconfirmed: int = 0
    skipped: Mapping[str, int] | None = None
    examples: tuple[Skip, ...] = ()
    rate: float | None = None
    trouble: str = ""
    slices: int = 0
    largest_slice: int = 0
    longest_slice: float = 0.0
    scope: str = ""
    looked: int = 0
    look_rate: float | None = None
    sample: tuple[tuple[QueueId, str], ...] = ()
    birds: tuple[Bird, ...] = ()
    told: tuple[Told, ...] = ()
    listed: int = 0
    unlisted: int = 0

    @property
    def total(self) -> int:
        return sum(target.count for target in self.targets)

    @property
    def exact(self) -> bool:
        return all(target.exact for target in self.targets)

    @property
    def least(self) -> bool:
        """Whether there may be more than `total`: not all could be looked at in the time of a preview."""
        return any(target.least for target in self.targets)

    @property
    def reach(self) -> int:
        """How many have to be looked at."""
        return sum(target.reach for target in self.targets)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.total and not any(target.least and target.reach for target in self.targets)

    @property
    def passed_over(self) -> int:
        """How many were skipped in all."""
        return sum((self.skipped or {}).values())

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None where it does not move."""
        if self.status in OVER:
            return 0.0
        if self.status is not Status.RUNNING:
            return None
        if self.request.query:
            return max(0, self.reach - self.looked) / self.look_rate if self.look_rate else None
        return max(0, self.total - self.done - self.passed_over) / self.rate if self.rate else None
