"""Deduplication ids: which jobs hold them, for how long, and what is kept behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.dialects.contract import contract
from core.errors import Unsupported
from core.instance import Instance, pack
from core.job import Covered
from core.jobs.cursor import Cursor
from core.jobs.listing import Sought, list_ids
from core.model import Queue, QueueId, State
from core.mutations.notions import absent
from core.sight import Sight
from core.text import raw_bytes, text
from core.words import count

# Redis keeps no list of these ids: jobs are asked for theirs, the newest first, as long as a page may wait (seconds).
PATIENCE = 0.4
SLICE = 1_000
MOST_LOOKED_AT = 50_000
MOST_HELD = 1_000
# Finished jobs hold an id only for what is left of its time, so they come last.
_ORDER = (
    State.DELAYED,
    State.WAITING,
    State.PRIORITIZED,
    State.PAUSED,
    State.ACTIVE,
    State.WAITING_CHILDREN,
    State.COMPLETED,
    State.FAILED,
)


@dataclass(frozen=True, slots=True)
class Held:
    """One id, the job that holds it, and the ms that are left of that; None: until that job has finished. `behind`: a
    follow-up is kept, which is added when the job ends. `job_is_gone`: nothing but the id is left of it."""

    id: str
    job_id: str
    left: int | None
    behind: bool
    job_is_gone: bool


@dataclass(frozen=True, slots=True)
class Deduplication:
    """The ids that were found held, and how many jobs were asked. `absent` says why this library has no such thing."""

    held: tuple[Held, ...]
    covered: Covered
    absent: str = ""


class Deduplications:
    """The deduplication ids of the queues in `sight`."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    async def of(self, id: QueueId) -> Deduplication:
        """Those that jobs of this queue hold. Raises NotFound, Unavailable."""
        queue = self._sight.queue(id)
        if missing := absent(queue, "release_deduplication"):
            return Deduplication((), Covered(0, 0), missing)
        return await self._sight.read(id, ("deduplication",), lambda instance: _read(instance, queue), 2.0)

    async def held(self, id: QueueId, deduplication_id: str) -> Held | None:
        """Who holds this id; None where nobody does, even if no job was found that tells of it. Raises Unsupported."""
        queue = self._sight.queue(id)
        if missing := absent(queue, "release_deduplication"):
            raise Unsupported(missing)
        found = await self._sight.read(
            id, ("held", deduplication_id), lambda instance: _held(instance, queue, [raw_bytes(deduplication_id)])
        )
        return next(iter(found), None)


async def _read(instance: Instance, queue: Queue) -> Deduplication:
    deadline = time.monotonic() + PATIENCE
    ids: dict[bytes, None] = {}
    looked_at = 0
    for state in (state for state in _ORDER if state in contract(queue.identity).keys):
        looked_at += await _look(instance, queue, state, (ids, deadline, MOST_LOOKED_AT - looked_at))
    total = max(queue.total, looked_at)
    held = await _held(instance, queue, list(ids)[:MOST_HELD])
    held.sort(key=lambda each: (each.left is None, each.left or 0, each.id))
    far = f"Asked {count(looked_at)} of {count(total)} jobs, those still to run first."
    if len(ids) > MOST_HELD:
        far += f" The first {count(MOST_HELD)} ids are shown."
    return Deduplication(tuple(held), Covered(looked_at, total, far))


async def _look(instance: Instance, queue: Queue, state: State, bounds: tuple[dict[bytes, None], float, int]) -> int:
    """How many jobs of this state were asked for their id; the ids go into the first of `bounds`."""
    ids, deadline, room = bounds
    cursor: Cursor | None = None
    looked_at = 0
    while looked_at < room and time.monotonic() < deadline:
        sought = Sought(state, "newest", min(SLICE, room - looked_at), cursor)
        listed = await list_ids(instance, queue.id.base, contract(queue.identity), sought)
        asked = [pack("HGET", queue.id.base + id, "deid") for id, _ in listed.members]
        ids.update(dict.fromkeys(id for id in await instance.read(asked) if id))
        looked_at, cursor = looked_at + len(listed.members), listed.next
        if cursor is None:
            break
    return looked_at


async def _held(instance: Instance, queue: Queue, ids: Sequence[bytes]) -> list[Held]:
    base = queue.id.base
    keys = [(base + b"de:" + id, base + b"dn:" + id) for id in ids]
    answers = await instance.read(
        [c for held, next_one in keys for c in (pack("GET", held), pack("PTTL", held), pack("EXISTS", next_one))]
    )
    rows = list(zip(ids, answers[::3], answers[1::3], answers[2::3], strict=True))
    rows = [row for row in rows if isinstance(row[1], bytes)]
    there = await instance.read([pack("EXISTS", base + job) for _, job, _, _ in rows])
    return [
        Held(text(id), text(job), left if isinstance(left, int) and left >= 0 else None, bool(behind), not exists)
        for (id, job, left, behind), exists in zip(rows, there, strict=True)
    ]
