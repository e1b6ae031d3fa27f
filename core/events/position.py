"""Where in a stream we are, and what was trimmed away before we came to it.

Redis 7 and Valkey count every entry that was ever added. Before some reads we ask for that number and for the newest
id: once we have read past that id, we must have read as many. Source: docs/events.md 2.4.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Id = tuple[int, int]
START: Id = (0, 0)
_LAST = 2**64 - 1


def parsed(id: bytes) -> Id:
    """An entry's id: milliseconds of the server's clock, and a number within that."""
    moment, _, number = id.partition(b"-")
    return int(moment), int(number)


@dataclass(frozen=True, slots=True)
class Mark:
    """A stream at one moment: its newest id, its oldest entry's, its length, and how many were ever added (None where
    the server does not count)."""

    newest: Id
    oldest: Id | None
    length: int
    added: int | None


def mark(reply: Any) -> Mark | None:
    """What XINFO STREAM answered; None where there is no stream."""
    if not isinstance(reply, list):
        return None
    told: Mapping[bytes, Any] = dict(zip(reply[::2], reply[1::2], strict=False))
    first = told.get(b"first-entry")
    oldest = parsed(first[0]) if isinstance(first, list) and first else None
    return Mark(parsed(told[b"last-generated-id"]), oldest, int(told[b"length"]), told.get(b"entries-added"))


class Position:
    """How far one stream was read. `lost` is None as long as the server gave no number; `gaps` counts the times when
    something is known to be missing."""

    def __init__(self) -> None:
        self.cursor: Id = START
        self.before: Id = START  # where this round began
        self.length: int | None = None
        self.lost: int | None = None
        self.gaps = 0
        self._ordinal: int | None = None
        self._settled_at: Id = START
        self._mark: Mark | None = None

    def begin(self, found: Mark, counts_from: int) -> None:
        """The stream as it is before the first read. What came before we count cannot be lost."""
        self.length = found.length
        if found.added is None:
            return
        self.lost = 0
        if found.newest[0] >= counts_from:
            self._ordinal = found.added - found.length
            self._settled_at = START
        if found.oldest and found.oldest[0] >= counts_from and found.added > found.length:
            self.gaps += 1  # how many of those that are gone came since we count, nobody can tell
        self._mark = found

    def begin_at(self, found: Mark, since: int) -> None:
        """The same for one whose past nobody wants: what came before the instant `since` is not read."""
        self.length = found.length
        self.cursor = self.before = min(found.newest, (since - 1, _LAST))
        if self.cursor == found.newest:
            self.lost = None if found.added is None else 0
            self._ordinal, self._settled_at = found.added, found.newest

    def look(self, found: Mark) -> bool:
        """The stream as it is before the next read; whether what was read before cannot be built upon any more."""
        self.length = found.length
        if found.newest < self.cursor:
            return self._rewind(found)
        if found.added is None:
            return self._look_for_a_gap(found)
        self.lost = self.lost or 0
        self._mark = self._mark or found  # one after the other: a stream that we never catch up with has marks too
        return self._settle(0) if found.newest == self.cursor else False

    def advance(self, entries: Sequence[Any]) -> bool:
        """These entries were read; whether some before or between them were lost."""
        mark, before = self._mark, 0
        self.cursor = parsed(entries[-1][0])
        trouble = False
        if mark is not None and self.cursor >= mark.newest:
            before = bisect_right(entries, mark.newest, key=lambda entry: parsed(entry[0]))
            trouble = self._settle(before)
        if self._ordinal is not None:
            self._ordinal += len(entries) - before
        return trouble

    def _settle(self, read: int) -> bool:
        """We are at the mark, `read` entries further than at the last count: as many as came, or some are lost."""
        mark, self._mark = self._mark, None
        if mark is None or mark.added is None:
            return False
        known, since = self._ordinal, self._settled_at
        self._ordinal, self._settled_at = mark.added, mark.newest
        if known is None:
            return False
        missing = mark.added - known - read
        begun_anew = mark.length == mark.added and mark.oldest is not None and since != START and mark.oldest > since
        if missing == 0 or begun_anew:
            return False  # a stream that is new, and was never trimmed, cannot have lost anything
        if missing > 0:
            self.lost = (self.lost or 0) + missing
        self.gaps += 1
        return True

    def _rewind(self, found: Mark) -> bool:
        """The server forgot what we have read: a failover, or a new stream on a clock that is behind."""
        self.gaps += 1
        self.cursor = self._settled_at = found.newest
        self._ordinal, self._mark = found.added, None
        return True

    def _look_for_a_gap(self, found: Mark) -> bool:
        """Without a count: where the last entry we had before this round is gone, others may be gone behind it."""
        if self.before == START or found.oldest is None or found.oldest <= self.before:
            return False
        self.gaps += 1
        self.before = found.oldest
        return True
