"""What reading flows of one instance stands on: its Redis, and which queue a job's full key belongs to."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from core.access.asker import asker
from core.dialects.contract import contract
from core.errors import NotFound, Unsupported
from core.instance import Instance
from core.model import Queue, QueueId, State
from core.sight import Sight
from core.text import raw_bytes, text

# Keys are guessed easily: without it, what stands for one could be found out.
_SECRET = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class Spot:
    """A job by its full key. `queue` is None where no queue that is known here has it."""

    key: bytes
    id: bytes
    queue: Queue | None

    @property
    def queue_id(self) -> QueueId | None:
        return self.queue.id if self.queue else None


@dataclass(slots=True)
class Lens:
    """One instance, seen for one answer."""

    sight: Sight
    instance: Instance
    _queues: dict[QueueId, Queue | None] = field(default_factory=dict)

    def spot(self, key: bytes) -> Spot:
        """Whose job that key is."""
        known = self.sight.resolve(self.instance.name, key)
        queue = self._queue(known[0]) if known else None
        if known is None or queue is None:
            return Spot(key, key.rpartition(b":")[2], None)
        return Spot(key, raw_bytes(known[1]), queue)

    def of(self, queue: Queue, job_id: str) -> Spot:
        """A job by its queue and id."""
        id = raw_bytes(job_id)
        return Spot(queue.id.base + id, id, queue)

    def shown(self, spot: Spot) -> tuple[str, str]:
        """Its key and id as who asks may see them: of one in a queue that is not there for them, a mere mark that it is
        the same one."""
        if spot.queue is not None or asker().scope.is_whole:
            return text(spot.key), text(spot.id)
        mark = f"hidden-{blake2b(spot.key, key=_SECRET, digest_size=6).hexdigest()}"
        return mark, mark

    def _queue(self, id: QueueId) -> Queue | None:
        if id not in self._queues:
            try:
                self._queues[id] = self.sight.queue(id)
            except NotFound:
                self._queues[id] = None  # it went a moment ago
        return self._queues[id]


def by_queue(spots: Iterable[Spot]) -> dict[QueueId, tuple[Queue, list[Spot]]]:
    """The jobs of each known queue together."""
    found: dict[QueueId, tuple[Queue, list[Spot]]] = {}
    for spot in spots:
        if spot.queue is not None:
            found.setdefault(spot.queue.id, (spot.queue, []))[1].append(spot)
    return found


def has_flows(queue: Queue) -> bool:
    """Whether the queue's library knows parents and children at all."""
    return State.WAITING_CHILDREN in contract(queue.identity).keys


def check_flows(queue: Queue) -> None:
    """Raises Unsupported where its library has no such thing."""
    if not has_flows(queue):
        raise Unsupported(
            f"{text(raw_bytes(queue.identity.label)).capitalize()} has no flows: its jobs have no parents and no "
            "children.",
            "Flows came with BullMQ 1.16.",
        )
