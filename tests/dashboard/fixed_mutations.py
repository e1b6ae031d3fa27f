"""The single writes on a fixed herd: they move jobs in memory, and refuse as core's do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import Conflict, Forbidden
from core.job import Job
from core.model import Outcome, QueueId, State
from core.mutations.front import Mutations

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedMutations(Mutations):
    """What can be done to the queues and jobs that the herd was given."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd

    async def retry(self, id: QueueId, job_id: str, *, reset_attempts: bool = False) -> Outcome:
        await self._move("retry", id, job_id)
        return Outcome("retry", id, f"{job_id} waits again.", job_id)

    async def promote(self, id: QueueId, job_id: str) -> Outcome:
        await self._move("promote", id, job_id)
        return Outcome("promote", id, f"{job_id} no longer waits for its time.", job_id)

    async def remove(self, id: QueueId, job_id: str) -> Outcome:
        found = await self._allowed("remove", id, job_id)
        self._herd.contents = [job for job in self._herd.contents if job is not found]
        return Outcome("remove", id, f"{job_id} is gone.", job_id)

    async def pause(self, id: QueueId) -> Outcome:
        return self._paused(id, paused=True)

    async def resume(self, id: QueueId) -> Outcome:
        return self._paused(id, paused=False)

    def _paused(self, id: QueueId, *, paused: bool) -> Outcome:
        self._writable()
        self._herd.reach(id)
        before = self._herd.queue(id)
        queues = [replace(queue, paused=paused) if queue.id == id else queue for queue in self._herd.queues]
        self._herd.queues = queues
        verb, word = ("pause", "paused") if paused else ("resume", "running")
        return Outcome(verb, id, f"{id.name} is {word}.", changed=before.paused is not paused)

    async def _move(self, verb: str, id: QueueId, job_id: str) -> None:
        found = await self._allowed(verb, id, job_id)
        moved = replace(found, row=replace(found.row, state=State.WAITING))
        self._herd.contents = [moved if job is found else job for job in self._herd.contents]

    async def _allowed(self, verb: str, id: QueueId, job_id: str) -> Job:
        self._writable()
        found = await self._herd.job(id, job_id)
        permit = next(permit for permit in self._herd.job_permits(id, found) if permit.verb == verb)
        if not permit.allowed:
            raise Conflict(f"{job_id} cannot be {verb}d: it is {found.row.state}.", "Look at its page.")
        return found

    def _writable(self) -> None:
        if self._herd.settings.read_only:
            raise Forbidden("This Tickbird is read-only.")
        self._herd.version += 1
