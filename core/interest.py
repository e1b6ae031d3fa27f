"""Who looks, and therefore how often Redis is read: a second while pages are open, seldom when nobody is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

# A page that was just opened is followed closely; a scraper comes every 15 to 60 s and wants fresh numbers.
CLOSE, CLOSE_FOR = 1.0, 10.0
SCRAPED, SCRAPED_FOR = 5.0, 90.0
# A queue whose worker connects is to be seen within 15 s, also by a dashboard nobody looks at.
ALONE = 10.0
# Redis takes about 1.5 µs for one of our commands (`make bench` prints it); reading may use about this share of its
# time: 300 busy queues fit into a second, 1,000 are read every 2.5 s.
COMMAND = 1.5e-6
SHARE = 0.01
# However many changes ask for a new reading, there are no more than five a second.
LEAST = 0.2


class Interest:
    """Counts those who watch, remembers when somebody last looked, and wakes the readers when somebody comes."""

    def __init__(self) -> None:
        self._watchers = 0
        self._last_look = self._last_scrape = float("-inf")
        self._woken = asyncio.Event()
        self.wakes = 0

    def glance(self, *, scraping: bool = False) -> None:
        """Somebody looked just now: a person, or a scraper, which does not look again for a while."""
        before = self._wanted()
        if scraping:
            self._last_scrape = time.monotonic()
        else:
            self._last_look = time.monotonic()
        if self._wanted() < before:
            self.wake()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Somebody looks for as long as this lasts."""
        self._watchers += 1
        self._last_look = time.monotonic()
        self.wake()
        try:
            yield
        finally:
            self._watchers -= 1
            self._last_look = time.monotonic()

    def wake(self) -> None:
        """Something was changed: read now. `wakes` counts how often that was said."""
        self.wakes += 1
        self._woken.set()
        self._woken = asyncio.Event()

    def interval(self, commands: int) -> float:
        """Seconds to wait before the next reading, when a reading takes so many commands."""
        return max(self._wanted(), min(ALONE, commands * COMMAND / SHARE))

    def _wanted(self) -> float:
        now = time.monotonic()
        if self._watchers or now - self._last_look < CLOSE_FOR:
            return CLOSE
        return SCRAPED if now - max(self._last_look, self._last_scrape) < SCRAPED_FOR else ALONE

    async def sleep(self, seconds: float, wakes: int) -> None:
        """Wait this long, or until somebody comes to look. `wakes` is what it was when the last reading began: who
        came since then has not seen it."""
        await asyncio.sleep(min(seconds, LEAST))
        woken, left = self._woken, seconds - LEAST
        if self.wakes != wakes or left <= 0:
            return
        try:
            async with asyncio.timeout(left):
                await woken.wait()
        except TimeoutError:
            return
