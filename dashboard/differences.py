"""What changes between two texts, line by line, as a person checks it before saving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Lines that stay the same are shown around a change, so that one sees where it is.
AROUND = 3
# Comparing takes time with the square of the lines; beyond this the old ones are shown first, then the new ones.
MOST_COMPARED = 1_500
MOST_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Line:
    """A line and what becomes of it: same, gone or new; `left out` stands for lines that are not shown."""

    kind: str
    text: str


def differences(before: str, after: str) -> list[Line]:
    """The changed lines with some around them; empty where nothing changes."""
    old, new = before.split("\n"), after.split("\n")
    if old == new:
        return []
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = list(_changes(old[start : len(old) - end], new[start : len(new) - end]))
    head = [Line("same", text) for text in old[max(0, start - AROUND) : start]]
    tail = [Line("same", text) for text in old[len(old) - end : len(old) - end + AROUND]]
    return _bounded([*head, *middle, *tail])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    if len(old) > MOST_COMPARED or len(new) > MOST_COMPARED:
        yield from (Line("gone", text) for text in old)
        yield from (Line("new", text) for text in new)
        return
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from _shortened(old[a:b])
        else:
            yield from (Line("gone", text) for text in old[a:b])
            yield from (Line("new", text) for text in new[c:d])


def _shortened(same: Sequence[str]) -> Iterator[Line]:
    """Lines between two changes: the first and last of them."""
    if len(same) <= 2 * AROUND + 1:
        yield from (Line("same", text) for text in same)
        return
    yield from (Line("same", text) for text in same[:AROUND])
    yield Line("left out", f"{len(same) - 2 * AROUND:,} lines as they were")
    yield from (Line("same", text) for text in same[-AROUND:])


def _bounded(lines: list[Line]) -> list[Line]:
    if len(lines) <= MOST_SHOWN:
        return lines
    return [*lines[:MOST_SHOWN], Line("left out", f"{len(lines) - MOST_SHOWN:,} more lines that change")]
