"""The failures of a fixed herd, grouped by core's own rules from the jobs that it was given."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from core.failures.book import Book
from core.failures.fingerprint import fingerprint
from core.failures.survey import Failures, FailureSurvey
from core.failures.witness import account
from core.model import QueueId, State
from core.sight import Sight
from core.snapshot import Snapshot
from core.text import raw_bytes

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedFailures(FailureSurvey):
    """Its books are written from the jobs of the herd. `unread` failures are counted, and not known yet."""

    def __init__(self, herd: FixedHerd) -> None:
        super().__init__(Sight({}, Snapshot(0, ())), herd.store, herd.audit)
        self._herd = herd
        self.unread = 0

    async def look(self, patience: float) -> Failures:
        self._sight.publish(self._herd.snapshot())
        self._books, before = self._written(), self._books
        for id, book in before.items():
            now_there = self._books.get(id, Book())
            book.gone = [(how, at) for raw, (at, how) in book.known.items() if raw not in now_there.known]
            account(self._keeping, id, book, self._herd.taken_at)
        self._troubles = {name: f"{name} cannot be reached." for name in self._herd.down}
        self._last.clear()
        seen = await super().look(patience)
        return replace(seen, total=seen.known + self.unread)

    def _read_on(self) -> list[asyncio.Task[None]]:
        return []

    def _written(self) -> dict[QueueId, Book]:
        books: dict[QueueId, Book] = {}
        for job in self._herd.contents:
            if job.row.state is State.FAILED:
                reason = job.failed_reason.text if job.failed_reason else ""
                how = fingerprint(job.row.name or "", reason, "\n".join(job.stacktrace[-1:]))
                book = books.setdefault(job.queue, Book())
                book.learn(raw_bytes(job.row.id), job.row.finished_on or self._herd.taken_at, how)
        for book in books.values():
            book.total = len(book.known)
        return books
