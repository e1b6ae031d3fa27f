"""What is kept of failures in a store of our own: a retry erases reason and stack in Redis, and the count with them.

For each group: when it was first and last seen, how many of its jobs have left the failed state since, and when those
had failed, the last message, and one stack. Bounded, and without what redaction hides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from core.failures.fingerprint import Fingerprint
from core.model import QueueId
from core.store.contract import Shelf

SHELF = Shelf("failure-evidence", ("is",), most=500, bytes=8_000_000)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
# Instants are kept to five minutes for a day, to an hour for a week, and as a sum before that.
FINE, COARSE = 5 * MINUTE, HOUR
FINE_FOR, KEPT_FOR = DAY, 7 * DAY
MOST_QUEUES = 20
LONGEST_MESSAGE, LONGEST_STACK = 2_000, 8_000


@dataclass(frozen=True, slots=True)
class Example:
    """One failure in its own words. `job_id` may be gone."""

    queue: QueueId
    job_id: str
    message: str
    stack: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one group. `gone` have left the failed state; `slots` says how many of them had failed in each span of time,
    by its first instant. All in ms since the epoch."""

    how: Fingerprint
    first: int
    last: int
    gone: int = 0
    slots: tuple[tuple[int, int], ...] = ()
    queues: tuple[QueueId, ...] = ()
    example: Example | None = None

    def recent(self, since: int) -> int:
        """How many of those gone had failed since that instant, to the slot."""
        return sum(number for slot, number in self.slots if slot >= since - FINE)

    def is_all_of(self, has: Callable[[QueueId], bool]) -> bool:
        """Whether all that it counts and says is of such queues; not where it may be of more than it names."""
        return (
            len(self.queues) < MOST_QUEUES
            and all(map(has, self.queues))
            and (self.example is None or has(self.example.queue))
        )


def left(known: Evidence | None, how: Fingerprint, queue: QueueId, instants: list[int], now: int) -> Evidence:
    """What is known, now that failures of this queue, by when they had failed, are failed no more."""
    known = known or Evidence(how, min(instants), max(instants))
    slots = Counter(dict(known.slots))
    slots.update(at - at % FINE for at in instants)
    return replace(
        known,
        first=min(known.first, *instants),
        last=max(known.last, *instants),
        gone=known.gone + len(instants),
        slots=_coarser(slots, now),
        queues=_with(known.queues, queue),
    )


def heard(known: Evidence | None, how: Fingerprint, at: int, example: Example) -> Evidence:
    """What is known, with one failure in its own words."""
    known = known or Evidence(how, at, at)
    return replace(known, queues=_with(known.queues, example.queue), example=example)


def _with(queues: tuple[QueueId, ...], queue: QueueId) -> tuple[QueueId, ...]:
    return queues if queue in queues else (*queues, queue)[-MOST_QUEUES:]


def _coarser(slots: Mapping[int, int], now: int) -> tuple[tuple[int, int], ...]:
    kept: Counter[int] = Counter()
    for slot, number in slots.items():
        if slot > now - KEPT_FOR:
            kept[slot if slot > now - FINE_FOR else slot - slot % COARSE] += number
    return tuple(sorted(kept.items()))
