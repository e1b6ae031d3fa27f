"""What is fetched from elsewhere when it is needed, kept while it is fresh, and used on while its source is away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.errors import TickbirdError

T = TypeVar("T")
log = logging.getLogger("tickbird.dashboard.renewed")
FRESH = 600.0
STALE = 24 * 3600.0
# A source that is away is asked again after so long, however many wait for it (seconds).
PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    value: T
    at: float


class Renewed(Generic[T]):
    """`fetch` raises a TickbirdError where its source is away. All who ask at the same time share one try."""

    def __init__(self, what: str, fetch: Callable[[], Awaitable[T]]) -> None:
        self._what, self._fetch = what, fetch
        self._known: _Known[T] | None = None
        self._failed: TickbirdError | None = None
        self._failed_at = 0.0
        self._trying: asyncio.Task[None] | None = None

    @property
    def trouble(self) -> TickbirdError | None:
        """Why the last try failed, if it did."""
        return self._failed

    async def get(self, *, anew: bool = False) -> T:
        """The value. `anew`: fetched now, whatever is known. Raises what `fetch` raised where nothing will do."""
        if anew or not self._is(FRESH):
            await self._try()
        failed = self._failed
        if self._known is not None and (failed is None or (not anew and self._is(STALE))):
            return self._known.value
        raise failed or RuntimeError(f"{self._what} was neither fetched nor refused")

    async def look(self, patience: float) -> None:
        """Try, unless what is known is fresh, and wait for it so long."""
        if self._may_try() and (self._failed or not self._is(FRESH)):
            await asyncio.wait({self._task()}, timeout=patience)

    async def _try(self) -> None:
        if self._may_try():
            # Shielded: who goes away takes nobody along.
            await asyncio.shield(self._task())

    def _may_try(self) -> bool:
        return self._failed is None or time.monotonic() - self._failed_at >= PAUSE

    def _is(self, age: float) -> bool:
        return self._known is not None and time.monotonic() - self._known.at < age

    def _task(self) -> asyncio.Task[None]:
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._tried())
        return self._trying

    async def _tried(self) -> None:
        try:
            self._known = _Known(await self._fetch(), time.monotonic())
            if self._failed:
                log.info("%s is there again", self._what)
            self._failed = None
        except TickbirdError as error:
            if self._failed is None or self._failed.hint != error.hint:
                log.warning("%s: %s %s", self._what, error.message, error.hint)
            self._failed, self._failed_at = error, time.monotonic()
