"""What Tickbird does to a library's queue, as if discovery had found it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from core.ground import Ground
from core.instance import Instance
from core.model import Dialect, Identity, Queue, QueueId, State
from core.mutations.front import Mutations
from core.operations.operation import Operation
from core.operations.registry import Operations
from core.operations.request import Action, Options, Request
from tests.interop.node_driver import LIBRARIES, Library, NodeQueue

ACTED_ON = LIBRARIES
BULLS = tuple(library for library in ACTED_ON if library.is_bull)
BULLMQS = tuple(library for library in ACTED_ON if not library.is_bull)
UNVERSIONED = "unversioned"


def named(library: Library) -> str:
    return library.alias


class Ours:
    """Our operations on one queue, and the keys of it. Every mutation by its name: `await ours.retry(job_id)`."""

    def __init__(self, instance: Instance, theirs: NodeQueue, version: str = "") -> None:
        """`version`: what the queue claims to be instead of what it is; `UNVERSIONED` when it claims nothing."""
        self.instance = instance
        self.queue = as_found(theirs, version)
        self.base = self.queue.id.base.decode()
        ground = Ground({"default": instance}, lambda _id: self.queue, lambda _id: None)
        self.mutations = Mutations(ground)
        self.operations = Operations(ground, lambda: [self.queue.id])

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        return partial(getattr(self.mutations, verb), self.queue.id)

    async def bulk(self, action: Action, state: State | None = None, **options: Any) -> Operation:
        """A bulk operation, gone through to its end."""
        started = await self.operations.start(Request(action, (self.queue.id,), state, Options(**options)))
        return await self.operations.wait(started.id)


def as_found(theirs: NodeQueue, version: str = "") -> Queue:
    facts = theirs.library.facts
    claimed = None if facts.is_bull or version == UNVERSIONED else version or facts.version
    identity = Identity(Dialect(facts.dialect), claimed, ())
    return Queue(QueueId("default", theirs.prefix, theirs.name), identity, False, {})
