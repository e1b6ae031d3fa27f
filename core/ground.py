"""What writes stand on: the instances, the queues as last read, what forbids writing, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from core.errors import Forbidden, NotFound
from core.instance import Instance
from core.model import Queue, QueueId

T = TypeVar("T")


def _fine(_instance: str) -> object:
    """Every instance answers, as far as is known."""
    return None


@dataclass(frozen=True, slots=True)
class Ground:
    """`find` is the queue as last read (NotFound, Unavailable), `touched` is told of queues that were changed,
    `present` raises Unavailable where an instance is known to be away, `refusal` says why nothing may be written."""

    instances: Mapping[str, Instance]
    find: Callable[[QueueId], Queue]
    touched: Callable[[QueueId], None]
    present: Callable[[str], object] = _fine
    refusal: str = ""
    turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    def check_writable(self) -> None:
        """Raises Forbidden where Tickbird may only read."""
        if self.refusal:
            raise Forbidden(self.refusal)

    async def act(self, id: QueueId, act: Callable[[Instance, Queue], Awaitable[T]]) -> T:
        """One act on a queue; whoever reads it next reads it anew, whether or not the act went well."""
        self.check_writable()
        queue = self.find(id)
        self.present(id.instance)
        try:
            return await act(self.instance(id), queue)
        finally:
            self.touched(id)

    def instance(self, id: QueueId) -> Instance:
        """The Redis in which the queue lives."""
        if id.instance not in self.instances:
            raise NotFound(f"There is no Redis called {id.instance!r}.")
        return self.instances[id.instance]

    def turn(self, id: QueueId) -> asyncio.Lock:
        """Held for a slice and the rest after it: one at a time on each Redis, however many operations run."""
        return self.turns.setdefault(id.instance, asyncio.Lock())
