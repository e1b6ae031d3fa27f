"""Saved views in a store that is made for one test, and words that nobody has to sample."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from core.model import QueueId, State
from core.views.view import View
from core.views.views import Views
from core.views.vocabulary import Said, Vocabulary

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


VIEW_ID = "0a1b2c3d4e5f"
KEPT = View("Away on holiday", State.COMPLETED, "result:holiday", VIEW_ID, "ada", 1_700_000_000_000)


class FixedViews(Views):
    """One view is kept from the beginning. The names of the herd's jobs are its words."""

    def __init__(self, herd: FixedHerd) -> None:
        refusal = "This Tickbird is read-only." if herd.settings.read_only else ""
        self._store, self._herd, self._refusal = herd.store, herd, refusal
        # A store in memory waits for nothing, so one step is all of it.
        with suppress(StopIteration):
            self._keep(KEPT).send(None)

    async def vocabulary(self, id: QueueId, state: State) -> Vocabulary:
        self._herd.reach(id)
        rows = [job.row for job in self._herd.contents if job.queue == id and job.row.state is state]
        names = {name: sum(row.name == name for row in rows) for name in dict.fromkeys(row.name or "" for row in rows)}
        return Vocabulary(len(rows), len(rows), 0, {"name": tuple(Said(name, n) for name, n in names.items())})

    async def words(self) -> Vocabulary:
        found = [await self.vocabulary(queue.id, State.FAILED) for queue in self._herd.snapshot().queues]
        names = [said for each in found for said in each.values.get("name", ())]
        return Vocabulary(sum(each.looked_at for each in found), len(names), 0, {"name": tuple(names)})
