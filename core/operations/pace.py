"""How fast an operation goes: slices that keep Redis busy for two to three milliseconds, and at least as long a rest.

Knows times only, measured by who calls it: `took` is a script's round trip, `ping` that of a PING just before.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

FIRST = 100
MOST = 250
FEWEST = 10
# What a slice should take of Redis' time, in seconds, and the shortest rest after it.
AIM = 0.0025
REST = 0.001
# PINGs this much slower than in calm times mean that somebody else needs Redis: rest so many times longer. One alone
# may be an accident, so each new one counts a fifth.
TROUBLED = 3.0
TROUBLED_BY = 0.002
LONGER = 4.0
WEIGHT = 0.2
LONGEST_REST = 0.25
# One slow slice may be our own process that had to wait: the middle one of the last three decides.
LAST = 3


@dataclass(slots=True)
class Pace:
    """`size` is the number of jobs of the next slice, `rest` the pause before it; all times in seconds."""

    size: int = FIRST
    rest: float = REST
    calm: float | None = None
    usual: float = 0.0
    longest: float = 0.0
    largest: int = 0
    slices: int = 0
    _costs: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))

    def measured(self, jobs: int, took: float, ping: float) -> None:
        """Learn from a slice of so many jobs."""
        spent = max(0.0, took - ping)
        self.slices += 1
        self.longest, self.largest = max(self.longest, spent), max(self.largest, jobs)
        self.usual = ping if self.calm is None else self.usual + WEIGHT * (ping - self.usual)
        self.calm = ping if self.calm is None else min(ping, self.calm * 1.01)
        self._costs.append(spent / jobs)
        fitting = round(AIM / max(median(self._costs), AIM / MOST))
        self.size = max(FEWEST, min(MOST, fitting, self.size + self.size // 4))
        self.rest = max(REST, spent)
        if self.usual > max(TROUBLED * self.calm, self.calm + TROUBLED_BY):
            self.rest = min(LONGEST_REST, LONGER * max(self.rest, self.usual))
