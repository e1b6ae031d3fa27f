"""A page of what a search finds: as many jobs as were asked for, or what could be looked at in the time there is."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial

from core.jobs.cursor import Cursor
from core.jobs.rows import Placed
from core.search.pace import Pace
from core.search.seek import Seek, Slice
from core.words import count

UNSCRIPTED = "This Redis runs no script for Tickbird, so that each job is asked for by itself: that takes longer."


@dataclass(slots=True)
class Found:
    """The jobs that fit, in order, and how far it looked. `next` goes on from there; None: there is no more."""

    placed: list[Placed] = field(default_factory=list)
    looked_at: int = 0
    unread: int = 0
    total: int = 0
    next: Cursor | None = None
    lost: bool = False
    seconds: float = 0.0
    refused: str = ""

    def add(self, slice: Slice) -> None:
        self.placed += slice.fitting
        self.looked_at += slice.looked_at
        self.unread += slice.unread
        self.total, self.next = slice.total, slice.next
        self.lost = self.lost or slice.lost

    @property
    def note(self) -> str:
        """What was looked at, in words."""
        left_out = f"{count(self.unread)} of them are too large to look into. " if self.unread else ""
        moved = "The list moved far meanwhile: some jobs may be shown twice or passed over. " if self.lost else ""
        slower = f"{UNSCRIPTED} " if self.refused else ""
        far = f"Searched {count(self.looked_at)} of {count(self.total)} jobs. "
        return (far + left_out + moved + slower).strip()


async def find(seek: Seek, pace: Pace, *, limit: int, cursor: Cursor | None, patience: float) -> Found:
    """Up to `limit` jobs that fit, looked for no longer than `patience` seconds. One slice at a time on a Redis,
    whoever searches: a turn of `pace` is held for it and for the rest after it. Raises Unavailable."""
    found, started = Found(next=cursor), time.monotonic()
    while len(found.placed) < limit:
        async with pace.turn():
            begun = time.monotonic()
            step = partial(seek.step, found.next, limit - len(found.placed))
            slice, rest = await pace.slice(seek.instance, step)
            found.add(slice)
            took = time.monotonic() - begun
            if found.next is None or time.monotonic() - started + took > patience:
                break
            await asyncio.sleep(rest)
    found.seconds = time.monotonic() - started
    found.refused = seek.sieve.refused
    return found
