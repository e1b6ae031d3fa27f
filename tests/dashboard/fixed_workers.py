"""The workers of a fixed herd: one for each queue that has active jobs, beating unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.job import Covered, Job
from core.model import QueueId, State
from core.workers.crew import Condition, Crew, Pulse, Vanished, Worker
from core.workers.front import WorkerWatch, of_queue

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedWorkers(WorkerWatch):
    """`conditions` says by id of a job how it stands, `gone` who vanished."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.conditions: dict[str, Condition] = {}
        self.gone: Sequence[Vanished] = ()
        self.nameless = 0

    async def look(self) -> Crew:
        active = [job for job in self._herd.contents if job.row.state is State.ACTIVE]
        pulses = tuple(self._pulse(job) for job in active)
        serving = {job.queue: tuple(each.row.id for each in active if each.queue == job.queue) for job in active}
        return Crew(
            tuple(self._worker(queue, ids) for queue, ids in serving.items()),
            pulses,
            tuple(self.gone),
            self.nameless,
            tuple(f"{name} cannot be reached." for name in self._herd.down),
            Covered(len(pulses), len(pulses)),
        )

    async def of_queue(self, id: QueueId) -> Crew:
        self._herd.reach(id)
        return of_queue(await self.look(), self._herd.queue(id))

    def _pulse(self, job: Job) -> Pulse:
        condition, at = self.conditions.get(job.row.id, Condition.BEATING), self._herd.taken_at
        return Pulse(
            job.queue,
            job.row.id,
            condition,
            "" if condition is Condition.BEATING else f"Its worker {job.row.worker or 'anna'!r} is not connected.",
            27_000,
            at + 27_000,
            30_000,
            job.row.worker or "",
            job.row.name or "",
            job.row.processed_on,
            at - 3_000,
            job.row.timeout,
            job.row.past_timeout,
        )

    def _worker(self, queue: QueueId, jobs: tuple[str, ...]) -> Worker:
        conditions = [self.conditions.get(id, Condition.BEATING) for id in jobs]
        return Worker(
            instance=queue.instance,
            queue=queue,
            serves=f"{queue.prefix}:{queue.name}",
            name=queue.name,
            address="10.0.0.3:4711",
            connected_at=self._herd.taken_at - 60_000,
            idle=2_000,
            free=False,
            waits_on="bzpopmin",
            library="ioredis 5.4.1",
            jobs=jobs,
            condition=next((each for each in conditions if each is not Condition.BEATING), Condition.BEATING),
        )
