"""Reads of one queue's jobs: lists, searches, whole jobs, logs, the last hour. All who ask the same share an answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.dialects.contract import contract
from core.errors import Invalid
from core.history import History, read_history
from core.instance import Instance
from core.job import Job, JobPage, JobRow, Logs
from core.jobs.cursor import decode
from core.jobs.heads import Heads
from core.jobs.listing import Order, Sought, Wanted
from core.jobs.logs import read_logs
from core.jobs.pages import read_certain, read_found, read_page
from core.jobs.whole import Reader, read_job
from core.model import QueueId, State
from core.query.query import Query
from core.search.pace import Pace
from core.search.seek import Seek
from core.search.sieve import Sieve
from core.sight import Sight, now
from core.streamed import Streamed
from core.text import raw_bytes

# A search goes on for longer than a page may wait only when somebody asks for more (seconds).
SEARCH_PATIENCE = 0.6
MOST_JOBS = 500
MOST_LINES = 1000
# The chart of an hour is read anew at most this often (seconds).
HISTORY_FRESH = 5.0


class Reads:
    """What can be read of the jobs in `sight`. Each raises NotFound for what is not there, Unavailable for a Redis
    that is away, Invalid for what makes no sense."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self._heads = {name: Heads() for name in sight.instances}
        self._streamed: dict[QueueId, Streamed] = {}
        # How fast whatever searches may go on each Redis, all searches together.
        self.paces = {name: Pace() for name in sight.instances}

    async def jobs(
        self, id: QueueId, state: State, *, order: Order = "newest", limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        """A page of a state. Raises Invalid for a state the dialect has not, a bad limit or cursor."""
        queue, sought = self.sight.queue(id), self._sought(id, state, order, limit, cursor)
        return await self.sight.read(id, ("jobs", sought), lambda instance: read_page(instance, queue, sought))

    async def find(self, id: QueueId, query: Query, wanted: Wanted) -> JobPage:
        """The jobs of a state that fit the query, as far as can be looked in the time of a page: `covered` says how
        far that is, and `next` goes on from there. Raises as `jobs` does."""
        sought = self._sought(id, wanted.state, wanted.order, wanted.limit, wanted.cursor)
        instance = self.sight.present(id.instance)
        sieve = Sieve(query, self.sight.redaction)
        seek = Seek(instance, self.sight.queue(id), wanted.state, sieve, wanted.order)
        return await read_found(seek, sought, self.paces[id.instance], SEARCH_PATIENCE)

    def _sought(self, id: QueueId, state: State, order: Order, limit: int, cursor: str | None) -> Sought:
        identity = self.sight.queue(id).identity
        notions = contract(identity)
        if state not in notions.keys:
            raise Invalid(f"{identity.label} has no state {state.value!r}.", f"It has {', '.join(notions.keys)}.")
        if not 1 <= limit <= MOST_JOBS or order not in ("newest", "oldest"):
            raise Invalid(f"limit is 1 to {MOST_JOBS}, and order is newest or oldest.")
        return Sought(state, order, limit, decode(cursor, state, order) if cursor else None)

    async def rows(self, id: QueueId, job_ids: Sequence[str]) -> dict[str, JobRow | None]:
        """These jobs as they are now, in whatever state; None for one that is gone."""
        queue, wanted = self.sight.queue(id), tuple(job_ids)
        for job_id in wanted:
            self.sight.check_job(id, job_id)
        return await self.sight.read(id, ("rows", wanted), lambda instance: read_certain(instance, queue, wanted))

    async def job(self, id: QueueId, job_id: str, *, limit_bytes: int = 65_536) -> Job:
        """One job in full, payloads cut at `limit_bytes`. Raises NotFound."""
        queue = self.sight.queue(id)
        self.sight.check_job(id, job_id)
        reader = Reader(limit_bytes, partial(self.sight.resolve, id.instance), self._heads[id.instance])
        return await self.sight.read(
            id, ("job", job_id, limit_bytes), lambda instance: read_job(instance, queue, job_id, reader)
        )

    async def logs(self, id: QueueId, job_id: str, *, start: int = 0, limit: int = 200) -> Logs:
        """Log lines from `start` on (negative: from the end), fewer than `limit` where they are large."""
        if not 1 <= limit <= MOST_LINES:
            raise Invalid(f"limit is 1 to {MOST_LINES}.")
        key = self.sight.queue(id).id.base + raw_bytes(job_id)
        self.sight.check_job(id, job_id)

        async def read(instance: Instance) -> Logs:
            return await read_logs(instance, key, start, limit, instance.redaction(id))

        return await self.sight.read(id, ("logs", job_id, start, limit), read)

    async def history(self, id: QueueId) -> History:
        """The last hour, minute by minute."""
        queue = self.sight.queue(id)
        self._streamed = {id: s for id, s in self._streamed.items() if (id.instance, id.base) in self.sight.bases}
        streamed = self._streamed.setdefault(id, Streamed())
        return await self.sight.read(
            id, ("history",), lambda instance: read_history(instance, queue, streamed, now()), HISTORY_FRESH
        )
