"""What was last rendered of every piece of every page, and when it changed: why a stream sends only what is new.

A piece is a region or a row. It is compared by the value it shows or by its HTML (in which ages are still empty),
rendered once for all tabs that show it, and numbered anew with each change.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from core.access.asker import asker
from dashboard.numbers import number

# A dozen parts of a thousand queues, and as many long job lists.
MOST = 16_000
# What they hold together, in characters: a region may show a job of a hundred kilobytes.
LARGEST = 48_000_000
# What a row comes to once it is rendered, with the value that it is rendered from, as measured by bench.soak.
_ROW = 6_000


@lru_cache(maxsize=20_000)
def digest(*parts: str) -> str:
    """A short name for a queue or job that is safe as an element's id, whatever its own name holds."""
    hashed = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=6)
    return urlsafe_b64encode(hashed.digest()).decode()


def digest_of_all(digests: list[str]) -> str:
    """A short name for a set of rows: how many there are, and a digest of which; `EMPTY` for none."""
    return f"{len(digests)}.{digest(*sorted(digests))}" if digests else EMPTY


EMPTY = "0"


@dataclass(slots=True, eq=False)
class Piece:
    """One region or row as it is now; `serial` is higher than that of every piece that changed before it."""

    id: str
    value: object
    serial: int
    render: Callable[[], str]
    is_row: bool = False
    _html: str | None = None

    @property
    def html(self) -> str:
        if self._html is None:
            self._html = self.render()
        return self._html


class Board:
    """Keeps the pieces, bounded, of one process. A mark says up to where somebody has seen them."""

    def __init__(self) -> None:
        self._pieces: OrderedDict[Hashable, Piece] = OrderedDict()
        self._serial = self._size = 0
        # Serials of an earlier process mean nothing here.
        self._life = secrets.token_hex(4)

    @property
    def mark(self) -> str:
        """Up to here everything has been seen by who gets this now."""
        return f"{self._life}.{self._serial}"

    def since(self, mark: str) -> int:
        """The serial in a mark of ours; 0, so that everything is new, for any other."""
        life, _, serial = mark.partition(".")
        return number(serial, most=self._serial) if life == self._life else 0

    def row(self, key: Hashable, id: str, value: object, render: Callable[[], str]) -> Piece:
        """The row of that key: as it was, while its value is the same, else with a new serial, to be rendered."""
        mine = (_mine(), key)
        return self._kept(mine, value) or self._put(mine, Piece(id, value, self._next(), render, is_row=True))

    def part(self, key: Hashable, id: str, value: object, render: Callable[[], str]) -> Piece:
        """The same for what is no row."""
        mine = (_mine(), key)
        return self._kept(mine, value) or self._put(mine, Piece(id, value, self._next(), render))

    def known(self, key: Hashable) -> object:
        """The value of the row of that key when it was last rendered; None where that is forgotten."""
        kept = self._pieces.get((_mine(), key))
        return kept.value if kept else None

    def region(self, at: str, id: str, html: str, rows: str = "") -> Piece:
        """A region of the page at that address (showing these rows, where that matters), new when its HTML is."""
        return self.part((at, rows, id), id, html, lambda: html)

    def _kept(self, key: Hashable, value: object) -> Piece | None:
        kept = self._pieces.get(key)
        if kept is None or kept.value != value:
            return None
        self._pieces.move_to_end(key)
        return kept

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _put(self, key: Hashable, piece: Piece) -> Piece:
        self._size += _size(piece) - _size(self._pieces.get(key))
        self._pieces[key] = piece
        self._pieces.move_to_end(key)
        while len(self._pieces) > MOST or (self._size > LARGEST and len(self._pieces) > 1):
            _, oldest = self._pieces.popitem(last=False)
            self._size -= _size(oldest)
        return piece


def _size(piece: Piece | None) -> int:
    if piece is None:
        return 0
    return len(piece.value) if isinstance(piece.value, str) else _ROW


def _mine() -> Hashable:
    """What there is, and what one may do to it, differs between askers, and so do their pieces."""
    who = asker()
    return who.scope, who.may
