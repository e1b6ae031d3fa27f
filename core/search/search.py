"""A search that goes on in the background, as it stands at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.job import JobRow
from core.model import QueueId, State


class Status(StrEnum):
    """`unwatched`: it holds because nobody looks, and goes on when somebody does. `full`: it holds as many jobs as a
    search may, and an older one can go on behind them."""

    RUNNING = "running"
    PAUSED = "paused"
    UNWATCHED = "unwatched"
    FULL = "full"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OVER = (Status.FULL, Status.DONE, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is searched for: the words, and where; None is everywhere. `behind` names the search it goes on from."""

    said: str
    queues: tuple[QueueId, ...] | None = None
    states: tuple[State, ...] | None = None
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A job that was found, as it was then."""

    queue: QueueId
    row: JobRow


@dataclass(frozen=True, slots=True)
class Search:
    """How it stands. `total` is the number of jobs where it looks, as counted when it began; `queues` how many queues.
    `rate` is in jobs a second while it ran, rests and all; `seconds_left` None where that cannot be told."""

    id: str
    wish: Wish
    now: int
    status: Status
    hits: tuple[Hit, ...]
    looked_at: int
    total: int
    queues: int
    rate: float | None = None
    seconds_left: float | None = None
    notes: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def is_live(self) -> bool:
        """Whether it looks on by itself while somebody watches."""
        return self.status in (Status.RUNNING, Status.UNWATCHED)
