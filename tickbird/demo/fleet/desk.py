"""What a queue of the company is made of: who adds jobs to it, who does them, and how much is kept."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from bullmq import Job, Queue

Json = None | bool | int | float | str | list[Any] | dict[str, Any]

# Enough to browse, and bounded however long the demo runs.
KEEP_COMPLETED = {"count": 500, "age": 24 * 3600}
KEEP_FAILED = {"count": 300, "age": 24 * 3600}
# A day of BullMQ's own per-minute counts.
DAY_OF_METRICS = {"metrics": {"maxDataPoints": 1440}}

SPARE_HANDS = 1.25  # few enough for a backlog to build up at times
LIMIT_WINDOW = 2  # seconds: long enough to be seen in force


@dataclass(frozen=True, slots=True)
class Draft:
    """A job that is about to be added: its name, data and BullMQ options."""

    name: str
    data: dict[str, Any]
    opts: dict[str, Any] = field(default_factory=dict)

    def for_bulk(self) -> dict[str, Any]:
        """The draft as `Queue.addBulk` takes it."""
        return {"name": self.name, "data": self.data, "opts": self.opts}


Drafts = Callable[[Random], Iterator[Draft]]


class Shift(Protocol):
    """The time in which a job is worked on, and its luck.

    The same work is done live, where a second lasts a second, and for the past that a queue starts with,
    where it lasts nothing.
    """

    @property
    def luck(self) -> Random: ...

    async def sleep(self, seconds: float) -> None: ...


Work = Callable[[Job, Shift], Awaitable[Json]]
Opening = Callable[[Queue, Random], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One producer: an endless sequence of drafts, and its share of the company's jobs per second."""

    drafts: Drafts
    share: float
    batch: int = 1
    backlog: int = 200  # it pauses while more jobs than this are ahead of it: memory stays bounded

    def lot(self, jobs_per_second: float) -> int:
        """How many jobs it adds at once: at a high pace more, so that the pace costs no more wake-ups."""
        return max(self.batch, math.ceil(self.share * jobs_per_second * 0.05))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A queue, its producers and its worker.

    `work` None means that nobody consumes the queue. `past` is how many jobs it has already lived through
    when the demo starts; `opening` sets up what should be there beside them.
    """

    queue: str
    sources: tuple[Source, ...] = ()
    arriving: float = 0  # the share of jobs that come another way: as children of a flow, from a scheduler
    work: Work | None = None
    worker: str = ""
    concurrency: int = 2
    seconds: float = 0.3  # how long a job takes, about: concurrency follows the pace
    past: int = 0
    opening: Opening | None = None
    headroom: float | None = None  # its rate limit, as a multiple of what arrives on average; None: no limit
    buries: bool = False  # jobs out of attempts go to the dead-letter queue
    options: Mapping[str, Any] = field(default_factory=lambda: DAY_OF_METRICS)

    def options_at(self, jobs_per_second: float) -> dict[str, Any]:
        """The worker's options: enough hands for what arrives, and a rate limit where it has one."""
        arriving = (self.arriving + sum(source.share for source in self.sources)) * jobs_per_second
        options = dict(self.options)
        options["name"] = self.worker
        options["concurrency"] = max(self.concurrency, math.ceil(arriving * self.seconds * SPARE_HANDS))
        if self.headroom:
            options["limiter"] = {
                "max": math.ceil(arriving * self.headroom * LIMIT_WINDOW),
                "duration": LIMIT_WINDOW * 1000,
            }
        return options
