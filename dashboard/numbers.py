"""Numbers as they stand in addresses: one way to read them, so that none asks for more than there can be."""

from __future__ import annotations

_LONGEST = 15


def number(said: str, *, most: int, otherwise: int = 0) -> int:
    """The whole number that is said, `most` where it is more; `otherwise` where it is none, or below zero."""
    if not (said.isascii() and said.isdecimal() and len(said) <= _LONGEST):
        return otherwise
    return min(int(said), most)
