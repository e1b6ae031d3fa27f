"""All failures of all queues, grouped: read while somebody looks, in the background, and shown as far as that is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import TickbirdError
from core.failures.book import Book
from core.failures.groups import Group, grouped
from core.instance import Instance
from core.model import Queue, QueueId, State

# A queue's turn (seconds): long enough to get on, short enough that another's failures come up soon.
TURN = 0.25


@dataclass(frozen=True, slots=True)
class Failures:
    """`known` of `total` failures are in the groups; `trouble` says what could not be read."""

    groups: tuple[Group, ...]
    known: int
    total: int
    trouble: tuple[str, ...] = ()


class FailureSurvey:
    """The books of every queue that has failed jobs. `queues` are those of the last reading."""

    def __init__(self, instances: Mapping[str, Instance], queues: Callable[[], tuple[Queue, ...]]) -> None:
        self._instances, self._queues = instances, queues
        self._books: dict[QueueId, Book] = {}
        self._troubles: dict[str, str] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}

    async def look(self, patience: float) -> Failures:
        """What is known after at most `patience` seconds; reading goes on until all is, and then ends."""
        queues = [queue for queue in self._queues() if queue.counts.get(State.FAILED)]
        self._books = {
            queue.id: self._books.get(queue.id) or Book(total=queue.counts[State.FAILED]) for queue in queues
        }
        tasks = [self._read_on(name, [q for q in queues if q.id.instance == name]) for name in self._instances]
        await asyncio.wait(tasks, timeout=patience)
        books = self._books
        known, total = sum(len(book.known) for book in books.values()), sum(book.total for book in books.values())
        groups = grouped(books, time.time_ns() // 1_000_000)
        return Failures(groups, known, max(known, total), tuple(self._troubles.values()))

    async def stop(self) -> None:
        """End what reads."""
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    def _read_on(self, name: str, queues: list[Queue]) -> asyncio.Task[None]:
        task = self._reading.get(name)
        if task is None or task.done():
            task = self._reading[name] = asyncio.create_task(self._read(name, queues))
        return task

    async def _read(self, name: str, queues: list[Queue]) -> None:
        self._troubles.pop(name, None)
        left = list(queues)
        try:
            while left:
                for queue in tuple(left):
                    book = self._books.get(queue.id)
                    if book is not None:
                        await book.refresh(self._instances[name], queue, time.monotonic() + TURN)
                    if book is None or not book.unread:
                        left.remove(queue)
        except TickbirdError as trouble:
            self._troubles[name] = trouble.message
