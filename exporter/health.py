"""Whether a reading may still be shown as the present, and whether Tickbird is ready to be asked."""

from __future__ import annotations

from core.snapshot import Reading, Snapshot

# Long enough that a failover leaves no hole in a graph, short enough that old numbers do not look alive.
LONGEST_FRESH = 60_000
# A reading so slow that it is taken less often than every 20 s is still fresh when the next one is due.
_INTERVALS = 3


def fresh(reading: Reading, now: int) -> bool:
    """Whether a reading's numbers still hold at `now` (milliseconds since the epoch)."""
    if reading.taken_at is None:
        return False
    longest = LONGEST_FRESH if reading.down_since is not None else max(LONGEST_FRESH, _cycle(reading))
    return now - reading.taken_at <= longest


def _cycle(reading: Reading) -> int:
    return round(_INTERVALS * reading.interval * 1000)


def unready(snapshot: Snapshot, now: int) -> str:
    """Why there is nothing present to show, in a sentence that names no address; empty when there is.

    With several instances it is enough that one is there: losing one must not take the others' numbers away.
    """
    if any(reading.down_since is None and fresh(reading, now) for reading in snapshot.readings):
        return ""
    if any(reading.down_since is not None for reading in snapshot.readings):
        return "Redis cannot be reached."
    if all(reading.taken_at is None for reading in snapshot.readings):
        return "Redis has not been read yet."
    return "The last reading of Redis is too old."
