"""The oldest prioritized job, looked for one priority at a time.

The set is ordered by priority, so low priorities can starve out of sight behind high ones. Each reading asks for
the first job of one priority and the next reading goes on with the next: one command a reading, whatever the set's
size. Score = priority * 2^32 + counter (docs/redis-layout.md 4).
"""

from __future__ import annotations

from typing import Any

from core.instance import pack
from core.text import integer

WIDTH = 1 << 32
# More priorities than this in use are remembered by their most recent visit only.
MOST = 64


class Bands:
    """Remembers the oldest job seen in each priority, and which priority to ask for next."""

    def __init__(self) -> None:
        self._from = 0
        self._at: dict[int, int] = {}
        self._current: int | None = None

    def question(self, base: bytes) -> bytes:
        """The command that finds the first job at or above the priority whose turn it is."""
        return pack(b"ZRANGEBYSCORE", base + b"prioritized", self._from * WIDTH, b"+inf", b"WITHSCORES", b"LIMIT", 0, 1)

    def take(self, reply: Any) -> bytes | None:
        """The job found, whose age `note` then wants. Priorities passed over without a job are forgotten."""
        found = isinstance(reply, list) and len(reply) == 2
        priority = (integer(reply[1]) or 0) // WIDTH if found else None
        upto = priority if priority is not None else max(self._at, default=-1) + 1
        self._at = {p: at for p, at in self._at.items() if not self._from <= p < upto}
        self._current, self._from = priority, 0 if priority is None else priority + 1
        return reply[0] if found else None

    def note(self, ready_at: int | None) -> None:
        """When the job that `take` found became ready."""
        if self._current is not None and ready_at is not None and (len(self._at) < MOST or self._current in self._at):
            self._at[self._current] = ready_at

    def clear(self) -> None:
        """There is no prioritized job any more."""
        self._from, self._current = 0, None
        self._at.clear()

    @property
    def oldest(self) -> int | None:
        return min(self._at.values(), default=None)
