"""Answers shared by all who ask the same at about the same time: ten open tabs cost Redis what one costs."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from core.access.asker import asker

T = TypeVar("T")
# Jobs move; what was read within this many seconds counts as now.
FRESH = 0.9
# However many ask at once; answers are dropped as soon as they are not fresh any more.
MOST = 512


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: asyncio.Future[Any]
    since: float
    fresh: float

    @property
    def is_over(self) -> bool:
        """Whether it can be given to nobody any more."""
        if not self.answer.done():
            return False
        failed = self.answer.cancelled() or self.answer.exception() is not None
        return failed or time.monotonic() - self.since > self.fresh


class Shared:
    """Remembers each answer for a moment, and lets a second asker wait for the first one's."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[Hashable, Hashable], _Kept] = OrderedDict()

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]], fresh: float = FRESH) -> T:
        """The answer to `key`, read now unless a fresh one is there or on its way. Failures are not kept."""
        # What is there for one asker, and what they may do to it, need not be so for the next.
        mine = (asker().scope, asker().may)
        kept = self._answers.get((mine, key))
        if kept is None or kept.is_over:
            self._drop_what_is_over()
            kept = self._answers[mine, key] = _Kept(asyncio.ensure_future(read()), time.monotonic(), fresh)
        # Shielded: when one asker goes away, the others still get their answer.
        return cast(T, await asyncio.shield(kept.answer))

    def forget(self, wanted: Callable[[Hashable], bool]) -> None:
        """Drop the answers whose keys are wanted gone: something was changed."""
        for key in [key for key in self._answers if wanted(key[1])]:
            del self._answers[key]

    def _drop_what_is_over(self) -> None:
        for key in [key for key, kept in self._answers.items() if kept.is_over]:
            del self._answers[key]
        while len(self._answers) >= MOST:
            self._answers.popitem(last=False)
