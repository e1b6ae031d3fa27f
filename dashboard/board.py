"""What was last rendered of every piece of every page, and when it changed: why a stream sends only what is new.

A piece is a region or a row. It is compared by the value it shows (or by its HTML without the ages, which tick in
the browser), rendered once for all tabs that show it, and numbered anew with each change.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import blake2b

from core.text import raw_bytes

# About a kilobyte each: every row of a thousand queues and of a dozen long job lists.
MOST = 8_000
_AGES = re.compile(r"(<time [^>]*>)[^<]*")


def digest(*parts: str) -> str:
    """A short name for a queue or job that is safe as an element's id, whatever its own name holds."""
    hashed = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=6)
    return urlsafe_b64encode(hashed.digest()).decode()


def digest_of_all(digests: list[str]) -> str:
    """A short name for a set of rows: how many there are, and a digest of which."""
    return f"{len(digests)}.{digest(*sorted(digests))}"


@dataclass(slots=True)
class Piece:
    """One region or row as it is now; `serial` is higher than that of every piece that changed before it."""

    id: str
    value: object
    serial: int
    render: Callable[[], str]
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
        self._serial = 0
        # Serials of an earlier process mean nothing here.
        self._life = secrets.token_hex(4)

    @property
    def mark(self) -> str:
        """Up to here everything has been seen by who gets this now."""
        return f"{self._life}.{self._serial}"

    def since(self, mark: str) -> int:
        """The serial in a mark of ours; 0, so that everything is new, for any other."""
        life, _, serial = mark.partition(".")
        return int(serial) if life == self._life and serial.isascii() and serial.isdecimal() else 0

    def row(self, key: Hashable, id: str, value: object, render: Callable[[], str]) -> Piece:
        """The row of that key: as it was, while its value is the same, else with a new serial, to be rendered."""
        kept = self._pieces.get(key)
        if kept is not None and kept.value == value:
            self._pieces.move_to_end(key)
            return kept
        return self._put(key, Piece(id, value, self._next(), render))

    def region(self, at: str, id: str, html: str) -> Piece:
        """A region of the page at that address, new when its HTML differs in more than ages."""
        return self.row((at, id), id, _AGES.sub(r"\1", html), lambda: html)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _put(self, key: Hashable, piece: Piece) -> Piece:
        self._pieces[key] = piece
        self._pieces.move_to_end(key)
        if len(self._pieces) > MOST:
            self._pieces.popitem(last=False)
        return piece


class Names:
    """Which job a short digest stands for: what a tab shows, it names by digests, and we remember them, bounded."""

    MOST = 50_000
    # An id longer than this is shown, but its row does not move: nobody needs 50,000 of them in memory.
    LONGEST = 256

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()

    def learn(self, digest: str, job_id: str) -> None:
        if len(raw_bytes(job_id)) > self.LONGEST:
            return
        self._names[digest] = job_id
        self._names.move_to_end(digest)
        if len(self._names) > self.MOST:
            self._names.popitem(last=False)

    def get(self, digest: str) -> str | None:
        return self._names.get(digest)
