"""Time that nobody can set, to compare with an earlier look of ours; and what to say of clocks that differ."""

from __future__ import annotations

import time

from core.instance import Instance, pack
from core.model import QueueId
from core.words import span

# Two clocks that differ by more than this were not set by the same hand (milliseconds).
SKEWED = 10_000
_TIME = pack(b"TIME")
_BEGAN = time.time_ns() // 1_000_000 - time.monotonic_ns() // 1_000_000


def steady() -> int:
    """Milliseconds since the epoch, as this machine's clock said when Tickbird began, and going on evenly since."""
    return _BEGAN + time.monotonic_ns() // 1_000_000


def wall() -> int:
    """Milliseconds since the epoch, as this machine's clock says now."""
    return time.time_ns() // 1_000_000


def set_by() -> int:
    """By how many milliseconds the clock was set since Tickbird began."""
    return wall() - steady()


async def earlier_clock(instance: Instance, id: QueueId, now: int) -> int:
    """`now`, or what the queue's Redis has for it where that is earlier: by which jobs are old enough to be removed, so
    that none goes too soon because a clock of ours was set ahead. Raises Unavailable."""
    (told,) = await instance.beside(id.base, [_TIME])
    # A user who may not ask has but one clock.
    return now if isinstance(told, Exception) else min(now, int(told[0]) * 1000 + int(told[1]) // 1000)


def skewed(what: str, skew: int | None) -> str:
    """A sentence where two clocks differ too much to compare what they say; `skew` is how far that one is ahead."""
    if skew is None or abs(skew) <= SKEWED:
        return ""
    way = "ahead of" if skew > 0 else "behind"
    return (
        f"{what} is {span(abs(skew))} {way} Tickbird's: ages, and when what is put off here is due, are off by as much."
    )
