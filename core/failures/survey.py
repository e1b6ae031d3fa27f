"""All failures of all queues, grouped: read while somebody looks, in the background, and shown as far as that is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from core.access.asker import ITSELF, Scope, asker, asking
from core.audit.trail import Trail
from core.errors import Forbidden, NotFound, TickbirdError, Unavailable
from core.failures import witness
from core.failures.book import Book, failed_key
from core.failures.evidence import Evidence
from core.failures.groups import Group, Kept, group_of, grouped, is_all_of, newest
from core.failures.heads import HeadReader
from core.failures.keeping import Keeping
from core.failures.marks import Mark, Standing
from core.model import Queue, QueueId, State
from core.permission import Permission
from core.redaction.fields import cleaned_text
from core.redaction.redaction import Redaction, redaction
from core.sight import Sight, now
from core.store.contract import Store
from core.text import raw_bytes, text

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
# Who sees a part decides for it only if there is no more to the group: so long (seconds) the rest is read for that.
WHOLE = 2.0


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
    """The books of every queue that has failed jobs, and what `store` keeps of them; `trail` is told who decided."""

    def __init__(self, sight: Sight, store: Store, trail: Trail) -> None:
        self._sight, self._trail = sight, trail
        self._keeping = Keeping(store)
        self._books: dict[QueueId, Book] = {}
        self._troubles: dict[str, str] = {}
        self._unwitnessed: set[str] = set()
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
        """Resolve or ignore a group, or (None) open it again, for everybody. Raises NotFound, Unavailable, and
        Forbidden where who asks may not, or does not see all of it."""
        verb = _VERBS[mark.standing if mark else Standing.OPEN]
        async with self._trail.act(verb, reason=mark.why if mark else "") as told:
            asker().check(Permission.RETRY)
            group = await self.group(key, 0)
            await self._check_all_seen(key)
            await self._keeping.put_mark(key, mark)
            self._last.clear()
            how = group.fingerprint
            told.says(f"The group {key} of failures: {how.message or how.error or how.name}")
        return replace(group, mark=mark)

    @asynccontextmanager
    async def witnessed(self, id: QueueId, job_ids: Sequence[bytes]) -> AsyncIterator[None]:
        """Around a retry, which erases in Redis why jobs failed: what it erases is known before, and counted after.
        Where it cannot be, the retry goes on all the same."""
        try:
            await self._hold(id, job_ids)
        except TickbirdError as trouble:
            self._unknown(id, trouble)
            yield
            return
        self._unwitnessed.discard(id.instance)
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

    def _unknown(self, id: QueueId, trouble: TickbirdError) -> None:
        """Said once of each Redis until it is well again: bulk work meets the same trouble with every slice."""
        if id.instance not in self._unwitnessed:
            self._unwitnessed.add(id.instance)
            said = "of jobs about to be retried in %s, and maybe more there, it is not known why they failed: %s"
            log.warning(said, id.name, trouble.message)

    async def _check_all_seen(self, key: str) -> None:
        scope = asker().scope
        if scope.is_whole:
            return
        with asking(ITSELF):
            await self.look(WHOLE)
        if not all(book.is_read for id, book in self._books.items() if not scope.has(id)):
            raise Unavailable("It is not known yet whether queues that are not yours have failures of this group.")
        if not is_all_of(self._books, key, self._keeping.kept, scope.has):
            raise Forbidden(
                "This group has, or had, failures in queues that are not yours, and what is decided holds for all.",
                "Somebody who sees all its queues can decide.",
            )

    async def _recheck(self, id: QueueId, job_ids: Sequence[bytes]) -> None:
        try:
            queue, instance = self._sight.queue(id), self._sight.present(id.instance)
            await self._books[id].recheck(instance, failed_key(queue), job_ids)
        except TickbirdError:
            return  # the next survey sees what has gone
        witness.account(self._keeping, id, self._books[id], now())
        await self._keeping.refresh()

    def _read_on(self) -> list[asyncio.Task[None]]:
        """Read all that is not known, one task for each instance; those that are there for who asks."""
        for id in self._books.keys() - {queue.id for queue in self._sight.everything.queues}:
            self._gone(id)
        mine: dict[str, list[Queue]] = {}
        for queue in self._sight.everything.queues:
            known = self._books.get(queue.id)
            if queue.counts.get(State.FAILED) or (known and (known.known or known.total)):
                self._books.setdefault(queue.id, Book(total=queue.counts.get(State.FAILED, 0)))
                mine.setdefault(queue.id.instance, []).append(queue)
        for name, those in mine.items():
            task = self._reading.get(name)
            if task is None or task.done():
                # What is read is for all, whoever comes first.
                with asking(ITSELF):
                    self._reading[name] = asyncio.create_task(self._read(name, those))
        return [self._reading[name] for name in mine if asker().scope.has_instance(name)]

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
        mine = {key: self._as_seen(e) for key, e in kept.evidence.items() if e.is_all_of(scope.has)}
        return Kept(kept.marks, mine)

    def _as_seen(self, evidence: Evidence) -> Evidence:
        """Without the names of other jobs that are not there for who asks."""
        if (said := evidence.example) is None or said.queue.instance not in self._sight.instances:
            return evidence
        redaction, parts = self._sight.redaction(said.queue), (said.message, said.stack)
        message, stack = (
            text(cleaned_text(redaction, name, raw_bytes(part))) for name, part in zip(witness.SAID, parts, strict=True)
        )
        return replace(evidence, example=replace(said, message=message, stack=stack))

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
        scope = asker().scope
        of_instances = (said for name, said in self._troubles.items() if scope.has_instance(name))
        # Where the store is does not concern who sees a part.
        of_store = self._keeping.trouble if scope.is_whole or not self._keeping.trouble else _STORE_AWAY
        return (*of_instances, *((of_store,) if of_store else ()))

    def _notes(self, books: Mapping[QueueId, Book]) -> tuple[str, ...]:
        names = sorted({id.instance for id, book in books.items() if book.unscripted})
        return tuple(_UNSCRIPTED.format(name) for name in names)


_NOT_YET: tuple[frozenset[QueueId], tuple[Group, ...], float] = (frozenset(), (), 0.0)
_VERBS = {Standing.RESOLVED: "resolve", Standing.IGNORED: "ignore", Standing.OPEN: "reopen"}
_STORE_AWAY = "What was resolved, ignored or retried before may be missing: Tickbird's own store is away."
_UNSCRIPTED = "Redis {} does not let our user run scripts (EVAL), so whole stacks are read: this takes longer."
