"""Logins that were refused, in the audit log: each while they are few, and never so many that strangers fill it."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.audit.entry import Ended
from core.audit.trail import Trail

# Each by itself while they are few; in a flood one a minute, which tells how many it stands for.
FREE = 20
EVERY = 60.0


class RefusedLogins:
    """Counts what it does not write down."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._room, self._since, self._silent = float(FREE), clock(), 0

    async def tell(self, trail: Trail, why: str, who: str = "") -> None:
        """Write it down, if there is room. `who` is a name that is known to be one: people type passwords there."""
        now = self._clock()
        self._room, self._since = min(FREE, self._room + (now - self._since) / EVERY), now
        if self._room < 1:
            self._silent += 1
            return
        unwritten = f" {self._silent:,} more were refused since the last one told here." if self._silent else ""
        self._room, self._silent = self._room - 1, 0
        await trail.happened("login", Ended.DENIED, why + unwritten, who=who)
