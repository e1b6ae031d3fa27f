"""A query cut into words: brackets, `OR`, a leading minus, and texts with or without quotes. Every word knows where it
stands, so that an error can point at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from core.errors import Invalid

MOST_CHARACTERS = 2000


class Mark(Enum):
    """What a word is, besides a text."""

    OPEN = "("
    CLOSE = ")"
    OR = "OR"
    NOT = "-"


class Unreadable(Invalid):
    """A query that cannot be read. `at` is the character (from 0) where it goes wrong."""

    def __init__(self, message: str, at: int, hint: str = "") -> None:
        super().__init__(f"{message} (at character {at + 1})", hint)
        self.at = at


@dataclass(frozen=True, slots=True)
class Text:
    """A text as written: `field` before its first bare colon (None without one), and the pieces of its value between
    bare stars. `quoted`: some of it stood in quotes, so it is no number or word of ours."""

    field: str | None
    pieces: tuple[str, ...]
    quoted: bool

    @property
    def plain(self) -> str:
        """The value as it was written, stars and all."""
        return "*".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Word:
    at: int
    is_: Mark | Text


def words(said: str) -> Iterator[Word]:
    """The words in order. Raises Unreadable for a quote that does not end, and for a query longer than any real one."""
    if len(said) > MOST_CHARACTERS:
        raise Unreadable(f"A query has at most {MOST_CHARACTERS:,} characters", MOST_CHARACTERS)
    at = 0
    while at < len(said):
        if said[at].isspace():
            at += 1
        elif said[at] in "()":
            yield Word(at, Mark(said[at]))
            at += 1
        elif said[at] == "-" and _begins(said, at + 1):
            yield Word(at, Mark.NOT)
            at += 1
        else:
            text, end = _Reader(said, at).read()
            alone = text.field is None and not text.quoted and text.plain == "OR"
            yield Word(at, Mark.OR if alone else text)
            at = end


def _begins(said: str, at: int) -> bool:
    """Whether something that can be negated begins here; `-5` after a colon is never asked about."""
    return at < len(said) and not said[at].isspace() and said[at] != ")"


class _Reader:
    """Reads one text: quotes may stand anywhere in it, and a backslash takes the next character as it is."""

    def __init__(self, said: str, at: int) -> None:
        self._said, self._start, self._at = said, at, at
        self._field: str | None = None
        self._pieces: list[str] = [""]
        self._quoted = False

    def read(self) -> tuple[Text, int]:
        while self._at < len(self._said) and not self._ends(self._said[self._at]):
            self._take(self._said[self._at])
        return Text(self._field, tuple(self._pieces), self._quoted), self._at

    def _ends(self, character: str) -> bool:
        return character.isspace() or character in "()"

    def _take(self, character: str) -> None:
        if character == '"':
            self._pieces[-1] += self._in_quotes()
        elif character == "*":
            self._pieces.append("")
            self._at += 1
        elif character == ":" and self._may_name_a_field():
            self._field, self._pieces = self._pieces[0], [""]
            self._at += 1
        else:
            self._pieces[-1] += self._escaped()

    def _may_name_a_field(self) -> bool:
        return self._field is None and not self._quoted and len(self._pieces) == 1 and bool(self._pieces[0])

    def _in_quotes(self) -> str:
        opened, found = self._at, ""
        self._quoted, self._at = True, self._at + 1
        while self._at < len(self._said) and self._said[self._at] != '"':
            found += self._escaped()
        if self._at >= len(self._said):
            raise Unreadable("This quote does not end", opened, 'Close it with ", or write \\" for the character.')
        self._at += 1
        return found

    def _escaped(self) -> str:
        if self._said[self._at] == "\\" and self._at + 1 < len(self._said):
            self._at += 1
        self._at += 1
        return self._said[self._at - 1]
