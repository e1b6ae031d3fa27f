"""What every room that reads stands on: the instances, the queues as last read, and reads that all askers share."""

from __future__ import annotations

import asyncio
import difflib
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from core.access.asker import Scope, asker
from core.errors import NotFound, Unavailable
from core.instance import Instance
from core.model import Queue, QueueId
from core.mutations.above import by_its_base
from core.redaction.redaction import Redaction
from core.shared import Shared
from core.snapshot import Reading, Snapshot
from core.text import raw_bytes, text

T = TypeVar("T")
# A page must be answered within a second even when Redis hangs; the rest of the second is for rendering it.
PATIENCE = 0.8


@dataclass(slots=True)
class Sight:
    """`everything` is what was last read; whoever reads a newer one says so with `publish`. `snapshot` is the part of
    it that is there for who asks. `listeners` are told of each newer snapshot, and must not wait for anything."""

    instances: Mapping[str, Instance]
    everything: Snapshot
    shared: Shared = field(default_factory=Shared)
    bases: dict[tuple[str, bytes], QueueId] = field(default_factory=dict)
    shown: dict[Scope, Snapshot] = field(default_factory=dict)
    listeners: list[Callable[[Snapshot], None]] = field(default_factory=list)

    def publish(self, snapshot: Snapshot) -> None:
        """A newer snapshot is there."""
        self.everything = snapshot
        self.shown.clear()
        self.bases = {(queue.id.instance, queue.id.base): queue.id for queue in snapshot.queues}
        for tell in self.listeners:
            tell(snapshot)

    @property
    def snapshot(self) -> Snapshot:
        """What was last read, as far as it is there for who asks."""
        scope = asker().scope
        if scope.is_whole:
            return self.everything
        if scope not in self.shown:
            self.shown[scope] = seen_by(scope, self.everything)
        return self.shown[scope]

    def queues(self) -> tuple[Queue, ...]:
        """Every queue as last read."""
        return self.snapshot.queues

    def queue(self, id: QueueId) -> Queue:
        """The queue as last read. Raises NotFound, or Unavailable where not everything was looked at yet."""
        reading = self.reading(id.instance)
        queue = next((queue for queue in reading.queues if queue.id == id), None)
        if queue is not None:
            return queue
        if reading.taken_at is None:
            raise Unavailable(
                reading.trouble or f"Redis {id.instance} has not been read yet.", "Try again in a moment."
            )
        walk = reading.discovery
        if walk.running and walk.last_seconds is None:
            looked = f"{walk.keys_seen:,} of {walk.keys_total:,} keys were looked at"
            raise Unavailable(f"No queue {id.name!r} was found so far: {looked}.", "Try again in a moment.")
        raise NotFound(f"There is no queue {id.name!r} under the prefix {id.prefix!r}.", _near(id, reading))

    def reading(self, name: str) -> Reading:
        """What was last read of the instance of that name; NotFound where there is none."""
        reading = self.snapshot.reading(name)
        if reading is None:
            known = ", ".join(reading.instance for reading in self.snapshot.readings)
            raise NotFound(f"There is no Redis called {name!r}.", f"Known are: {known}.")
        return reading

    def present(self, name: str) -> Instance:
        """The instance of that name; Unavailable at once, instead of a wait, while it is known to be away."""
        reading = self.reading(name)
        if reading.down_since is not None:
            raise Unavailable(reading.trouble, "The page recovers by itself when Redis does.")
        return self.instances[name]

    async def read(
        self, id: QueueId, what: Hashable, read: Callable[[Instance], Awaitable[T]], fresh: float | None = None
    ) -> T:
        """What `read` answers of the queue's instance, within the time that a page has. Who asks the same within
        `fresh` seconds shares the answer; it is forgotten when the queue is acted on."""
        return await self.read_of(id.instance, (id, what), read, fresh)

    async def read_of(
        self, name: str, key: Hashable, read: Callable[[Instance], Awaitable[T]], fresh: float | None = None
    ) -> T:
        """The same of an instance as a whole; `key` says what is asked, of which instance."""
        instance = self.present(name)

        async def in_time() -> T:
            return await self.read_alone(instance, read)

        return await (self.shared.get(key, in_time) if fresh is None else self.shared.get(key, in_time, fresh))

    async def read_alone(self, instance: Instance, read: Callable[[Instance], Awaitable[T]]) -> T:
        """The same, in the time that a page has, but shared with nobody and kept nowhere."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await read(instance)
        except TimeoutError as error:
            raise Unavailable(f"Redis {instance.name} did not answer within {PATIENCE} s.") from error

    def redaction(self, id: QueueId) -> Redaction:
        """What must be taken out of the queue's payloads before who asks, or any search of theirs, sees them."""
        return self.instances[id.instance].redaction(id)

    def forget(self, id: QueueId) -> None:
        """Drop what was read of the queue: something was changed."""
        self.shared.forget(lambda key: isinstance(key, tuple) and key[0] == id)

    def resolve(self, instance: str, key: bytes) -> tuple[QueueId, str] | None:
        """Whose key this is, and the id behind the queue's base; None where no known queue is there for who asks."""
        owner = self.owner(instance, key)
        return owner if owner is not None and asker().scope.has(owner[0]) else None

    def owner(self, instance: str, key: bytes) -> tuple[QueueId, str] | None:
        """The known queue with the longest base that begins this key, and the id behind it, whoever asks."""
        end = len(key)
        while (end := key.rfind(b":", 0, end)) > 0:
            known = self.bases.get((instance, key[: end + 1]))
            if known is not None:
                return known, text(key[end + 1 :])
        return None

    def owned_by(self, instance: str, key: bytes) -> QueueId | None:
        """The known queue whose job that key is, whoever asks."""
        owner = self.owner(instance, key)
        return owner[0] if owner else None

    def whose(self, instance: str, base: bytes) -> QueueId:
        """The queue of that base, whoever asks."""
        return self.bases.get((instance, base)) or by_its_base(instance, base)

    def check_job(self, id: QueueId, job_id: str) -> None:
        """Raises NotFound for an id that leads into another queue, one whose base begins with this one's: what may be
        seen and done there is another matter."""
        owner = self.owner(id.instance, id.base + raw_bytes(job_id)) if ":" in job_id else None
        if owner is not None and owner[0] != id:
            raise NotFound(f"There is no job {job_id!r} in {id.name}.", "It may have been removed on completion.")


def seen_by(scope: Scope, snapshot: Snapshot) -> Snapshot:
    """The snapshot without what is not there for that scope."""
    readings = (
        replace(reading, queues=tuple(queue for queue in reading.queues if scope.has(queue.id)))
        for reading in snapshot.readings
        if scope.has_instance(reading.instance)
    )
    return Snapshot(snapshot.version, tuple(readings))


def now() -> int:
    """This moment, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def _near(id: QueueId, reading: Reading) -> str:
    near = difflib.get_close_matches(id.name, [queue.id.name for queue in reading.queues], n=1)
    return f"The nearest name is {near[0]!r}." if near else "It may have been obliterated, or never had a job."
