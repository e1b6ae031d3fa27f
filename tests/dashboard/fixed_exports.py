"""Exports of a fixed herd: the jobs that it was given, a few at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from core.export.fields import Exported
from core.export.front import Export, Exports, Wanted
from core.job import Job
from core.model import QueueId, State
from core.query.matching import fits
from tests.dashboard.fixed_candidate import FixedCandidate

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedExport(Export):
    """Everything it has was known before it began."""

    def __init__(self, id: QueueId, state: State, found: list[Job]) -> None:
        self._id, self._state, self._found = id, state, found
        self.jobs = self.looked_at = self.total = len(found)
        self.unread, self.lost, self.trouble, self.complete, self.limit = 0, False, "", True, 1000

    @property
    def queue(self) -> QueueId:
        return self._id

    @property
    def state(self) -> State:
        return self._state

    async def slices(self) -> AsyncIterator[list[Exported]]:
        for job in self._found:
            said = {"queue": self._id.name, "id": job.row.id, "state": self._state.value, "name": job.row.name}
            yield [Exported({name: json.dumps(value) for name, value in said.items()})]


class FixedExports(Exports):
    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd

    def begin(self, id: QueueId, wanted: Wanted) -> Export:
        self._herd.reach(id)
        mine = [job for job in self._herd.contents if job.queue == id and job.row.state is wanted.state]
        found = [job for job in mine if wanted.query is None or fits(wanted.query, FixedCandidate(job))]
        return FixedExport(id, wanted.state, found[: wanted.limit])
