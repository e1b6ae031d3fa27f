"""Answers shared by all who ask the same at about the same time: ten open tabs cost Redis what one costs."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")
# Jobs move; what was read within this many seconds counts as now.
FRESH = 0.9
# Each kept answer is one page of jobs at most; this many are a few megabytes.
MOST = 512


class Shared:
    """Remembers each answer for a moment, and lets a second asker wait for the first one's."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[float, asyncio.Future[Any]]] = OrderedDict()

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]], fresh: float = FRESH) -> T:
        """The answer to `key`, read now unless a fresh one is there or on its way. Failures are not kept."""
        now = time.monotonic()
        kept = self._answers.get(key)
        if kept is None or (kept[1].done() and (now - kept[0] > fresh or _failed(kept[1]))):
            kept = (now, asyncio.ensure_future(read()))
            self._answers[key] = kept
            self._answers.move_to_end(key)
            self._trim()
        # Shielded: when one asker goes away, the others still get their answer.
        return cast(T, await asyncio.shield(kept[1]))

    def forget(self, wanted: Callable[[Hashable], bool]) -> None:
        """Drop the answers whose keys are wanted gone: something was changed."""
        for key in [key for key in self._answers if wanted(key)]:
            del self._answers[key]

    def _trim(self) -> None:
        while len(self._answers) > MOST:
            self._answers.popitem(last=False)


def _failed(answer: asyncio.Future[Any]) -> bool:
    return answer.cancelled() or answer.exception() is not None
