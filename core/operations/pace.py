"""How fast an operation goes: slices that keep Redis busy for two to three milliseconds, and at least as long a rest.

Knows times only, measured by who calls it: `ping` is the round trip of something small just before.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from statistics import median

FIRST = 100
MOST = 500
FEWEST = 10
# What a slice should take of Redis' time, in seconds, and the shortest rest after it.
AIM = 0.0022
REST = 0.001
# From the end of a sleep, which is rounded up to whole milliseconds, until Redis has the next script it takes so long.
AWAKE = 0.0005
# Answers this much slower than in calm times mean that somebody else needs Redis: rest so many times longer. One or two
# may be an accident, or our own process that had to wait: the middle one of the last five decides.
TROUBLED = 3.0
TROUBLED_BY = 0.002
LONGER = 4.0
PINGS = 5
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
    ended: float = 0.0
    _pings: deque[float] = field(default_factory=lambda: deque(maxlen=PINGS))
    _costs: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))

    def measured(self, jobs: int, spent: float, ping: float) -> None:
        """Learn from a slice of so many jobs, which has just ended and kept Redis busy for `spent`."""
        self.ended = time.perf_counter()
        self.slices += 1
        self.longest, self.largest = max(self.longest, spent), max(self.largest, jobs)
        self._pings.append(ping)
        self.usual = median(self._pings)
        self.calm = ping if self.calm is None else min(ping, self.calm * 1.01)
        self._costs.append(spent / jobs)
        fitting = round(AIM / max(median(self._costs), AIM / MOST))
        self.size = max(FEWEST, min(MOST, fitting, self.size + self.size // 4))
        self.rest = max(REST, spent)
        if self.usual > max(TROUBLED * self.calm, self.calm + TROUBLED_BY):
            self.rest = min(LONGEST_REST, LONGER * max(self.rest, self.usual))

    def in_pieces(self, jobs: int, spent: float) -> None:
        """A slice of many short steps is over, between which Redis did other things: its size says nothing."""
        self.slices, self.largest = self.slices + 1, max(self.largest, jobs)
        self.longest = max(self.longest, spent)
        self.rested(min(spent / 4, LONGEST_REST))

    def rested(self, spent: float) -> None:
        """Something else kept Redis busy for so long, from which nothing is to be learnt."""
        self.ended, self.rest = time.perf_counter(), max(REST, spent)

    def left(self) -> float:
        """How long to sleep for what is left of the rest by now."""
        return max(0.0, self.ended + self.rest - AWAKE - time.perf_counter())
