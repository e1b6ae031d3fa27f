"""Durations and numbers of attempts by bucket: plain lists of counts while they grow, frozen for those who look."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

# In milliseconds, as all durations here are; up to six hours, for that is how long some jobs wait.
_TO_A_SECOND = (5, 10, 25, 50, 100, 250, 500, 1000)
DURATIONS = (*_TO_A_SECOND, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000)
ATTEMPTS = (1, 2, 3, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often each bucket was hit (not yet added up; the last one is for all that is larger), and their sum."""

    bounds: tuple[int, ...]
    buckets: tuple[int, ...]
    sum: int

    @property
    def count(self) -> int:
        return sum(self.buckets)


class Histogram:
    """A distribution that grows."""

    __slots__ = ("_bounds", "_buckets", "_sum")

    def __init__(self, bounds: tuple[int, ...] = DURATIONS) -> None:
        self._bounds = bounds
        self._buckets = [0] * (len(bounds) + 1)
        self._sum = 0

    def observe(self, value: int) -> None:
        """Clocks of two machines may disagree: what ended before it began took no time."""
        value = max(0, value)
        self._buckets[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def frozen(self) -> Distribution | None:
        """None while nothing was observed: an empty distribution says nothing."""
        buckets = tuple(self._buckets)
        return Distribution(self._bounds, buckets, self._sum) if any(buckets) else None
