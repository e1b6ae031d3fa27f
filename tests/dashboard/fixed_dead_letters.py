"""The dead letters of a fixed herd: its jobs, read by core's own rules, and sent back in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.dead_letters.addressing import known_queue
from core.dead_letters.front import STATES, DeadLetters
from core.dead_letters.letter import DeadLetter, How, Letters, Mark, Report, Sent
from core.dead_letters.recognise import Source, recognise
from core.errors import Forbidden
from core.job import Covered, Job
from core.model import QueueId, State
from tests.dashboard.cursors import place

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedDeadLetters(DeadLetters):
    """`marks` has those that were sent and kept; `leaves` so many behind when all are sent."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.marks: dict[str, Mark] = {}
        self.leaves = 0

    def states(self, id: QueueId) -> tuple[State, ...]:
        counts = self._herd.queue(id).counts
        return tuple(state for state in STATES if state in counts)

    def expected(self, id: QueueId) -> bool:
        return id.name in self._herd.settings.dead_letter

    async def look(self, id: QueueId, state: State, *, cursor: str | None = None, limit: int = 50) -> Letters:
        self._herd.reach(id)
        jobs = [job for job in self._herd.contents if job.queue == id and job.row.state is state][::-1]
        start = place(cursor)
        page = tuple(self._letter(job) for job in jobs[start : start + limit])
        following = str(start + limit) if start + limit < len(jobs) else None
        return Letters(page, state, Covered(len(page), len(jobs)), following)

    async def send(self, id: QueueId, ids: Sequence[str], how: How) -> Report:
        if self._herd.settings.read_only:
            raise Forbidden("This Tickbird is read-only.")
        self._herd.reach(id)
        jobs = {job.row.id: job for job in self._herd.contents if job.queue == id}
        results = [self._send(id, jobs.get(one), one, how) for one in ids]
        codes = [result.code for result in results]
        sent, before, refused = (codes.count(code) for code in ("sent", "before", "refused"))
        return Report(tuple(results), sent, before, refused)

    async def send_all(self, id: QueueId, how: How, *, after: str | None = None) -> Report:
        ids = [job.row.id for job in self._herd.contents if job.queue == id]
        report = await self.send(id, ids[: len(ids) - self.leaves], how)
        return replace(report, left=self.leaves, next="waiting:1" if self.leaves else None)

    def _send(self, id: QueueId, job: Job | None, one: str, how: How) -> Sent:
        letter = self._letter(job) if job else None
        if job is None or letter is None or letter.told is None:
            return Sent(one, "refused", "It is no dead letter.")
        to = letter.queue or how.to or (letter.likely_queue if how.guesses else None)
        name = letter.name.text if letter.name else how.name or (letter.likely_name if how.guesses else "")
        if to is None or not name:
            return Sent(one, "refused", "It is not recorded which queue it came from, or its name. Say which.")
        if not how.keep:
            self._herd.contents = [each for each in self._herd.contents if each is not job]
        return Sent(one, "sent", f"Job sent-back-{one} of {to.name} was added.", to, f"sent-back-{one}", how.keep)

    def _letter(self, job: Job) -> DeadLetter:
        row, data = job.row, job.data
        letter = DeadLetter(row.id, row.state, row.name or "", row.timestamp, data.size if data else 0)
        told = recognise(row.name or "", data.value if data else None, None)
        if told is None:
            return replace(letter, why_not="It does not say of which job it is what is left.")
        queue = known_queue(self._herd.snapshot(), job.queue, told.queue.text) if told.queue else None
        guessed = told.name is not None and told.name.source is Source.GUESSED
        return replace(
            letter,
            told=told,
            queue=queue,
            queue_said=told.queue,
            name=None if guessed else told.name,
            likely_name=told.name.text if told.name and guessed else "",
            mark=self.marks.get(row.id),
        )
