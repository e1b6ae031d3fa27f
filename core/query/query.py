"""Which jobs: one immutable value that lists, counts and acts alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from core.query.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Like:
    """A text that fits. `whole`: all of it, else any part of it."""

    pattern: Pattern
    whole: bool


@dataclass(frozen=True, slots=True)
class Between:
    """A number from `low` to `high`; None is no limit, `open` leaves the limit itself out."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False

    def holds(self, number: Decimal | int) -> bool:
        above = self.low is None or number > self.low or (number == self.low and not self.low_open)
        return above and (self.high is None or number < self.high or (number == self.high and not self.high_open))


Test = Like | Between


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `field` is a word of `fields.py`, empty for a free word; `path` leads into a JSON field. Spans
    are in milliseconds, instants in milliseconds since the epoch."""

    field: str
    path: tuple[str, ...]
    test: Test


@dataclass(frozen=True, slots=True)
class Not:
    clause: Clause


@dataclass(frozen=True, slots=True)
class All:
    """Every clause holds; with none, any job fits."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one clause holds."""

    clauses: tuple[Clause, ...]


Clause = Term | Not | All | Any


@dataclass(frozen=True, slots=True)
class Query:
    """`text` as a person wrote it, and what it means. Times in it are relative to `now`, ms since the epoch: the
    same value means the same jobs for as long as it lives."""

    text: str
    clause: Clause
    now: int

    def terms(self) -> Iterator[Term]:
        """Every condition, wherever it stands."""
        return _terms(self.clause)


def _terms(clause: Clause) -> Iterator[Term]:
    if isinstance(clause, Term):
        yield clause
    elif isinstance(clause, Not):
        yield from _terms(clause.clause)
    else:
        for part in clause.clauses:
            yield from _terms(part)
