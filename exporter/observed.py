"""What was seen by following events, as values: taken in the event loop, rendered in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.events.seen import Following, QueueLook, QueueSeen
from core.model import QueueId
from core.snapshot import Snapshot

# Queues taken in without a pause: a page is never held up for longer than a few milliseconds.
AT_ONCE = 100


class Events(Protocol):
    """What follows the events of all instances."""

    def seen(self, id: QueueId) -> QueueSeen | None: ...

    def looked(self, id: QueueId) -> QueueLook | None: ...

    def following(self, instance: str) -> Following | None: ...


@dataclass(frozen=True, slots=True)
class Observed:
    """All of it for one snapshot. What is not followed is left out."""

    seen: Mapping[QueueId, QueueSeen] = field(default_factory=dict)
    looks: Mapping[QueueId, QueueLook] = field(default_factory=dict)
    following: Mapping[str, Following] = field(default_factory=dict)


NOTHING = Observed()


async def observe(events: Events, snapshot: Snapshot) -> Observed:
    """What was seen of the queues of this snapshot up to now."""
    seen: dict[QueueId, QueueSeen] = {}
    looks: dict[QueueId, QueueLook] = {}
    for place, queue in enumerate(snapshot.queues):
        if (found := events.seen(queue.id)) is not None:
            seen[queue.id] = found
        if (look := events.looked(queue.id)) is not None:
            looks[queue.id] = look
        if place % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(0)
    following = ((reading.instance, events.following(reading.instance)) for reading in snapshot.readings)
    return Observed(seen, looks, {instance: found for instance, found in following if found})
