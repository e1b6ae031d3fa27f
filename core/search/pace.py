"""How fast searches go on one Redis: one slice at a time whoever searches, a rest after each, longer ones when Redis
answers more slowly than it did.

All times in seconds. A slice is many small commands, between which Redis serves others; its length is that of its
round trips and of our own work on what they bring.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median

from core.instance import Instance
from core.search.seek import Slice

# What a slice should take, and how many jobs it is at first, at least and at most: a slice is several round trips, and
# over a slow network fewer jobs would take hardly less.
AIM = 0.05
FIRST, FEWEST, MOST = 200, 100, 1000
# After a slice, a rest of this many times its duration: in a third of the time Redis hears nothing of any search, and
# for the most of the rest we are at work on what it answered.
REST = 0.5
# Somebody else needs Redis where a small question takes so much longer than in calm times: then the rests are longer.
# One slow answer may be our own process that had to wait: the middle one of the last five decides.
TROUBLED, TROUBLED_BY, LONGER = 3.0, 0.002, 4.0
ANSWERS = 5
LONGEST_REST = 0.5
# A calm time is remembered so long; what is normal may change.
FADES = 1.002


@dataclass(slots=True)
class Pace:
    """What was measured of one Redis. `slow`: it answers so much more slowly that searches hold back."""

    size: int = FIRST
    calm: float | None = None
    slow: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _answers: deque[float] = field(default_factory=lambda: deque(maxlen=ANSWERS))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Held for a slice and the rest after it."""
        async with self._turn:
            yield

    async def slice(self, instance: Instance, step: Callable[[int], Awaitable[Slice]]) -> tuple[Slice, float]:
        """The next slice, of a size that fits, and how long to rest after it. Raises what `step` does."""
        self._heard(await _answered(instance))
        started = time.perf_counter()
        found = await step(self.size)
        took = time.perf_counter() - started
        self._learn(max(1, found.looked_at), took)
        return found, min(LONGEST_REST, took * REST * (LONGER if self.slow else 1))

    def _heard(self, answer: float) -> None:
        self._answers.append(answer)
        self.calm = answer if self.calm is None else min(answer, self.calm * FADES)
        usual = median(self._answers)
        self.slow = usual > max(TROUBLED * self.calm, self.calm + TROUBLED_BY)

    def _learn(self, jobs: int, took: float) -> None:
        """Slices grow where they are cheap, by half at most, and shrink at once where they are dear."""
        if jobs >= self.size or took > AIM:
            self.size = max(FEWEST, min(MOST, round(AIM * jobs / took), self.size + self.size // 2))


async def _answered(instance: Instance) -> float:
    started = time.perf_counter()
    await instance.ask("PING")
    return time.perf_counter() - started
