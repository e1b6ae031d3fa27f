"""What was seen of a queue's jobs since this process began to look, as values; durations are milliseconds.

Counters count what happened while we looked. `None` in place of a distribution means that nothing was observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.events.histogram import Distribution

OUTCOMES = ("completed", "failed")
COMPLETED, FAILED = range(2)
# How an attempt ended. `delayed`: the job put itself off. `requeued`: it went back into the line without having
# failed, for a rate limit or to wait for children.
RESULTS = ("completed", "failed", "retried", "delayed", "stalled", "requeued")
RETRIED, PUT_OFF, STALLED, REQUEUED = range(2, 6)
# An attempt's run time is known for these results: the others broke off.
RUNS = RESULTS[:3]
OTHER_NAME = "__other__"


class Source(StrEnum):
    """Where the numbers of a queue's jobs come from."""

    STREAM = "stream"
    PUBSUB = "pubsub"
    RETAINED = "retained"


@dataclass(frozen=True, slots=True)
class NameSeen:
    """The jobs of one name. `attempts` is by `RESULTS`, `finished` by `OUTCOMES`, `runs` by `RUNS`."""

    added: int = 0
    finished: tuple[int, ...] = (0,) * len(OUTCOMES)
    attempts: tuple[int, ...] = (0,) * len(RESULTS)
    wait: Distribution | None = None
    runs: tuple[Distribution | None, ...] = (None,) * len(RUNS)


def summed(names: Iterable[NameSeen]) -> NameSeen:
    """The counters of several names added up, without their times."""
    parts = list(names)
    finished = [sum(part.finished[outcome] for part in parts) for outcome in range(len(OUTCOMES))]
    attempts = [sum(part.attempts[result] for part in parts) for result in range(len(RESULTS))]
    return NameSeen(sum(part.added for part in parts), tuple(finished), tuple(attempts))


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """One queue. `all` are the jobs of all names together; `names` those of each, "" where the name is not known.

    `lost` counts events that were trimmed away before they could be read, and is None where the server does not
    tell how many; `gaps` counts the times when some were. `last_finished` is an instant.
    """

    source: Source
    all: NameSeen = NameSeen()
    names: Mapping[str, NameSeen] = field(default_factory=dict)
    totals: tuple[Distribution | None, ...] = (None,) * len(OUTCOMES)
    attempts: tuple[Distribution | None, ...] = (None,) * len(OUTCOMES)
    promotion_delay: Distribution | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    stalled: int = 0
    exhausted: int = 0
    deduplicated: int = 0
    duplicated: int = 0
    removed: int = 0
    last_finished: int | None = None
    lost: int | None = None
    gaps: int = 0
    stream_length: int | None = None


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A job scheduler: what it is called, when it runs next (an instant), how often it has, and by which rule."""

    key: str
    name: str
    pattern: str
    every: str
    zone: str
    next_run: int
    iterations: int | None


@dataclass(frozen=True, slots=True)
class QueueLook:
    """What is asked of a queue now and then: active jobs without a lock among the oldest, and its schedulers."""

    without_lock: int | None = None
    schedulers: tuple[Scheduler, ...] = ()


@dataclass(frozen=True, slots=True)
class Following:
    """How well the events of an instance are followed. `lag` is how old the oldest event is that was not read yet,
    in milliseconds; 0 when all are read. `limited` counts jobs whose name was one too many. `since` is the instant from
    which on everything is counted, None until Redis has told the time."""

    since: int | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    lag: int = 0
    tracked: int = 0
    evicted: int = 0
    limited: int = 0
    refusals: tuple[str, ...] = ()
