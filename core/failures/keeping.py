"""Marks and evidence in the store: read while somebody looks, written when they change."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import TypeVar

from core.errors import Invalid, Unavailable
from core.failures import evidence, marks
from core.failures.evidence import Evidence
from core.failures.groups import Kept
from core.failures.marks import Mark
from core.store import shapes
from core.store.contract import Record, Shelf, Store

log = logging.getLogger("tickbird.failures")
T = TypeVar("T", Mark, Evidence)
# Others that share the store may have changed something (seconds).
MARKS_FRESH, EVIDENCE_FRESH = 5.0, 60.0
# Evidence is written no more often (seconds): while thousands of jobs leave, it changes all the time.
WRITTEN_EVERY = 2.0
MOST_AT_ONCE = 50


class Keeping:
    """What is kept, as far as the store was there to say. `trouble` says in a sentence why it may be out of date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.marks: dict[str, Mark] = {}
        self.evidence: dict[str, Evidence] = {}
        self.trouble = ""
        self._changed: dict[str, None] = {}
        self._marks_read = self._evidence_read = self._written = -1e9

    @property
    def kept(self) -> Kept:
        return Kept(self.marks, self.evidence)

    async def refresh(self) -> None:
        """Read what others may have written, and write what has changed here. Raises nothing."""
        try:
            await self._read()
            await self._write()
            self.trouble = ""
        except Unavailable as away:
            self.trouble = f"What was resolved, ignored or retried before may be missing: {away.message}"

    async def put_mark(self, key: str, mark: Mark | None) -> None:
        """Decide, or take a decision back. Raises Unavailable, and Invalid where there is no room."""
        if mark is None:
            await self._store.delete(marks.SHELF, key)
            self.marks.pop(key, None)
        else:
            # Held: a decision gives way to its age only, not to newer ones.
            await self._store.put(marks.SHELF, Record(key, mark.at, {"is": shapes.written(mark)}), held=True)
            self.marks[key] = mark

    def learned(self, key: str, found: Evidence) -> None:
        """It is written with the next refresh."""
        if self.evidence.get(key) != found:
            self.evidence[key] = found
            self._changed[key] = None

    async def _read(self) -> None:
        now = time.monotonic()
        if now - self._marks_read > MARKS_FRESH:
            self.marks = await self._all(marks.SHELF, Mark)
            self._marks_read = now
        if now - self._evidence_read > EVIDENCE_FRESH:
            self._take_in(await self._all(evidence.SHELF, Evidence))
            self._evidence_read = now

    def _take_in(self, stored: dict[str, Evidence]) -> None:
        """Who has counted more knows better; what is only here is still to be written, or has made room for others."""
        ours = {key: self.evidence[key] for key in self._changed if key in self.evidence}
        known = {**self.evidence, **stored}
        better = {key: one for key, one in self.evidence.items() if key in stored and one.gone > stored[key].gone}
        kept = known.keys() & (stored.keys() | ours.keys())
        self.evidence = {key: (ours | better).get(key, known[key]) for key in kept}

    async def _write(self) -> None:
        if not self._changed or time.monotonic() - self._written < WRITTEN_EVERY:
            return
        for key in tuple(self._changed)[:MOST_AT_ONCE]:
            if found := self.evidence.get(key):
                await self._put(key, found)
            self._changed.pop(key, None)
        self._written = time.monotonic()

    async def _put(self, key: str, found: Evidence) -> None:
        try:
            await self._store.put(evidence.SHELF, Record(key, found.last, {"is": shapes.written(found)}))
        except Invalid as refused:
            log.warning("the evidence of %s is not kept: %s", key, refused.message)

    async def _all(self, shelf: Shelf, kind: type[T]) -> dict[str, T]:
        ids = await self._store.newest(shelf, shelf.most)
        return dict(self._values((await self._store.read(shelf, ids)).values(), kind))

    def _values(self, records: Iterable[Record], kind: type[T]) -> Iterable[tuple[str, T]]:
        for record in records:
            try:
                yield record.id, shapes.read(kind, record.parts.get("is", ""))
            except Invalid as unread:
                log.warning("%s in the store is left out: %s", record.id, unread.message)
