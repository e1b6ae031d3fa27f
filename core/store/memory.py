"""The store that lives in this process and ends with it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.store.contract import Line, Log, Record, Shelf


@dataclass(slots=True)
class _Kept:
    at: int
    held: bool
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, self.parts.values()))


class MemoryStore:
    """Bounded as its shelves and logs say. Never away."""

    lasting = False
    trouble = ""

    def __init__(self) -> None:
        self._shelves: dict[str, dict[str, _Kept]] = {}
        self._ages: dict[str, int] = {}
        self._logs: dict[str, deque[tuple[int, Line]]] = {}
        self._leases: dict[str, tuple[str, float]] = {}
        self._lines = 0

    async def put(self, shelf: Shelf, record: Record, *, held: bool = False) -> None:
        shelf.check(record)
        if shelf.name not in self._shelves:
            self._forget_aged()
        self._ages[shelf.name] = shelf.age
        records = self._shelves.setdefault(shelf.name, {})
        kept = records.setdefault(record.id, _Kept(record.at, held))
        kept.at, kept.held = record.at, held
        kept.parts |= record.parts
        self._bound(shelf)

    async def replace(self, shelf: Shelf, record: Record) -> bool:
        shelf.check(record)
        if record.id not in self._shelf(shelf):
            return False
        await self.put(shelf, record)
        return True

    async def newest(self, shelf: Shelf, limit: int) -> tuple[str, ...]:
        records = self._shelf(shelf)
        return tuple(sorted(records, key=lambda id: (records[id].at, id), reverse=True)[:limit])

    async def read(self, shelf: Shelf, ids: Iterable[str]) -> dict[str, Record]:
        records = self._shelf(shelf)
        return {id: Record(id, records[id].at, dict(records[id].parts)) for id in ids if id in records}

    async def delete(self, shelf: Shelf, id: str) -> None:
        self._shelves.get(shelf.name, {}).pop(id, None)

    async def append(self, log: Log, line: str) -> None:
        log.check(line)
        self._lines += 1
        kept = self._logs.setdefault(log.name, deque())
        kept.append((_now(), Line(str(self._lines), line)))
        while len(kept) > log.most:
            kept.popleft()

    async def lines(self, log: Log, limit: int, *, before: str | None = None) -> tuple[Line, ...]:
        oldest, kept = _now() - log.age, self._logs.get(log.name, deque[tuple[int, Line]]())
        while kept and kept[0][0] < oldest:
            kept.popleft()
        last = self._lines + 1 if before is None else int(before)
        return tuple(line for _, line in reversed(kept) if int(line.mark) < last)[:limit]

    async def take(self, lease: str, holder: str, duration: int) -> bool:
        if self._holder(lease) not in (None, holder):
            return False
        self._leases[lease] = holder, time.monotonic() + duration / 1000
        return True

    async def release(self, lease: str, holder: str) -> None:
        if self._holder(lease) == holder:
            del self._leases[lease]

    async def holders(self, leases: Iterable[str]) -> dict[str, str]:
        return {lease: holder for lease in leases if (holder := self._holder(lease))}

    async def close(self) -> None:
        """There is nothing to end."""

    def _holder(self, lease: str) -> str | None:
        holder, until = self._leases.get(lease, (None, 0.0))
        return holder if time.monotonic() < until else None

    def _shelf(self, shelf: Shelf) -> dict[str, _Kept]:
        self._bound(shelf)
        return self._shelves.get(shelf.name, {})

    def _forget_aged(self) -> None:
        """Shelves with nothing on them that is not too old: nobody may ever ask for them again."""
        for name, age in tuple(self._ages.items()):
            oldest = _now() - age
            if all(kept.at < oldest for kept in self._shelves[name].values()):
                del self._shelves[name], self._ages[name]

    def _bound(self, shelf: Shelf) -> None:
        """The oldest go first, but none that is held."""
        records = self._shelves.get(shelf.name, {})
        oldest, size = _now() - shelf.age, sum(kept.size for kept in records.values())
        for id in sorted(records, key=lambda id: (records[id].at, id)):
            kept = records[id]
            aged = kept.at < oldest
            if not aged and len(records) <= shelf.most and size <= shelf.bytes:
                return
            if aged or not kept.held:
                size -= kept.size
                del records[id]


def _now() -> int:
    return time.time_ns() // 1_000_000
