"""What it means that a tab keeps looking at a page: what it asks, what it is told, and what news there is of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from starlette.datastructures import QueryParams

from dashboard.board import Piece


@dataclass(frozen=True, slots=True)
class Asked:
    """A page by its path and query (`at`), its query read, and, in short, the rows that the tab shows."""

    at: str
    params: QueryParams
    rows: str


class Watch(Protocol):
    """A page as one tab keeps looking at it."""

    async def look(self) -> list[Piece]:
        """Every piece of it as it is now; whoever holds the tab sends those that are new to it."""


@dataclass(frozen=True, slots=True)
class News:
    """Rows that a list does not show yet are announced, never pushed in between the others.

    `new` rows of that kind have come (`more`: at least); `changed`: the rows are from before we can tell.
    """

    noun: str
    new: int = 0
    more: bool = False
    changed: bool = False
