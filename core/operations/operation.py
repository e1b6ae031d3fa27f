"""An operation as everybody sees it: a frozen picture of what was asked, how far it is, what was skipped and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.model import QueueId, State
from core.operations.request import Request


class Status(StrEnum):
    """`waiting` goes on by itself when Redis answers again."""

    PREVIEWED = "previewed"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


LIVE = frozenset({Status.RUNNING, Status.WAITING, Status.PAUSED})
OVER = frozenset({Status.DONE, Status.CANCELLED, Status.FAILED})


@dataclass(frozen=True, slots=True)
class Skip:
    """A job (or, without an id, a queue) that was left alone: a word for the reason, and a sentence for people."""

    queue: QueueId
    job_id: str | None
    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Target:
    """One state of one queue, or a queue. `count` was previewed; `refusal` says why it is not touched at all."""

    queue: QueueId
    state: State | None
    count: int
    exact: bool
    refusal: str = ""
    done: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """One picture of an operation. Instants in ms since the epoch; `rate` is in jobs (or queues) a second.

    `total` is what was previewed, and exact or at most that. `skipped` counts by reason, `examples` are some of
    them. `unconfirmed` of `done` had left the state when it was looked at again after an answer was lost. `trouble`
    says why it waits, failed, does not go on by itself, or is not recorded. `slices`, `largest_slice` (jobs) and
    `longest_slice` (ms of Redis' time) tell what it cost.
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

    @property
    def total(self) -> int:
        return sum(target.count for target in self.targets)

    @property
    def exact(self) -> bool:
        return all(target.exact for target in self.targets)

    @property
    def passed_over(self) -> int:
        """How many were skipped in all."""
        return sum((self.skipped or {}).values())

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None where it does not move."""
        if self.status in OVER:
            return 0.0
        left = max(0, self.total - self.done - self.passed_over)
        return left / self.rate if self.rate and self.status is Status.RUNNING else None
