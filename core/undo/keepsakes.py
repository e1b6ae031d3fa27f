"""What is about to be removed is kept in our own store for half an hour, as far as there is room."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from core.access.asker import asker
from core.errors import TickbirdError
from core.model import Queue, QueueId
from core.sight import Sight, now
from core.store import shapes
from core.store.contract import Record, Store
from core.text import raw_bytes
from core.undo.kept import MOST_BYTES, MOST_JOBS, SHELF, About, Chunk, mark, packed
from core.undo.reading import read_whole

log = logging.getLogger("tickbird.undo")
FULL = "there were more than can be kept"
AWAY = "what keeps them was away"
# Jobs that are read and written at once.
SLICE = 500
# So many that were left alone after all are told apart; of a removal that skips more, nothing can be undone safely.
MOST_SPARED = 10_000
TOO_MANY_SPARED = "too many of them were left alone"


class Keepsakes:
    """Keeps jobs by the id of their removal. A removal never fails because they cannot be kept: that is told."""

    def __init__(self, sight: Sight, store: Store) -> None:
        self._sight, self._store = sight, store
        self._known: dict[str, About] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._warned: set[str] = set()

    async def keep(self, operation_id: str, queue: Queue, job_ids: Sequence[str]) -> None:
        """These are about to be removed. Raises nothing."""
        async with self._turns.setdefault(operation_id, asyncio.Lock()):
            for first in range(0, len(job_ids), SLICE):
                await self._keep(operation_id, queue, [raw_bytes(id) for id in job_ids[first : first + SLICE]])
        self._forget_old()

    async def spare(self, operation_id: str, queue: QueueId, job_ids: Sequence[str]) -> None:
        """These were not removed after all, so they are not to be put back. Raises nothing."""
        about = self._known.get(operation_id)
        if about is None or not job_ids:
            return
        spared = (*about.spared, *(mark(queue, id) for id in job_ids))
        await self._tell(operation_id, replace(about, spared=spared[: MOST_SPARED + 1]))

    async def about(self, operation_id: str) -> About | None:
        """What is kept of that removal; None where it is not, or not any more. Raises Unavailable."""
        known = self._known.get(operation_id)
        if known is None or known.restored is None:
            record = (await self._store.read(SHELF, [operation_id])).get(operation_id)
            known = shapes.read(About, record.parts["about"]) if record and "about" in record.parts else None
        return known if known and known.until > now() else None

    async def told(self, operation_id: str, about: About) -> None:
        """What became of it."""
        await self._tell(operation_id, about)

    async def _keep(self, operation_id: str, queue: Queue, ids: Sequence[bytes]) -> None:
        about = await self._so_far(operation_id)
        if queue.id not in about.queues:
            about = replace(about, queues=(*about.queues, queue.id))
        if about.kept + len(ids) > MOST_JOBS or about.bytes > MOST_BYTES:
            return await self._tell(operation_id, _without(about, Counter({FULL: len(ids)})))
        try:
            read = await read_whole(self._sight.instances[queue.id.instance], queue, ids)
            written = packed(Chunk(queue.id, read.jobs)) if read.jobs else ""
            if about.bytes + len(written) > MOST_BYTES:
                return await self._tell(operation_id, _without(about, Counter({FULL: len(ids)})))
            if written:
                await self._store.put(SHELF, Record(f"{operation_id}.{about.chunks}", about.at, {"jobs": written}))
        except TickbirdError as trouble:
            self._warn(
                operation_id, f"jobs that are removed from {queue.id.name} cannot be put back: {trouble.message}"
            )
            return await self._tell(operation_id, _without(about, Counter({AWAY: len(ids)})))
        more = replace(
            _without(about, read.left_out),
            kept=about.kept + len(read.jobs),
            chunks=about.chunks + bool(written),
            bytes=about.bytes + len(written),
        )
        await self._tell(operation_id, more)

    async def _so_far(self, operation_id: str) -> About:
        """An operation that goes on after a restart goes on with what was kept before it."""
        if operation_id in self._known:
            return self._known[operation_id]
        try:
            return await self.about(operation_id) or About((), now(), asker().name)
        except TickbirdError:
            return About((), now(), asker().name)

    async def _tell(self, operation_id: str, about: About) -> None:
        self._known[operation_id] = about
        try:
            await self._store.put(SHELF, Record(operation_id, about.at, {"about": shapes.written(about)}))
        except TickbirdError as trouble:
            self._warn(operation_id, f"it is not recorded what can be put back of {operation_id}: {trouble.message}")

    def _warn(self, operation_id: str, words: str) -> None:
        """Once of each operation: it meets the same trouble with every slice."""
        if operation_id not in self._warned:
            log.warning("%s", words)
        self._warned.add(operation_id)

    def _forget_old(self) -> None:
        for id in [id for id, about in self._known.items() if about.until < now()]:
            del self._known[id]
            self._turns.pop(id, None)
        self._warned &= self._known.keys()


def _without(about: About, more: Counter[str]) -> About:
    return replace(about, left_out=dict(Counter(about.left_out) + more)) if more else about
