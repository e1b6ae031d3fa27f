"""What operations tell and ask the world outside: an audit, a store of what was removed, rules of redaction."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from core.model import Queue, QueueId
from core.operations.operation import Operation
from core.redaction.redaction import NOTHING_HIDDEN, Redaction

log = logging.getLogger("tickbird.operations")
Keep = Callable[[str, Queue, Sequence[str]], Awaitable[None]]
Spare = Callable[[str, QueueId, Sequence[str]], Awaitable[None]]


async def _nothing_kept(_id: str, _queue: Queue, _job_ids: Sequence[str]) -> None:
    """What is removed is gone."""


async def _nothing_spared(_id: str, _queue: QueueId, _job_ids: Sequence[str]) -> None:
    """Nobody had kept it."""


async def _unheard(_operation: Operation, _what: str) -> None:
    """Nobody wants to know."""


class Outside:
    """What a run tells and asks the world outside: `told` that it has "begun" or "ended", or what somebody told it,
    "pause", "resume" or "cancel" (then that is the last that its picture was told); `before_removal` which jobs
    it is about to remove, `spared` which of them it left alone after all, `redaction` what must not be seen of a
    queue's payloads."""

    def __init__(
        self,
        told: Callable[[Operation, str], Awaitable[None] | None] = _unheard,
        before_removal: Keep = _nothing_kept,
        spared: Spare = _nothing_spared,
        redaction: Callable[[QueueId], Redaction] = lambda _id: NOTHING_HIDDEN,
    ) -> None:
        self._told, self.before_removal, self.spared, self.redaction = told, before_removal, spared, redaction

    async def tell(self, operation: Operation, what: str) -> None:
        """A listener that fails must not keep an operation from going on."""
        try:
            heard = self._told(operation, what)
            if heard is not None:
                await heard
        except Exception:
            log.exception("it could not be told that operation %s has %s", operation.id, what)
