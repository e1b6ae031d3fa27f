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
    """One engine for each instance. Nothing is asked of Redis before `start`, unless somebody watches."""

    def __init__(
        self, instances: Mapping[str, Instance], reading: Callable[[str], Reading | None], options: Options
    ) -> None:
        self._instances, self._reading, self._options = instances, reading, options
        self._listeners: list[Callable[[Happening], None]] = []
        self._engines = self._made()
        self._tasks: list[asyncio.Task[None]] = []
        self._ended: list[asyncio.Task[None]] = []
        self._counts = False

    def start(self) -> None:
        """Begin to follow, and to count."""
        self._counts = True
        self._run(light=False)

    async def stop(self) -> None:
        self._end()
        await asyncio.gather(*self._ended, return_exceptions=True)

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
        """`tell` is called with every event from now on, until the end of the block. It must not wait for anything.

        Where nobody counts, this begins to follow, and ends it when the last one has seen enough.
        """
        self._listeners.append(tell)
        if not self._tasks:
            self._run(light=True)
        try:
            yield
        finally:
            self._listeners.remove(tell)
            if not self._listeners and not self._counts:
                self._end()
                self._engines = self._made()

    def _run(self, *, light: bool) -> None:
        self._engines = self._made(light=light)
        self._tasks = [asyncio.create_task(engine.run()) for engine in self._engines.values()]

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._ended = [task for task in (*self._ended, *self._tasks) if not task.done()]
        self._tasks = []

    def _made(self, *, light: bool = False) -> dict[str, Engine]:
        return {name: self._engine(instance, light=light) for name, instance in self._instances.items()}

    def _engine(self, instance: Instance, *, light: bool) -> Engine:
        engine = Engine(instance, lambda: self._reading(instance.name), self._options, light=light)
        engine.listeners = self._listeners
        return engine
