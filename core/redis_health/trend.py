"""How memory and finished jobs grow, from our own readings: kept for an hour, and nothing of it in Redis."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from core.clock import SKEWED, set_by
from core.model import QueueId, State
from core.snapshot import Reading, Snapshot

# One sample of memory in so long, of counts in so long, for an hour (milliseconds).
MEMORY_EVERY, COUNTS_EVERY, KEPT = 10_000, 60_000, 3_600_000
# A slope over less than this says more about the moment than about the trend.
SHORTEST = 60_000
# Sets with fewer jobs than this are nobody's trouble.
SMALL = 1_000
Sample = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Slope:
    """`per_minute` more, over a window of so many milliseconds; None while that is too short to tell."""

    per_minute: float | None
    window: int


@dataclass(slots=True)
class Trend:
    """Told of each snapshot by `hear`; asks nothing of Redis."""

    _memory: dict[str, deque[Sample]] = field(default_factory=dict)
    _counts: dict[tuple[QueueId, State], deque[Sample]] = field(default_factory=dict)
    _uptime: dict[str, int] = field(default_factory=dict)
    _counted_at: dict[str, int] = field(default_factory=dict)
    _set_by: int = field(default_factory=set_by)

    def hear(self, snapshot: Snapshot) -> None:
        """A newer snapshot is there."""
        if abs(set_by() - self._set_by) > SKEWED:  # what was before stands at other instants
            self._set_by = set_by()
            for kept in (self._memory, self._counts, self._counted_at):
                kept.clear()
        for reading in snapshot.readings:
            if reading.taken_at is not None and reading.down_since is None:
                self._hear_memory(reading, reading.taken_at)
                self._hear_counts(reading, reading.taken_at)

    def memory(self, instance: str) -> Slope:
        """Bytes a minute."""
        return slope(self._memory.get(instance, ()))

    def growth(self, id: QueueId, state: State) -> tuple[int, int, bool]:
        """How many more jobs of a finished state there are than at the first sample, how long ago that was, and
        whether there were ever fewer than before."""
        kept = list(self._counts.get((id, state), ()))
        if len(kept) < 2:
            return 0, 0, False
        shrank = any(after < before for (_, before), (_, after) in pairwise(kept))
        return kept[-1][1] - kept[0][1], kept[-1][0] - kept[0][0], shrank

    def _hear_memory(self, reading: Reading, at: int) -> None:
        facts = reading.redis
        if facts is None:
            return
        if facts.uptime_seconds < self._uptime.get(reading.instance, 0):
            self._memory.pop(reading.instance, None)  # it was started anew: what was before is another story
        self._uptime[reading.instance] = facts.uptime_seconds
        _keep(self._memory.setdefault(reading.instance, deque()), (at, facts.memory_used), MEMORY_EVERY)

    def _hear_counts(self, reading: Reading, at: int) -> None:
        if at - self._counted_at.get(reading.instance, 0) < COUNTS_EVERY:
            return
        self._counted_at[reading.instance] = at
        large = {
            (queue.id, state): number
            for queue in reading.queues
            for state in (State.COMPLETED, State.FAILED)
            if (number := queue.counts.get(state, 0)) >= SMALL
        }
        others = {key: kept for key, kept in self._counts.items() if key[0].instance != reading.instance}
        self._counts = others | {key: self._counts.get(key, deque()) for key in large}
        for key, number in large.items():
            _keep(self._counts[key], (at, number), 0)


def slope(samples: Sequence[Sample]) -> Slope:
    """From the middle of the first third to that of the last, so that a single outlier says nothing."""
    if len(samples) < 3 or samples[-1][0] - samples[0][0] < SHORTEST:
        return Slope(None, samples[-1][0] - samples[0][0] if samples else 0)
    third, kept = max(1, len(samples) // 3), list(samples)
    first, last = kept[:third], kept[-third:]
    minutes = (median(at for at, _ in last) - median(at for at, _ in first)) / 60_000
    grown = median(value for _, value in last) - median(value for _, value in first)
    return Slope(grown / minutes, kept[-1][0] - kept[0][0])


def _keep(samples: deque[Sample], sample: Sample, every: int) -> None:
    if not samples or sample[0] - samples[-1][0] >= every:
        samples.append(sample)
    while samples and sample[0] - samples[0][0] > KEPT:
        samples.popleft()
