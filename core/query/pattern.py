"""A text with wildcards: `*` stands for anything, also for nothing. Matched without regular expressions, so that no
pattern can take longer than its length times the text's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pattern:
    """The pieces between the wildcards; a single piece has none. `folded` ignores the difference of A and a."""

    pieces: tuple[str, ...]
    folded: bool = True

    @property
    def literal(self) -> str | None:
        """The text itself, where there is no wildcard."""
        return self.pieces[0] if len(self.pieces) == 1 else None

    def fits(self, text: str) -> bool:
        """Whether it is this text, from its first character to its last."""
        text, (first, *rest) = self._read(text), self._pieces()
        if not rest:
            return text == first
        *middle, last = rest
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        return _in_order(middle, text[len(first) : len(text) - len(last)])

    def occurs(self, text: str) -> bool:
        """Whether some part of this text is it."""
        return _in_order(self._pieces(), self._read(text))

    def _read(self, text: str) -> str:
        return text.casefold() if self.folded else text

    def _pieces(self) -> list[str]:
        return [self._read(piece) for piece in self.pieces]


def _in_order(pieces: list[str], text: str) -> bool:
    """Whether the pieces follow each other somewhere in the text: the earliest place for each is as good as any."""
    at = 0
    for piece in pieces:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True
