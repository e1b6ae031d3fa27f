"""The events of all instances: what was seen of each queue, for whoever counts, and each event, for whoever watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from core.events.engine import Engine
from core.events.happening import Happening
from core.events.options import Options
from core.events.seen import Following, QueueLook, QueueSeen
from core.instance import Instance
from core.model import QueueId
from core.snapshot import Reading


class Events:
    """One engine for each instance. Nothing is asked of Redis before `start`."""

    def __init__(
        self, instances: Mapping[str, Instance], reading: Callable[[str], Reading | None], options: Options
    ) -> None:
        self._engines = {name: _engine(instance, reading, options) for name, instance in instances.items()}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to follow, and to count."""
        self._tasks = [asyncio.create_task(engine.run()) for engine in self._engines.values()]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def seen(self, id: QueueId) -> QueueSeen | None:
        """What was seen of a queue's jobs; None while it is not followed."""
        engine = self._engines.get(id.instance)
        return engine.seen(id) if engine else None

    def looked(self, id: QueueId) -> QueueLook | None:
        """What is asked of a queue only now and then."""
        engine = self._engines.get(id.instance)
        return engine.looked(id) if engine else None

    def following(self, instance: str) -> Following | None:
        """How well an instance is followed; None where nobody does."""
        engine = self._engines.get(instance)
        return engine.following() if engine and self._tasks else None

    @contextmanager
    def watching(self, tell: Callable[[Happening], None]) -> Iterator[None]:
        """`tell` is called with every event from now on, until the end of the block. It must not wait for anything."""
        for engine in self._engines.values():
            engine.listeners.append(tell)
        try:
            yield
        finally:
            for engine in self._engines.values():
                engine.listeners.remove(tell)


def _engine(instance: Instance, reading: Callable[[str], Reading | None], options: Options) -> Engine:
    return Engine(instance, lambda: reading(instance.name), options)
