"""What is counted and told of a fixed herd's queues: batches, priorities, deduplication ids, what is usual there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.batches.front import Batch, BatchCounts, Batches
from core.batches.grouping import grouping
from core.deduplication.held import Deduplication, Deduplications, Held
from core.job import Covered
from core.model import QueueId, State
from core.priorities import Priorities, PriorityCounts
from core.redaction.redaction import NOTHING_HIDDEN
from core.usual import Names, Usual, UsualJobs

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedBatches(BatchCounts):
    """By the values that stand at the top of the jobs' data."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd

    async def of(self, id: QueueId, text: str) -> Batches:
        self._herd.reach(id)
        by, found = grouping(text, NOTHING_HIDDEN), dict[str, Counter[State]]()
        jobs = [job for job in self._herd.contents if job.queue == id]
        for job in jobs:
            for value in by.values(
                job.data.text.encode("utf-8", "surrogatepass") if job.data else None, NOTHING_HIDDEN
            ):
                found.setdefault(value, Counter())[job.row.state] += 1
        batches = tuple(Batch(value, by.query(value), counts, {"completed": 2}) for value, counts in found.items())
        return Batches(by.text, batches, Covered(len(jobs), len(jobs), f"Looked at {len(jobs)} jobs."), 0, 0)

    async def fields(self, id: QueueId) -> tuple[str, ...]:
        self._herd.reach(id)
        return ("data.to",)


class FixedPriorities(PriorityCounts):
    """Those of the jobs that are given."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd

    async def of(self, id: QueueId) -> Priorities:
        self._herd.reach(id)
        jobs = [job.row.priority for job in self._herd.contents if job.queue == id]
        counts = Counter(priority for priority in jobs if priority)
        return Priorities(jobs.count(0), tuple(sorted(counts.items())), 0, "Jobs that are ready.")


class FixedDeduplications(Deduplications):
    """One id for each job that has one."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.absent = ""

    async def of(self, id: QueueId) -> Deduplication:
        self._herd.reach(id)
        jobs = [job for job in self._herd.contents if job.queue == id]
        held = [
            Held(j.deduplication_id, j.row.id, 5000, behind=True, job_is_gone=False) for j in jobs if j.deduplication_id
        ]
        return Deduplication(tuple(held), Covered(len(jobs), len(jobs), f"Asked {len(jobs)} jobs."), self.absent)

    async def held(self, id: QueueId, deduplication_id: str) -> Held | None:
        found = await self.of(id)
        return next((held for held in found.held if held.id == deduplication_id), None)


class FixedUsual(UsualJobs):
    """Every job's options are what is usual."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd

    async def names(self, id: QueueId) -> Names:
        self._herd.reach(id)
        jobs = [job.row.name or "" for job in self._herd.contents if job.queue == id]
        return Names(tuple(Counter(jobs).most_common()), len(jobs))

    async def of(self, id: QueueId, name: str) -> Usual:
        self._herd.reach(id)
        jobs = [job for job in self._herd.contents if job.queue == id and job.row.name == name]
        if not jobs:
            return Usual(name, 0)
        example = next((job for job in jobs if job.data), None)
        text = example.data.text if example and example.data else None
        return Usual(name, len(jobs), (("attempts", 3, 1),), text, example.row.id if example else None)
