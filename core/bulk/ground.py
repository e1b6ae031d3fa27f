"""What operations stand on: the instances, the queues as last read, and whose turn it is on each Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.errors import NotFound
from core.instance import Instance
from core.model import Queue, QueueId


@dataclass(frozen=True, slots=True)
class Ground:
    """`find` is the queue as last read (NotFound, Unavailable), `touched` is told of queues that were changed."""

    instances: Mapping[str, Instance]
    find: Callable[[QueueId], Queue]
    touched: Callable[[QueueId], None]
    turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    def instance(self, id: QueueId) -> Instance:
        """The Redis in which the queue lives."""
        if id.instance not in self.instances:
            raise NotFound(f"There is no Redis called {id.instance!r}.")
        return self.instances[id.instance]

    def turn(self, id: QueueId) -> asyncio.Lock:
        """Held for a slice and the rest after it: one at a time on each Redis, however many operations run."""
        return self.turns.setdefault(id.instance, asyncio.Lock())
