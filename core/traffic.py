"""Jobs in and out of a queue, from the difference between two readings.

Works for every library and with `removeOnComplete`: arrivals are the growth of the id counter, departures are
arrivals less the growth of what is inside. A rejected duplicate counts as in and out at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from core.model import STATES, Queue, State, Traffic

SLOT = 10_000
SLOTS = 30
_INSIDE = frozenset(STATES) - {State.COMPLETED, State.FAILED}
# Rates over less than this say more about chance than about the queue.
_SHORTEST = 5_000
_MINUTE = 60_000


@dataclass(slots=True)
class _Slot:
    start: int
    covered: float = 0.0
    arrived: float = 0.0
    left: float = 0.0


class Meter:
    """Follows one queue from reading to reading; holds five minutes."""

    def __init__(self) -> None:
        self._slots: deque[_Slot] = deque(maxlen=SLOTS + 1)
        self._last: tuple[int, int, int] | None = None

    def measure(self, queue: Queue, now: int) -> Traffic:
        """Take this reading in, and give the traffic up to now. `now` is the instant of the reading."""
        inside = sum(queue.counts.get(state, 0) for state in _INSIDE)
        ids = queue.ids or 0
        if self._last is not None and ids >= self._last[1] and now > self._last[0]:
            arrived = ids - self._last[1]
            self._spread(self._last[0], now, arrived, max(0, arrived - (inside - self._last[2])))
        self._last = (now, ids, inside)
        return self._traffic(now)

    def _spread(self, start: int, end: int, arrived: float, left: float) -> None:
        """Share what happened between two readings among the slots that the time between them touches."""
        length = end - start
        at = max(start, end - SLOT * SLOTS)
        while at < end:
            slot = self._slot(at - at % SLOT)
            until = min(end, slot.start + SLOT)
            share = (until - at) / length
            slot.covered += until - at
            slot.arrived += arrived * share
            slot.left += left * share
            at = until

    def _slot(self, start: int) -> _Slot:
        if not self._slots or self._slots[-1].start < start:
            self._slots.append(_Slot(start))
        return self._slots[-1]

    def _traffic(self, now: int) -> Traffic:
        recent = [slot for slot in self._slots if slot.start > now - _MINUTE - SLOT]
        covered = sum(slot.covered for slot in recent)
        if covered < _SHORTEST:
            return Traffic(spark=self._spark(now, "left"), arrivals=self._spark(now, "arrived"))
        return Traffic(
            in_per_minute=sum(slot.arrived for slot in recent) * _MINUTE / covered,
            out_per_minute=sum(slot.left for slot in recent) * _MINUTE / covered,
            spark=self._spark(now, "left"),
            arrivals=self._spark(now, "arrived"),
        )

    def _spark(self, now: int, which: str) -> tuple[float | None, ...]:
        by_start = {slot.start: slot for slot in self._slots if slot.covered >= SLOT * 0.5}
        newest = now - now % SLOT - SLOT
        starts = range(newest - SLOT * (SLOTS - 1), newest + SLOT, SLOT)
        return tuple(
            getattr(by_start[s], which) * SLOT / by_start[s].covered if s in by_start else None for s in starts
        )
