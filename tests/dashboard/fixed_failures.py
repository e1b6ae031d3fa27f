"""The failures of a fixed herd, grouped by core's own rules from the jobs that it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.failures.book import Book, Failure
from core.failures.fingerprint import fingerprint
from core.failures.groups import grouped
from core.failures.survey import Failures, FailureSurvey
from core.model import QueueId, State
from core.text import raw_bytes

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedFailures(FailureSurvey):
    """`unread` failures are counted, and not known yet."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.unread = 0

    async def look(self, patience: float) -> Failures:
        books: dict[QueueId, Book] = {}
        for job in self._herd.contents:
            if job.row.state is State.FAILED:
                reason = job.failed_reason.text if job.failed_reason else ""
                how = fingerprint(job.row.name or "", reason, "\n".join(job.stacktrace[-1:]))
                known = books.setdefault(job.queue, Book()).known
                known[raw_bytes(job.row.id)] = Failure(job.row.finished_on or self._herd.taken_at, how)
        known_in_all = sum(len(book.known) for book in books.values())
        groups = grouped(books, self._herd.taken_at)
        trouble = tuple(f"{name} cannot be reached." for name in self._herd.down)
        return Failures(groups, known_in_all, known_in_all + self.unread, trouble)
