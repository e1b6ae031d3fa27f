"""Every job that an operation left alone, and why: written to the store sheet by sheet, as far as it has room."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.errors import Invalid, Unavailable
from core.operations.operation import Skip
from core.store.contract import Record, Shelf, Store
from core.store.shapes import read, written

# Of one sheet. Some fifty kilobytes.
A_SHEET = 200
# All operations share the room; the oldest sheets go first.
SKIPS = Shelf("skips", ("skips",), most=2_000, bytes=32 * 1024 * 1024)
# So many wait for a store that is away; what comes then is counted only. And no operation takes more than this.
MOST_WAITING = 2_000
MOST_SHEETS = 500
# A sentence is kept up to here: ids may be of any length.
SENTENCE = 400


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some of them, in the order in which they were left alone."""

    skips: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class SkipPage:
    """One sheet as it is read again: `next` is the number of the one behind it, None at the end; `lost` says that the
    store has dropped it for newer ones."""

    skips: tuple[Skip, ...]
    next: int | None
    lost: bool


class SkipLog:
    """Those of one operation. `listed` are or will be written, `unlisted` were too many."""

    def __init__(self, id: str) -> None:
        self._id = id
        self.listed = self.unlisted = self.sheets = 0
        self._last: tuple[Skip, ...] = ()
        self._waiting: list[Skip] = []

    def restore(self, listed: int, unlisted: int, sheets: int) -> None:
        """Go on behind what an earlier process has written."""
        self.listed, self.unlisted, self.sheets = listed, unlisted, sheets

    def add(self, skip: Skip) -> None:
        """One more; written with the next `flush`."""
        if len(self._waiting) >= MOST_WAITING or self.sheets >= MOST_SHEETS:
            self.unlisted += 1
            return
        self.listed += 1
        self._waiting.append(replace(skip, sentence=skip.sentence[:SENTENCE]))

    async def flush(self, store: Store, at: int) -> None:
        """Write what is new. While the store is away it waits."""
        try:
            while self._waiting:
                await self._write(store, at)
        except Unavailable:
            return

    async def _write(self, store: Store, at: int) -> None:
        begun = len(self._last) % A_SHEET != 0
        sheet = (*(self._last if begun else ()), *self._waiting)[:A_SHEET]
        number = self.sheets - 1 if begun else self.sheets
        try:
            await store.put(SKIPS, Record(_name(self._id, number), at, {"skips": written(Sheet(sheet))}))
        except Invalid:  # ids so long that a sheet of them has no room
            self.listed, self.unlisted = self.listed - len(self._waiting), self.unlisted + len(self._waiting)
            self._waiting = []
            return
        new = len(sheet) - (len(self._last) if begun else 0)
        self._last, self.sheets = sheet, number + 1
        del self._waiting[:new]


async def read_sheet(store: Store, id: str, number: int, sheets: int) -> SkipPage:
    """One sheet of an operation that has so many. Raises Unavailable."""
    name = _name(id, number)
    record = (await store.read(SKIPS, [name])).get(name)
    following = number + 1 if number + 1 < sheets else None
    if record is None:
        return SkipPage((), following, lost=number < sheets)
    return SkipPage(read(Sheet, record.parts.get("skips", "")).skips, following, lost=False)


def _name(id: str, number: int) -> str:
    return f"{id}-{number}"
