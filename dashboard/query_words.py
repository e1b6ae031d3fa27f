"""A query in the words of a sentence, as it was understood: what a person agrees to before bulk work on it begins."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from core.query.fields import FIELDS, FREE, Kind
from core.query.query import All, Between, Clause, Like, Not, Query, Term
from dashboard.words import span

# The last fields of a path and the values of a term may be of any length.
LONGEST = 200


def in_words(query: Query) -> str:
    """Such as: the reason has ‹ECONNRESET› in it, and attempts are more than 3."""
    return _clause(query.clause, outer=True) or "every job"


def _clause(clause: Clause, *, outer: bool = False) -> str:
    if isinstance(clause, Term):
        return _term(clause)
    if isinstance(clause, Not):
        return f"not so that {_clause(clause.clause)}"
    joint = ", and " if isinstance(clause, All) else ", or "
    said = joint.join(map(_clause, clause.clauses))
    return said if outer or len(clause.clauses) < 2 else f"({said})"


def _term(term: Term) -> str:
    what = ".".join((term.field, *term.path))[:LONGEST] if term.field else _free()
    if isinstance(term.test, Like):
        value = "*".join(term.test.pattern.pieces)[:LONGEST]
        return f"{what} is ‹{value}›" if term.test.whole else f"{what} has ‹{value}› in it"
    return f"{what} is {_between(term.test, FIELDS[term.field].kind)}"


def _free() -> str:
    *some, last = FREE
    return f"{', '.join(some)} or {last}"


def _between(test: Between, kind: Kind) -> str:
    low, high = (None if edge is None else _number(edge, kind) for edge in (test.low, test.high))
    if low is not None and low == high:
        return low
    least = f"{'more than' if test.low_open else 'at least'} {low}" if low is not None else ""
    most = f"{'less than' if test.high_open else 'at most'} {high}" if high is not None else ""
    return " and ".join(filter(None, (least, most)))


def _number(number: Decimal, kind: Kind) -> str:
    if kind is Kind.SPAN:
        return span(int(number))
    if kind is Kind.INSTANT:
        return datetime.fromtimestamp(int(number) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{number:f}"
