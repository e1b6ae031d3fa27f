"""Keeps the records of operations in the store, and asks it whose an operation is.

While the store is away operations go on: what could not be written is written when it is back, and told until then.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from core.errors import Invalid, Unavailable
from core.operations.operation import LIVE, Status, Told
from core.operations.record import OPERATIONS, WISHES, Frozen, Progress, opened, parts
from core.operations.run import Run
from core.store.contract import Record, Store
from core.store.shapes import read, written

log = logging.getLogger("tickbird.operations")
# How long an operation belongs to a process that no longer says so (ms).
LEASE = 5_000


@dataclass(slots=True)
class Entry:
    """What the store has of a run: its last whole progress, None where it has nothing yet; why it never will have.

    One writes at a time: what is new since the whole must not be overtaken by it.
    """

    whole: Progress | None = None
    refused: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Ledger:
    """The records that this process writes, under a name of its own."""

    def __init__(self, store: Store) -> None:
        self.store, self._holder = store, secrets.token_hex(8)
        self._entries: dict[str, Entry] = {}

    def unrecorded(self, run: Run) -> str:
        """Why what it did last may be unknown after a restart; empty where it is not so."""
        entry = self._entries.get(run.id)
        if entry is None or not self.store.lasting:
            return ""
        lacks = run.status in LIVE or entry.whole is None or entry.whole.status is not run.status
        away = f"It is not recorded now: {self.store.trouble}" if self.store.trouble and lacks else ""
        return entry.refused or away

    def keep(self, run: Run) -> None:
        """This process writes the record of the run from now on, all of it at first."""
        self._entries[run.id] = Entry()

    def forget(self, id: str) -> None:
        """It writes that record no more."""
        self._entries.pop(id, None)

    def is_settled(self, run: Run) -> bool:
        """Whether it is over, and that is recorded: it never changes any more."""
        entry = self._entries.get(run.id)
        if entry is None or not run.over:
            return entry is None
        return bool(entry.refused) or (entry.whole is not None and entry.whole.status is run.status)

    async def write(self, run: Run) -> None:
        """Record how it stands, unless that is recorded; of one that is over only once its last slice is. Raises
        Unavailable."""
        entry = self._entries.get(run.id)
        if entry is None or entry.refused:
            return
        async with entry.turn:
            if (run.still or not run.over) and entry.whole != (progress := run.progress()):
                await self._put(run, entry, parts(None if entry.whole else run.frozen, progress))
                entry.whole = progress

    async def write_slice(self, run: Run) -> None:
        """Record what is new since `write`, and which jobs are about to be acted on; later if the store is away."""
        entry = self._entries.get(run.id)
        if entry is None or entry.refused or self.store.trouble:
            return
        async with entry.turn:
            if entry.whole is None:
                return
            since = run.progress(entry.whole).since(entry.whole)
            if run.over:  # it was cancelled a moment ago, and this slice is its last
                since = replace(since, status=Status.RUNNING)
            with suppress(Unavailable):  # the store tells it by `trouble`, which everybody is shown
                await self._put(run, entry, {"since": written(since)})

    async def claim(self, id: str) -> bool:
        """Whether the operation is this process' to run. Raises Unavailable."""
        return await self.store.take(_lease(id), self._holder, LEASE)

    async def release(self, id: str) -> None:
        """Anybody may run it. Raises Unavailable."""
        await self.store.release(_lease(id), self._holder)

    async def held(self, ids: Iterable[str]) -> set[str]:
        """Those that some process runs. Raises Unavailable."""
        names = {_lease(id): id for id in ids}
        return {names[lease] for lease in await self.store.holders(names)}

    async def newest(self) -> tuple[str, ...]:
        """The ids of the operations that are remembered, newest first. Raises Unavailable."""
        return await self.store.newest(OPERATIONS, OPERATIONS.most)

    async def read(
        self, ids: Iterable[str], known: Mapping[str, Frozen] | None = None
    ) -> dict[str, tuple[Frozen, Progress]]:
        """What is recorded of these, left out where it cannot be understood; of those `known` only the progress is
        read. Raises Unavailable."""
        found = {}
        for id, record in (await self.store.read(OPERATIONS, ids)).items():
            try:
                found[id] = opened(record, (known or {}).get(id))
            except Invalid as strange:
                log.warning("the record of operation %s is left alone: %s", id, strange)
        return found

    async def wish(self, id: str, told: Told) -> None:
        """Ask whoever runs it. Raises Unavailable."""
        await self.store.put(WISHES, Record(id, told.at, {"wish": written(told)}))

    async def wishes(self, ids: Iterable[str]) -> dict[str, Told]:
        """What is asked of these, once. Raises Unavailable."""
        found = await self.store.read(WISHES, ids)
        for id in found:
            await self.store.delete(WISHES, id)
        return {id: told for id, record in found.items() if (told := _told(id, record)) is not None}

    async def is_asked(self, id: str) -> bool:
        """Whether nobody has taken the wish up yet. Raises Unavailable."""
        return bool(await self.store.read(WISHES, [id]))

    async def _put(self, run: Run, entry: Entry, parts: dict[str, str]) -> None:
        try:
            await self.store.put(OPERATIONS, Record(run.id, run.frozen.created, parts), held=run.status in LIVE)
        except Invalid as too_large:
            entry.refused = f"It is not recorded, and ends with this process: {too_large.message}"
            log.warning("operation %s is not recorded: %s", run.id, too_large)


def _told(id: str, record: Record) -> Told | None:
    try:
        return read(Told, record.parts.get("wish", ""))
    except Invalid as strange:
        log.warning("a wish for operation %s is left alone: %s", id, strange)
        return None


def _lease(id: str) -> str:
    return f"operation-{id}"
