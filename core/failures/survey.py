"""All failures of all queues, grouped: read while somebody looks, in the background, and shown as far as that is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from core.access.asker import Scope, asker
from core.errors import NotFound, TickbirdError
from core.failures import witness
from core.failures.book import Book, failed_key
from core.failures.groups import Group, Kept, group_of, grouped, newest
from core.failures.heads import HeadReader
from core.failures.keeping import Keeping
from core.failures.marks import Mark, Standing
from core.model import Queue, QueueId, State
from core.redaction.redaction import Redaction, redaction
from core.sight import Sight, now
from core.store.contract import Store

log = logging.getLogger("tickbird.failures")
# A queue's turn (seconds): long enough to get on, short enough that another's failures come up soon.
TURN = 0.25
# Grouping takes no more than this share of our time, however many failures there are.
SHARE = 0.1
# What takes less than this (seconds) is done anew for each who looks.
QUICK = 0.02
MOST_LISTED = 500
# Groups are worked out for so many kinds of askers, by what is there for them.
MOST_SCOPES = 32


@dataclass(frozen=True, slots=True)
class Failures:
    """`known` of `total` failures are in the groups; `trouble` says what could not be read, `notes` what is otherwise
    than usual."""

    groups: tuple[Group, ...]
    known: int
    total: int
    trouble: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def standing(self, standing: Standing) -> tuple[Group, ...]:
        """Those that stand so."""
        return tuple(group for group in self.groups if group.standing is standing)


@dataclass(frozen=True, slots=True)
class Listed:
    """Some jobs of a group, the newest first: queue, id, instant; of `total` that failed in that time."""

    jobs: tuple[tuple[QueueId, str, int], ...]
    total: int


class FailureSurvey:
    """The books of every queue that has failed jobs, and what `store` keeps of them."""

    def __init__(self, sight: Sight, store: Store) -> None:
        self._sight = sight
        self._keeping = Keeping(store)
        self._books: dict[QueueId, Book] = {}
        self._troubles: dict[str, str] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._last: dict[Scope, tuple[frozenset[QueueId], tuple[Group, ...], float]] = {}

    async def look(self, patience: float) -> Failures:
        """What is known after at most `patience` seconds; reading goes on until all is, and then ends."""
        deadline = time.monotonic() + patience
        await self._keeping.refresh()
        tasks = self._read_on()
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, deadline - time.monotonic()))
        books = self._seen_books()
        for id, book in books.items():
            witness.account(self._keeping, id, book, now())
        known, total = sum(len(book.known) for book in books.values()), sum(book.total for book in books.values())
        groups = self._grouped(books)
        await self._settle(groups)
        return Failures(groups, known, max(known, total), self._trouble(), self._notes(books))

    async def group(self, key: str, patience: float) -> Group:
        """One group, however small. Raises NotFound where nothing is known of it."""
        seen = await self.look(patience)
        found = next((group for group in seen.groups if group.key == key), None)
        found = found or group_of(self._seen_books(), key, now(), self._kept())
        if found is None:
            hint = "Its jobs were removed." if seen.known >= seen.total else "Not all failures are read yet."
            raise NotFound("No failed job is in this group (any more).", hint)
        return found

    def jobs(self, key: str, *, since: int, limit: int, start: int = 0) -> Listed:
        """Those jobs of the group, as far as they were read, that failed at that instant or later."""
        found, total = newest(self._seen_books(), key, since, start + min(limit, MOST_LISTED))
        return Listed(tuple(found[start:]), total)

    async def mark(self, key: str, mark: Mark | None) -> Group:
        """Resolve or ignore a group, or (None) open it again. Raises NotFound, Unavailable."""
        group = await self.group(key, 0)
        await self._keeping.put_mark(key, mark)
        self._last.clear()
        return replace(group, mark=mark)

    @asynccontextmanager
    async def witnessed(self, id: QueueId, job_ids: Sequence[bytes]) -> AsyncIterator[None]:
        """Around a retry, which erases in Redis why jobs failed: what it erases is known before, and counted after.
        Where it cannot be, the retry goes on all the same."""
        try:
            await self._hold(id, job_ids)
        except TickbirdError as trouble:
            log.warning(
                "of jobs about to be retried in %s it is not known why they failed: %s", id.name, trouble.message
            )
            yield
            return
        try:
            yield
        finally:
            await self._recheck(id, job_ids)

    async def stop(self) -> None:
        """End what reads."""
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    async def _hold(self, id: QueueId, job_ids: Sequence[bytes]) -> None:
        queue, instance = self._sight.queue(id), self._sight.present(id.instance)
        book, redaction = self._books.setdefault(id, Book()), self._redaction(id)
        await book.hold(HeadReader(instance, id.base, redaction, book.unscripted), failed_key(queue), job_ids)
        held = {how: (how, raw, at) for raw in job_ids if raw in book.known for at, how in [book.known[raw]]}
        await self._keeping.refresh()
        missing = [one for how, one in held.items() if not witness.has_example(self._keeping, how)]
        await witness.hear(instance, id, redaction, self._keeping, missing[: witness.MOST_HEARD])

    async def _recheck(self, id: QueueId, job_ids: Sequence[bytes]) -> None:
        try:
            queue, instance = self._sight.queue(id), self._sight.present(id.instance)
            await self._books[id].recheck(instance, failed_key(queue), job_ids)
        except TickbirdError:
            return  # the next survey sees what has gone
        witness.account(self._keeping, id, self._books[id], now())
        await self._keeping.refresh()

    def _read_on(self) -> list[asyncio.Task[None]]:
        """Read all that is not known, one task for each instance."""
        for id in self._books.keys() - {queue.id for queue in self._sight.everything.queues}:
            self._gone(id)
        mine: dict[str, list[Queue]] = {}
        for queue in self._sight.queues():
            known = self._books.get(queue.id)
            if queue.counts.get(State.FAILED) or (known and (known.known or known.total)):
                self._books.setdefault(queue.id, Book(total=queue.counts.get(State.FAILED, 0)))
                mine.setdefault(queue.id.instance, []).append(queue)
        for name, those in mine.items():
            task = self._reading.get(name)
            if task is None or task.done():
                self._reading[name] = asyncio.create_task(self._read(name, those))
        return [self._reading[name] for name in mine]

    def _gone(self, id: QueueId) -> None:
        """The queue is not there any more."""
        book = self._books.pop(id)
        book.drop()
        witness.account(self._keeping, id, book, now())

    async def _read(self, name: str, queues: list[Queue]) -> None:
        self._troubles.pop(name, None)
        left = list(queues)
        try:
            while left:
                for queue in tuple(left):
                    book = self._books.get(queue.id)
                    if book is not None:
                        await self._turn(queue, book)
                    if book is None or not book.unread:
                        left.remove(queue)
        except TickbirdError as trouble:
            self._troubles[name] = trouble.message

    async def _turn(self, queue: Queue, book: Book) -> None:
        """Read one queue for a while, and keep what it shows."""
        id, redaction = queue.id, self._redaction(queue.id)
        instance = self._sight.present(id.instance)
        await book.refresh(instance, queue, time.monotonic() + TURN, redaction)
        witness.account(self._keeping, id, book, now())
        if not book.unread and (chosen := witness.unheard(self._keeping, book)):
            await witness.hear(instance, id, redaction, self._keeping, chosen)

    def _redaction(self, id: QueueId) -> Redaction:
        """The rules whoever asks: what is learned here is shown to all."""
        return redaction(self._sight.instances[id.instance].hidden, id)

    def _seen_books(self) -> dict[QueueId, Book]:
        """Of those queues that may be seen."""
        return {queue.id: self._books[queue.id] for queue in self._sight.queues() if queue.id in self._books}

    def _kept(self) -> Kept:
        """What is kept, without the evidence of queues that are not there for who asks."""
        kept, scope = self._keeping.kept, asker().scope
        if scope.is_whole:
            return kept
        return Kept(kept.marks, {key: e for key, e in kept.evidence.items() if all(map(scope.has, e.queues))})

    def _grouped(self, books: Mapping[QueueId, Book]) -> tuple[Group, ...]:
        """The groups, worked out anew after a rest in proportion to what that takes."""
        scope = asker().scope
        of, groups, fresh_until = self._last.get(scope, _NOT_YET)
        if time.monotonic() < fresh_until and of == books.keys():
            return groups
        started = time.thread_time()
        groups = grouped(books, now(), self._kept())
        took = time.thread_time() - started
        if took < QUICK:
            return groups
        if len(self._last) >= MOST_SCOPES:
            self._last.clear()
        self._last[scope] = frozenset(books), groups, time.monotonic() + took / SHARE
        return groups

    async def _settle(self, groups: tuple[Group, ...]) -> None:
        """What ended by itself stays so."""
        for group in groups:
            if group.mark and group.mark != self._keeping.marks.get(group.key):
                try:
                    await self._keeping.put_mark(group.key, group.mark)
                except TickbirdError as away:
                    log.warning("it is not kept that a group of failures is open again: %s", away.message)

    def _trouble(self) -> tuple[str, ...]:
        return (*self._troubles.values(), *((self._keeping.trouble,) if self._keeping.trouble else ()))

    def _notes(self, books: Mapping[QueueId, Book]) -> tuple[str, ...]:
        names = sorted({id.instance for id, book in books.items() if book.unscripted})
        return tuple(_UNSCRIPTED.format(name) for name in names)


_NOT_YET: tuple[frozenset[QueueId], tuple[Group, ...], float] = (frozenset(), (), 0.0)
_UNSCRIPTED = "Redis {} does not let our user run scripts (EVAL), so whole stacks are read: this takes longer."
