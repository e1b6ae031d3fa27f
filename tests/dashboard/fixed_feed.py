"""A feed whose events a test tells, without Redis."""

from __future__ import annotations

import asyncio

from core.events.happening import Happening
from core.feed.event import event_of
from core.feed.feed import Feed
from core.feed.wanted import Wanted
from core.redaction.redaction import NOTHING_HIDDEN


class FixedFeed(Feed):
    """`tell` is what Redis would say; `first` happened before anybody looked. `notes` stand under every look."""

    def __init__(self, *first: Happening) -> None:
        self._waiting = 0
        self.glances = 0
        self.notes: tuple[str, ...] = ()
        self._begin()
        for each in first:
            self.tell(each)

    def glance(self) -> None:
        self.glances += 1

    def tell(self, happening: Happening) -> None:
        """It happens now."""
        self.ring.put(event_of(happening, self.ring.last + 1, NOTHING_HIDDEN))

    async def newer(self, id: int, wait: float) -> None:
        self.glance()
        # A test tells from another thread, which wakes nobody.
        await asyncio.sleep(min(wait, 0.01))

    async def _read_past(self, wanted: Wanted) -> dict[str, str]:
        return {"default": " ".join(self.notes)} if self.notes else {}

    def _untold(self, wanted: Wanted) -> tuple[str, ...]:
        return ()
