"""Removals of a fixed herd, which can be undone: its jobs are simply put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import Conflict, NotFound
from core.job import Job
from core.model import Outcome, Queue, QueueId
from core.undo.front import Undo
from core.undo.kept import About

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedUndo(Undo):
    """Keeps whole jobs of the herd by the id of their removal."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self._about = {"known": About((herd.queues[0].id,), herd.taken_at)} if herd.queues else {}
        self._jobs: dict[str, list[Job]] = {"known": []}
        self.keep, self.spare = self._keep_them, self._spare_them

    async def before(self, id: QueueId, job_ids: Sequence[str]) -> str:
        removal = f"hand-{len(self._about) + 1}"
        await self._keep_them(removal, self._herd.queue(id), job_ids)
        return removal

    async def _keep_them(self, operation_id: str, queue: Queue, job_ids: Sequence[str]) -> None:
        mine = [job for job in self._herd.contents if job.queue == queue.id and job.row.id in job_ids]
        self._jobs[operation_id] = mine
        self._about[operation_id] = About((queue.id,), self._herd.taken_at, kept=len(mine))

    async def _spare_them(self, operation_id: str, queue: QueueId, job_ids: Sequence[str]) -> None:
        about = self._about[operation_id]
        self._about[operation_id] = replace(about, spared=(*about.spared, *job_ids))

    async def find(self, id: str) -> About | None:
        return self._about.get(id)

    async def restore(self, id: str) -> Outcome:
        about = self._about.get(id)
        if about is None:
            raise NotFound("There is nothing to put back.")
        if about.restored is not None:
            raise Conflict("It was undone already.")
        back = [job for job in self._jobs[id] if job.row.id not in about.spared]
        self._herd.contents = [*self._herd.contents, *back]
        self._about[id] = replace(about, restored=len(back))
        return Outcome("restore", about.queues[0], f"{len(back)} jobs are back in {about.queues[0].name}.")
