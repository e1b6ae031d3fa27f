"""How an operation stands, and what holds it: a person, its Redis, or itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from core.operations.operation import LIVE, OVER, Status


class Control:
    """`changed` is called whenever it stands otherwise; `trouble` is what people should know of it."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.status, self.trouble = Status.PREVIEWED, ""
        self._changed = changed
        self._open, self._stop = asyncio.Event(), asyncio.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether no further slice may begin in this process."""
        return self._stop.is_set()

    def become(self, status: Status) -> None:
        self.status = status
        self._changed()

    def interrupt(self, trouble: str) -> None:
        """Whoever ran it does so no more. What it asks a person it still asks."""
        if self.status in LIVE - {Status.STOPPED}:
            self.status, self.trouble = Status.PAUSED, trouble

    def hold(self, status: Status, trouble: str = "") -> None:
        """No slice until it is let go on."""
        self._open.clear()
        self.trouble = trouble
        self.become(status)

    def go_on(self) -> None:
        """Begin, or go on."""
        self.trouble = ""
        self.become(Status.RUNNING)
        self._open.set()

    def halt(self) -> None:
        """No further slice in this process."""
        self._stop.set()
        self._open.set()

    async def opened(self) -> bool:
        """As soon as nobody holds it: whether it may go on."""
        await self._open.wait()
        return not self.is_stopping

    async def rest(self, seconds: float) -> bool:
        """For so long, unless it has to stop meanwhile: whether it has to."""
        if seconds > 0 and not self.is_stopping:
            try:
                async with asyncio.timeout(seconds):
                    await self._stop.wait()
            except TimeoutError:
                pass
        return self.is_stopping

    def waits(self, trouble: str) -> None:
        """Its Redis is away."""
        self.trouble = trouble
        if self.status is Status.RUNNING:
            self.become(Status.WAITING)

    def answers(self) -> None:
        """Its Redis is there."""
        if self.status in OVER or self.is_stopping:
            return
        if self.status in (Status.RUNNING, Status.WAITING):
            self.trouble = ""
        if self.status is Status.WAITING:
            self.become(Status.RUNNING)


class Throttle:
    """No more than `rate` jobs a second; None for as many as Redis does not feel."""

    def __init__(self, rate: int | None) -> None:
        self._rate, self._free_at = rate, 0.0

    def left(self, jobs: int) -> float:
        """How long to wait after so many jobs (seconds)."""
        if self._rate is None or not jobs:
            return 0.0
        now = time.monotonic()
        self._free_at = max(now, self._free_at) + jobs / self._rate
        return self._free_at - now
