"""Rooms that read, beside the real libraries: a sight of exactly these queues, as if discovery had found them."""

from __future__ import annotations

from core.ground import Ground
from core.instance import Instance
from core.model import Queue
from core.sight import Sight, now
from core.snapshot import Pass, Reading, Snapshot
from tests.interop.node_driver import NodeQueue
from tests.interop.ours import as_found


def seen(instance: Instance, *queues: Queue) -> Sight:
    """These queues, as last read."""
    sight = Sight({"default": instance}, Snapshot(0, ()))
    sight.publish(Snapshot(1, (Reading("default", now(), queues, None, Pass(last_seconds=0.1)),)))
    return sight


def found(*theirs: NodeQueue) -> tuple[Queue, ...]:
    """What discovery would have told of them."""
    return tuple(as_found(queue) for queue in theirs)


def grounded(sight: Sight) -> Ground:
    """Where what is done to these queues stands on."""
    return Ground(sight.instances, sight.queue, sight.forget)
