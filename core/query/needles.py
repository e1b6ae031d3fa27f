"""What the raw bytes of a job must hold if it is to fit: a coarse sieve before any JSON is read, that loses no job.

It looks at terms that must hold. A text in JSON may be written with escapes, and a letter may be folded from one that
is no ASCII: where such a thing stands in a value, the value passes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from core.query.fields import FIELDS, FREE, Kind
from core.query.pattern import Pattern
from core.query.query import All, Any, Clause, Like, Term
from core.text import raw_bytes

# The name under which a job's id stands among the fields of its hash: none of them can be called so.
ID = b"\0id"
# Never written as anything but themselves, or as \uXXXX: all that JSON has short escapes for is left out.
_PLAIN = re.compile(r"[ !#-.0-\[\]-~]+")
_CASELESS = re.compile(r"[ !#-.0-@\[\]^_`{-~]+")
# What a name in JSON may be written with escapes for, or must be.
_ESCAPED = re.compile('["\\\\/\x00-\x1f\ud800-\udc7f\udd00-\udfff]')
# One number can be written in many ways; a text of these characters may be one.
_NUMERIC = frozenset("0123456789.eE+-")
_WHOLE = re.compile(r"-?(0|[1-9]\d*)")
# A run without letters is looked for in large values as it is; a shorter one stands in too many.
_LEAST_CASELESS = 4


@dataclass(frozen=True, slots=True)
class Needle:
    """One of these fields holds this text; `folded`: in whatever case. `exact` is what of it can be looked for
    byte by byte, empty where nothing can."""

    fields: tuple[bytes, ...]
    text: bytes
    folded: bool
    exact: bytes

    def may(self, raw: Mapping[bytes, bytes]) -> bool:
        """Whether a job with these values may fit."""
        value = b"\0".join([raw[field] for field in self.fields if field in raw])  # no text that is needed has a zero
        if self.text in (value.lower() if self.folded else value) or b"\\u" in value:
            return True
        return self.folded and not value.isascii() and odd().search(value) is not None


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple[Need, ...]

    def may(self, raw: Mapping[bytes, bytes]) -> bool:
        return all(part.may(raw) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Need, ...]

    def may(self, raw: Mapping[bytes, bytes]) -> bool:
        return any(part.may(raw) for part in self.parts)


Need = Needle | Every | Some


def needed(clause: Clause) -> Need | None:
    """What every job that fits must hold; None where that cannot be told."""
    if isinstance(clause, Term):
        return _of_term(clause)
    if isinstance(clause, All):
        return _every([need for part in clause.clauses if (need := needed(part)) is not None])
    if isinstance(clause, Any):
        parts = [needed(part) for part in clause.clauses]
        return None if None in parts else Some(tuple(need for need in parts if need is not None))
    return None


@cache
def odd() -> re.Pattern[bytes]:
    """Characters that are no ASCII, and become some when case is folded."""
    found = (chr(code) for code in range(0x80, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    letters = [char for char in found if any(folded.isascii() for folded in char.casefold())]
    return re.compile(b"|".join(re.escape(char.encode()) for char in letters))


def _every(parts: Sequence[Need]) -> Need | None:
    return parts[0] if len(parts) == 1 else Every(tuple(parts)) if parts else None


def _of_term(term: Term) -> Need | None:
    if not term.field:
        fields = (ID, *(raw for name in FREE for raw in FIELDS[name].reads))
        return _needle(fields, _runs(term.test.pattern), folded=True) if isinstance(term.test, Like) else None
    field = FIELDS[term.field]
    if field.kind is Kind.JSON and term.path:
        return _every(list(_at_path(term, field.reads)))
    if not isinstance(term.test, Like) or len(field.reads) != 1 or term.field == "group":
        return None
    return _needle(field.reads, _runs(term.test.pattern), folded=term.test.pattern.folded)


def _at_path(term: Term, fields: tuple[bytes, ...]) -> Iterator[Need]:
    """The names of the objects' members on the way, and the value at its end."""
    for part in term.path:
        if not part.isdecimal() and not _ESCAPED.search(part):
            name = b'"' + raw_bytes(part) + b'"'
            yield Needle(fields, name, False, name)
    if isinstance(term.test, Like):
        value = _needle(fields, _value_runs(term.test.pattern), folded=False)
        if value is not None:
            yield value


def _value_runs(pattern: Pattern) -> list[str]:
    if pattern.literal is not None and _WHOLE.fullmatch(pattern.literal):
        return [pattern.literal]
    return [run for run in _runs(pattern) if not _NUMERIC.issuperset(run)]


def _runs(pattern: Pattern) -> list[str]:
    return [run for piece in pattern.pieces for run in _PLAIN.findall(piece)]


def _needle(fields: tuple[bytes, ...], runs: Sequence[str], *, folded: bool) -> Needle | None:
    if not runs:
        return None
    longest = max(runs, key=len)
    if not folded:
        return Needle(fields, longest.encode(), False, longest.encode())
    caseless = max((found for run in runs for found in _CASELESS.findall(run)), key=len, default="")
    exact = caseless if len(caseless) >= _LEAST_CASELESS else ""
    return Needle(fields, longest.lower().encode(), True, exact.encode())
