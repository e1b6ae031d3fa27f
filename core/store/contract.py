"""What Tickbird keeps for itself: records on shelves, lines in logs, and leases; wherever a store puts them.

A store is bounded: each shelf and log says how much it holds and for how long, and the oldest goes first. It knows
texts only; `core/store/shapes.py` makes them of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from core.errors import Invalid

DAY = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Shelf:
    """A kind of record. Each consists of some of these parts, which can be written one by one.

    It holds `most` records and `bytes` in all; a record is forgotten `age` milliseconds after the instant it stands at.
    """

    name: str
    parts: tuple[str, ...]
    most: int
    bytes: int
    age: int = 30 * DAY

    def check(self, record: Record) -> None:
        """Raises Invalid for a record that would leave no room for others."""
        if strange := record.parts.keys() - set(self.parts):
            raise Invalid(f"A record of {self.name} has no part {strange.pop()!r}.")
        size = sum(len(part) for part in record.parts.values())
        if size > self.bytes // 4:
            raise Invalid(f"{size:,} bytes are too many for a record of {self.name}: {self.bytes // 4:,} fit.")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its id (ASCII), the instant (ms since the epoch) that gives its place, and its parts as texts."""

    id: str
    at: int
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Log:
    """Lines that are only ever added to: the last `most` of them, none older than `age` ms or of more than `longest`
    characters."""

    name: str
    most: int
    age: int = 30 * DAY
    longest: int = 16_384

    def check(self, line: str) -> None:
        """Raises Invalid for a line that is too long."""
        if len(line) > self.longest:
            raise Invalid(f"{len(line):,} characters are too many for a line of {self.name}: {self.longest:,} fit.")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log; `mark` is its place, from which older ones can be asked for."""

    mark: str
    text: str


class Store(Protocol):
    """Every call but `close` raises Unavailable while the store is away. Parts and lines are ASCII.

    `lasting` says whether it outlives this process and is shared with others; `trouble` why it is away, if it is.
    """

    lasting: bool

    @property
    def trouble(self) -> str: ...

    async def put(self, shelf: Shelf, record: Record, *, held: bool = False) -> None:
        """Write these parts of the record, and leave its others. A held record gives way to age only."""

    async def replace(self, shelf: Shelf, record: Record) -> bool:
        """Write these parts of a record that is there and not held; False, and nothing written, where there is none."""

    async def newest(self, shelf: Shelf, limit: int) -> tuple[str, ...]:
        """The ids of the newest records, newest first."""

    async def read(self, shelf: Shelf, ids: Iterable[str]) -> dict[str, Record]:
        """Those of these records that are there."""

    async def delete(self, shelf: Shelf, id: str) -> None:
        """Forget a record, if it is there."""

    async def append(self, log: Log, line: str) -> None:
        """Add a line at the end."""

    async def lines(self, log: Log, limit: int, *, before: str | None = None) -> tuple[Line, ...]:
        """Newest first; those older than a line's mark. Raises ValueError for what is no mark."""

    async def take(self, lease: str, holder: str, duration: int) -> bool:
        """Hold the lease for so many ms from now, and again for one who holds it; False while another does."""

    async def release(self, lease: str, holder: str) -> None:
        """Give the lease back, if that is who holds it."""

    async def holders(self, leases: Iterable[str]) -> dict[str, str]:
        """Who holds these leases; those that nobody holds are left out."""

    async def close(self) -> None:
        """End its connections."""
