"""Operations on one queue that a test lays out, without a herd: what they need of it is given by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from core.ground import Ground
from core.model import QueueId, State
from core.operations.operation import Operation
from core.operations.registry import Operations
from core.operations.request import Action, Options, Request
from tests.contract.laid_out import LaidOut


class Bulk:
    """Bulk work on that queue; `touched` are the queues that it says it has changed."""

    def __init__(self, mail: LaidOut) -> None:
        self.mail, self.touched = mail, list[QueueId]()
        ground = Ground({"default": mail.instance}, lambda _id: mail.queue, self.touched.append)
        self.operations = Operations(ground, lambda: [mail.queue.id])

    def request(self, action: Action, state: State | None = None, **options: Any) -> Request:
        return Request(action, (self.mail.queue.id,), state, Options(**options))

    async def done(self, action: Action, state: State | None = None, **options: Any) -> Operation:
        """Started, and gone through to its end."""
        started = await self.operations.start(self.request(action, state, **options))
        return await self.operations.wait(started.id)

    async def under_way(self, id: str, soon: Callable[..., Awaitable[Any]], jobs: int = 1) -> Operation:
        """As soon as it has done so many."""

        async def some() -> Operation | None:
            seen = self.operations.get(id)
            return seen if seen.done >= jobs else None

        found: Operation = await soon(some)
        return found
