"""Logins that were refused, in the audit log: each while they are few, and never so many that strangers fill it."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.audit.entry import Ended
from core.audit.trail import Trail
from dashboard.sparing import EVERY, Sparing

FREE = 20
__all__ = ["EVERY", "FREE", "RefusedLogins"]


class RefusedLogins:
    """Of everybody together: strangers have no name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._sparing = Sparing(FREE, clock)

    async def tell(self, trail: Trail, why: str, who: str = "") -> None:
        """Write it down, if there is room. `who` is a name that is known to be one: people type passwords there."""
        silent = self._sparing.unwritten()
        if silent is not None:
            more = f" {silent:,} more were refused since the last one told here." if silent else ""
            await trail.happened("login", Ended.DENIED, why + more, who=who)
