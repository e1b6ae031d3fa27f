"""How long a queue's locks last, and how far they run down before they are renewed: learned by watching renewals.

No library writes the length of its locks anywhere. A lock that was just taken or renewed shows it, and what all locks
of one worker have in common tells which of them follow the same rhythm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Clocks of workers and ours differ by this much at most, for a job that began to run as we looked.
JUST_BEGUN = 3_000
# Renewals come when half of a lock is left; a timer may be late by this share of the lock.
HALF, LATE = 0.5, 0.1


@dataclass(slots=True)
class Beat:
    """The largest time left that was seen, the smallest before a renewal, and whether either is more than a guess."""

    largest: int = 0
    lowest: int | None = None
    known: bool = False

    @property
    def due(self) -> int:
        """With less than this left, the renewal that should have come has not."""
        half = int(self.largest * HALF)
        return (half if self.lowest is None else min(half, self.lowest)) - int(self.largest * LATE)

    def see(self, left: int, *, begun: int | None = None) -> None:
        """A lock with so much time left. `begun`: it was taken or renewed at most so long ago, so that its whole length
        is no more than both together; None where nobody knows."""
        # A rhythm may become quicker, when its worker is started anew.
        changed = begun is not None and left + begun < self.largest * (1 - LATE)
        self.largest = left if changed else max(self.largest, left)
        self.known = self.known or begun is not None


def expected(own: Beat, others: Iterable[Beat]) -> Beat:
    """What to go by for one worker's locks: its own rhythm, else the quickest of its queue, else what was seen."""
    if own.known:
        return own
    known = [beat for beat in others if beat.known]
    return min(known, key=lambda beat: beat.largest) if known else own
