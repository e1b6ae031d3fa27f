"""What writes stand on: the instances, the queues as last read, what forbids writing, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from core.access.asker import asker
from core.audit.entry import place_of
from core.audit.trail import Told, Trail
from core.errors import Forbidden, NotFound, Unavailable
from core.instance import Instance
from core.model import Outcome, Queue, QueueId
from core.mutations.above import Met, by_its_base, meeting
from core.permission import NEEDED
from core.store.memory import MemoryStore

T = TypeVar("T")


def _fine(_instance: str) -> object:
    """Every instance answers, as far as is known."""
    return None


def _unseen(_queue: QueueId, _job_ids: Sequence[bytes]) -> AbstractAsyncContextManager[None]:
    """Nobody wants to know what a retry erases."""
    return nullcontext()


def _any_job(_queue: QueueId, _job_id: str) -> None:
    """Every id is the queue's own."""


@dataclass(frozen=True, slots=True)
class Ground:
    """`find` is the queue as last read (NotFound, Unavailable), `touched` is told of queues that were changed,
    `present` raises Unavailable where an instance is known to be away, `refusal` says why nothing may be written.
    `witness` is entered around the retry of jobs, so that why they failed is known though the retry erases it;
    `trail` keeps the audit log, `check_job` raises NotFound for an id that leads into another queue, `whose` is the
    queue with that base key, whoever asks."""

    instances: Mapping[str, Instance]
    find: Callable[[QueueId], Queue]
    touched: Callable[[QueueId], None]
    present: Callable[[str], object] = _fine
    refusal: str = ""
    turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    witness: Callable[[QueueId, Sequence[bytes]], AbstractAsyncContextManager[None]] = _unseen
    trail: Trail = field(default_factory=lambda: Trail(MemoryStore()))
    check_job: Callable[[QueueId, str], None] = _any_job
    whose: Callable[[str, bytes], QueueId] = by_its_base

    def check_writable(self) -> None:
        """Raises Forbidden where Tickbird may only read."""
        if self.refusal:
            raise Forbidden(self.refusal)

    async def recorded(
        self, id: QueueId, verb: str, act: Callable[[Instance, Queue], Awaitable[T]], *, job: str = ""
    ) -> T:
        """One act on a queue that who asks is allowed, and that the audit log tells of."""
        async with self.trail.act(verb, id, job) as told:
            asker().check(NEEDED[verb])
            self.check_job(id, job)
            with self.noting_above(told):
                done = await self.act(id, act)
            told.says(_sentence(done))
        return done

    @contextmanager
    def noting_above(self, told: Told) -> Iterator[None]:
        """The audit log tells which other queues had parents of what is acted on inside; who acts on a child tells its
        parent, as its library does, whether they may see that queue or not. What is refused told nobody anything."""
        with meeting() as found:
            try:
                yield
            except Unavailable:
                told.met(self.named(found))  # its answer was lost, not what it did
                raise
            told.met(self.named(found))

    def named(self, found: Met) -> tuple[str, ...]:
        """These queues as the audit log calls them."""
        return tuple(sorted(place_of(self.whose(instance, base)) for instance, base in found))

    async def act(self, id: QueueId, act: Callable[[Instance, Queue], Awaitable[T]]) -> T:
        """One step on a queue, of an act that is recorded elsewhere; whoever reads the queue next reads it anew,
        whether it went well or not."""
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


def _sentence(done: object) -> str:
    """What an act says of itself."""
    if isinstance(done, Outcome):
        return done.sentence
    if isinstance(done, tuple) and done and all(isinstance(one, Outcome) for one in done):
        changed = sum(one.changed for one in done)
        return str(done[0].sentence) if len(done) == 1 else f"{changed:,} of {len(done):,} were done."
    return ""
