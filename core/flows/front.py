"""Flows, for pages and API: the tree around a job, all that wait for children, and what is done to a whole flow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from core.access.asker import asker
from core.audit.trail import Trail
from core.errors import Invalid, NotFound, Unavailable
from core.flows.flow import Done, Extent, FlightPage, Flow
from core.flows.in_flight import decode
from core.flows.lens import Lens, Spot, check_flows, has_flows
from core.flows.merging import Part, Wanted, merged, read_part
from core.flows.removing import remove_flow, remove_unprocessed
from core.flows.retrying import retry_failed
from core.flows.tree import MOST_DEPTH, MOST_LIMIT, Sought, read_flow
from core.flows.walk import measure, meet
from core.ground import Ground
from core.instance import Instance
from core.model import Queue, QueueId, State
from core.mutations.front import Mutations
from core.mutations.permits import check
from core.permission import NEEDED, Permission
from core.sight import Sight

# A tree is read anew at most this often, however many tabs show it (seconds); a page of flows in flight as well.
TREE_FRESH, FLIGHTS_FRESH = 5.0, 3.0
MOST_FLIGHTS = 200
# Queues of one instance with jobs that wait for children.
MOST_QUEUES = 500


class Flows:
    """What can be asked of flows. Each raises NotFound, Unavailable, Invalid; Unsupported where the queue's library
    has no flows."""

    def __init__(self, sight: Sight, mutations: Mutations, ground: Ground, trail: Trail) -> None:
        self._sight, self._mutations, self._ground, self._trail = sight, mutations, ground, trail

    async def tree(
        self, id: QueueId, job_id: str, *, limit: int = 50, cursor: str | None = None, depth: int = 3
    ) -> Flow:
        """The tree around a job: from its top down to it, a page of its children, and `depth` levels below it."""
        if not 1 <= limit <= MOST_LIMIT or not 1 <= depth <= MOST_DEPTH:
            raise Invalid(f"limit is 1 to {MOST_LIMIT}, and depth 1 to {MOST_DEPTH}.")
        queue = self._sight.queue(id)
        check_flows(queue)
        sought = Sought(limit, cursor, depth)

        async def read(_: Instance) -> Flow:
            lens = self._lens(id.instance)
            return await read_flow(lens, lens.of(queue, job_id), sought)

        return await self._sight.read(id, ("flow", job_id, sought), read, TREE_FRESH)

    async def in_flight(self, *, limit: int = 50, cursor: str | None = None, all_parents: bool = False) -> FlightPage:
        """A page of the flows in flight, those that wait longest first: their tops, or `all_parents` in them."""
        if not 1 <= limit <= MOST_FLIGHTS:
            raise Invalid(f"limit is 1 to {MOST_FLIGHTS}.")
        wanted = Wanted(limit, decode(cursor) if cursor else None, all_parents)
        queues = self._sight.queues()
        busy = [queue for queue in queues if has_flows(queue) and queue.counts.get(State.WAITING_CHILDREN)]
        names = dict.fromkeys(queue.id.instance for queue in busy)
        answers = await asyncio.gather(*(self._part(name, busy, wanted) for name in names))
        total = sum(queue.counts.get(State.WAITING_CHILDREN, 0) for queue in busy)
        return merged(answers, limit, total, sum(not has_flows(queue) for queue in queues))

    async def _part(self, name: str, busy: Sequence[Queue], wanted: Wanted) -> Part:
        """What one instance has of it; one that is away has nothing, and says so."""
        mine = [queue for queue in busy if queue.id.instance == name]

        async def read(_: Instance) -> Part:
            return await read_part(self._lens(name), mine[:MOST_QUEUES], wanted)

        try:
            part = await self._sight.read_of(name, (name, "flights", wanted), read, FLIGHTS_FRESH)
        except Unavailable as error:
            return Part(trouble=error.message)
        if len(mine) <= MOST_QUEUES:
            return part
        return replace(part, trouble=f"Of {len(mine):,} queues of {name} only {MOST_QUEUES:,} were looked at.")

    async def extent(self, id: QueueId, job_id: str) -> Extent:
        """How much a removal of the whole flow below and with that job would take."""
        lens, spot = await self._start(id, job_id)
        return await measure(lens, spot)

    async def retry_failed(self, id: QueueId, job_id: str) -> Done:
        """Retry every failed job at or below that one which holds it back, and let those above wait again."""
        return await self._acted(
            "retry_failed_leaves",
            id,
            job_id,
            lambda lens, spot: retry_failed(lens, self._mutations, self._ground, spot),
        )

    async def remove_unprocessed(self, id: QueueId, job_id: str) -> Done:
        """Remove the children that it still waits for, as the library's removeUnprocessedChildren does: those that
        run or have failed stay."""
        return await self._acted(
            "remove_unprocessed_children", id, job_id, lambda lens, spot: remove_unprocessed(lens, self._ground, spot)
        )

    async def remove(self, id: QueueId, job_id: str, *, rest: bool = False) -> Done:
        """Remove the job and all below it. `rest`: though a worker runs some of them; those stay, with all above."""
        return await self._acted(
            "remove_flow",
            id,
            job_id,
            lambda lens, spot: remove_flow(lens, self._mutations, self._ground, spot, rest=rest),
        )

    async def _acted(self, verb: str, id: QueueId, job_id: str, act: Callable[[Lens, Spot], Awaitable[Done]]) -> Done:
        """The act, which whoever asks must be allowed, and which is written down."""
        async with self._trail.act(verb, id, job_id) as told:
            asker().check(NEEDED[verb])
            self._ground.check_writable()
            lens, spot = await self._start(id, job_id)
            check(self._sight.queue(id), "retry" if NEEDED[verb] is Permission.RETRY else "remove")
            with self._ground.noting_above(told):
                done = await act(lens, spot)
            told.says(done.sentence, done.done)
        return done

    async def _start(self, id: QueueId, job_id: str) -> tuple[Lens, Spot]:
        queue = self._sight.queue(id)
        check_flows(queue)
        lens = self._lens(id.instance)
        spot = lens.of(queue, job_id)
        if not (await meet(lens, [spot]))[0].state:
            raise NotFound(f"There is no job {job_id!r} in {id.name}.", "It may have been removed on completion.")
        return lens, spot

    def _lens(self, name: str) -> Lens:
        return Lens(self._sight, self._sight.present(name))
