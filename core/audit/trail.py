"""The audit log: written before an act and completed after it, only ever added to, in our own store and in the log.

Where the store is away the process' own log still has every line; the act is not held up by it.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

from core.access.asker import asker
from core.audit.entry import LONGEST, Ended, Entry, Sought, place_of, queue_of
from core.errors import Forbidden, Invalid, TickbirdError, Unavailable
from core.model import QueueId
from core.store.contract import DAY, Line, Log, Store
from core.store.shapes import read, written

log = logging.getLogger("tickbird.audit")
LINES = Log("audit", most=40_000, age=365 * DAY)
PAGE = 500
# Of more queues with parents that an act had to do with, the number is told.
MOST_ABOVE = 20
__all__ = ["LONGEST", "Found", "Told", "Trail", "begun"]


@dataclass(frozen=True, slots=True)
class Found:
    """Entries, newest first, and where older ones go on; `looked_at` lines were read for it."""

    entries: tuple[Entry, ...]
    next: str | None
    looked_at: int


class Trail:
    """Writes to `store`. `tell` is given every line as well, for those who want it elsewhere."""

    def __init__(self, store: Store, tell: Callable[[dict[str, Any]], None] | None = None) -> None:
        self._store = store
        self._tell = tell

    @asynccontextmanager
    async def act(self, verb: str, id: QueueId | None = None, job: str = "", reason: str = "") -> AsyncIterator[Told]:
        """Around an act: the entry stands before it begins, and says how it ended when it has."""
        told = Told(begun(verb, id, job, reason))
        await self.write(told.entry)
        try:
            yield told
        except TickbirdError as error:
            error.recorded = True
            await self.write(_over(told.entry, _ending(error), error.message))
            raise
        except BaseException as error:
            await self.write(_over(told.entry, Ended.FAILED, f"{type(error).__name__} in Tickbird"))
            raise
        await self.write(_over(told.entry, Ended.DONE, told.entry.said))

    async def denied(self, verb: str, why: str) -> None:
        """Somebody tried what they may not do."""
        entry = begun(verb)
        await self.write(replace(entry, ended=Ended.DENIED, said=why[:LONGEST], ended_at=entry.at))

    async def happened(self, verb: str, ended: Ended, said: str, who: str | None = None) -> None:
        """What is over as soon as it begins, such as a login."""
        entry = begun(verb)
        name = entry.who if who is None else who[:LONGEST]
        await self.write(replace(entry, who=name, ended=ended, said=said[:LONGEST], ended_at=entry.at))

    async def write(self, entry: Entry) -> None:
        """Add a line; a later one of the same id says how it went on."""
        line = _as_mapping(entry)
        log.info("%s", json.dumps(line, ensure_ascii=True))
        if self._tell:
            self._tell(line)
        try:
            await self._store.append(LINES, written(entry))
        except (Unavailable, Invalid) as error:
            log.warning("this line of the audit log is here only: %s", error.message)

    async def read(self, sought: Sought, limit: int, before: str | None = None) -> Found:
        """The newest entries that are sought, of what is there for who asks. Raises Unavailable while the store is
        away, Invalid for a place that is none of ours."""
        seen: set[str] = set()
        found: list[Entry] = []
        looked_at, mark = 0, before
        while looked_at < LINES.most:
            lines = await self._lines(mark)
            for line in lines:
                looked_at, mark = looked_at + 1, line.mark
                entry = _entry(line.text)
                # Lines come newest first, so the first one of an id is how it ended.
                if entry and entry.id not in seen and (shown := _seen(entry)) and sought.fits(shown):
                    found.append(shown)
                    if len(found) == limit:
                        return Found(tuple(found), mark, looked_at)
                if entry:
                    seen.add(entry.id)
            if len(lines) < PAGE:
                break
        return Found(tuple(found), None, looked_at)

    async def _lines(self, mark: str | None) -> tuple[Line, ...]:
        try:
            return await self._store.lines(LINES, PAGE, before=mark)
        except ValueError:
            raise Invalid("There is no such place in the audit log.", "Begin again at its newest entries.") from None


def _seen(entry: Entry) -> Entry | None:
    """As much of it as is there for who asks: of an act on a child in a queue that is not, that their own learned."""
    scope = asker().scope
    if scope.is_whole:
        return entry
    above = tuple(place for place in entry.above if scope.has(queue_of(place)))
    if scope.has(queue_of(entry.queue)):
        return replace(entry, above=above)
    return replace(entry, queue="", job="", count=None, reason="", said="", above=above) if above else None


class Told:
    """What an act can add to its entry while it goes on."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def says(self, sentence: str, count: int | None = None) -> None:
        """What came of it."""
        self.entry = replace(self.entry, said=sentence[:LONGEST], count=count)

    def met(self, places: Sequence[str]) -> None:
        """Which queues had parents of what was acted on, besides its own."""
        self.entry = with_above(self.entry, places)


def with_above(entry: Entry, places: Sequence[str]) -> Entry:
    """The entry with those of these queues that are not its own; of very many, how many there were."""
    others = tuple(place for place in places if place != entry.queue)
    more = f" Parents of {len(others):,} queues learned of it." if len(others) > MOST_ABOVE else ""
    return replace(entry, above=others[:MOST_ABOVE], said=f"{entry.said}{more}"[:LONGEST])


def begun(verb: str, id: QueueId | None = None, job: str = "", reason: str = "") -> Entry:
    """The entry of an act that begins now, by who asks."""
    who = asker()
    places = ("" if id is None else place_of(id), job[:LONGEST])
    return Entry(uuid.uuid4().hex, _now(), who.name, who.role, verb[:LONGEST], *places, reason=reason[:LONGEST])


def _ending(error: TickbirdError) -> Ended:
    if isinstance(error, Forbidden):
        return Ended.DENIED
    return Ended.FAILED if isinstance(error, Unavailable) else Ended.REFUSED


def _over(entry: Entry, ended: Ended, said: str) -> Entry:
    return replace(entry, ended=ended, said=said[:LONGEST], ended_at=_now())


def _entry(line: str) -> Entry | None:
    """None for a line of another version of Tickbird."""
    try:
        return read(Entry, line)
    except Invalid:
        return None


def _as_mapping(entry: Entry) -> dict[str, Any]:
    values = ((field.name, getattr(entry, field.name)) for field in fields(entry))
    return {name: value for name, value in values if value not in ("", None, ())}


def _now() -> int:
    return time.time_ns() // 1_000_000
