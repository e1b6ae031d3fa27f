"""The flows of a fixed herd: one family made of the jobs that it was given, with every kind of child in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import Conflict, NotFound
from core.flows.flow import (
    Blocker,
    Blocking,
    Cause,
    Done,
    Extent,
    FlightPage,
    Flow,
    InFlight,
    Left,
    Node,
    Step,
    Tie,
)
from core.flows.front import Flows
from core.job import Children, Covered, Job
from core.model import QueueId, State
from tests.dashboard.cursors import place

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd

_TIES = tuple(Tie)


class FixedFlows(Flows):
    """The asked job stands under the first job of its queue, and all others of the queue below it. `page` children
    are shown at once; `running` of the jobs are being run; a job that is called `alone` has no family."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.page = 50
        self.running = 0
        self.acts: list[tuple[str, str]] = []
        self.left: tuple[Left, ...] = ()

    async def tree(
        self, id: QueueId, job_id: str, *, limit: int = 50, cursor: str | None = None, depth: int = 3
    ) -> Flow:
        here = await self._herd.job(id, job_id)
        mine = [job for job in self._herd.contents if job.queue == id and job.row.id != job_id]
        start, most = place(cursor), min(limit, self.page)
        kids = [self._node(job, _TIES[at % len(_TIES)]) for at, job in enumerate(mine)]
        reason = here.row.failed_reason or here.row.name or ""
        stranger = Node(f"{id.prefix}:{reason}:7"[:500], reason[:300], tie=Tie.PENDING)
        gone = Node("bull:mail:gone", "gone", id, tie=Tie.PENDING)
        shown = (*kids[start : start + most], stranger, gone)
        family = Children(len(kids), 1, 1, 1)
        focus = replace(self._node(here, None), children=family, kids=shown, more=max(0, len(kids) - most))
        blockers = tuple(self._blocker(id, focus, cause) for cause in Cause)
        return Flow(
            root=focus,
            here=focus.key,
            above=(),
            next=str(start + most) if start + most < len(kids) else None,
            listed=Covered(len(shown), family.total),
            blocking=Blocking(blockers, reason[:200], Covered(3, 9, "Looked at 3 of 9 unfinished jobs.")),
            shown=len(shown) + 1,
            notes=(reason[:200],),
        )

    def _node(self, job: Job, tie: Tie | None) -> Node:
        row = job.row
        locked = False if row.state is State.ACTIVE else None
        return Node(f"bull:{row.id}", row.id, job.queue, row, tie, row.failed_reason or "", row.timestamp, None, locked)

    def _blocker(self, id: QueueId, focus: Node, cause: Cause) -> Blocker:
        words = (focus.row.name if focus.row else "") or ""
        steps = (Step(focus.id, id, focus.key), Step(words[:200], None, words[:500]))
        return Blocker(cause, id if cause is not Cause.UNKNOWN else None, 3, f"{cause}: {words}"[:500], steps)

    async def in_flight(self, *, limit: int = 50, cursor: str | None = None, all_parents: bool = False) -> FlightPage:
        start = place(cursor)
        jobs = [job for job in self._herd.contents if job.row.state is State.WAITING_CHILDREN or all_parents]
        flights = [self._flight(job, at) for at, job in enumerate(jobs)]
        more = str(start + limit) if start + limit < len(flights) else None
        trouble = tuple(f"{name} cannot be reached." for name in self._herd.down)
        page = tuple(flights[start : start + limit])
        return FlightPage(page, more, Covered(len(page), len(flights)), trouble, without=1)

    def _flight(self, job: Job, at: int) -> InFlight:
        cause = tuple(Cause)[at % len(Cause)]
        reason = (job.row.failed_reason or job.row.name or "")[:400]
        return InFlight(
            job.queue, job.row, job.row.timestamp, Children(3, 1), at % 3, 2, reason, cause, is_part=at % 2 == 1
        )

    async def extent(self, id: QueueId, job_id: str) -> Extent:
        await self._known(id, job_id)
        return Extent({(id, "waiting"): 3, (id, "active"): self.running}, self.running, strangers=1, exact=False)

    async def retry_failed(self, id: QueueId, job_id: str) -> Done:
        return await self._done("retry_failed_leaves", id, job_id)

    async def remove_unprocessed(self, id: QueueId, job_id: str) -> Done:
        return await self._done("remove_unprocessed_children", id, job_id)

    async def remove(self, id: QueueId, job_id: str, *, rest: bool = False) -> Done:
        await self._known(id, job_id)
        if self.running and not rest:
            raise Conflict(f"{self.running} jobs of this flow are being run by workers now.", "Pause their queues.")
        return await self._done("remove_flow", id, job_id)

    async def _done(self, verb: str, id: QueueId, job_id: str) -> Done:
        await self._known(id, job_id)
        self.acts.append((verb, job_id))
        return Done(verb, id, job_id, f"{verb} was done.", 2, self.left, len(self.left), 0, ((id, job_id, "Done."),))

    async def _known(self, id: QueueId, job_id: str) -> None:
        self._herd.reach(id)
        if not any(job.queue == id and job.row.id == job_id for job in self._herd.contents):
            raise NotFound(f"There is no job {job_id!r} in {id.name!r} any more.")
