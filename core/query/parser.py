"""The query language: terms side by side must all hold, `OR` between them takes either, `-` turns one round, brackets
group. Small on purpose, with limits that no honest query meets."""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.query.query import All, Any, Clause, Not, Query
from core.query.terms import term
from core.query.words import Mark, Unreadable, Word, words

MOST_TERMS = 50
DEEPEST = 10


def parse(said: str, now: int | None = None) -> Query:
    """The query that these words mean; empty words mean every job. Raises Unreadable, which points at the place."""
    moment = time.time_ns() // 1_000_000 if now is None else now
    found = tuple(words(said))
    if sum(not isinstance(word.is_, Mark) for word in found) > MOST_TERMS:
        raise Unreadable(f"A query has at most {MOST_TERMS} terms", found[-1].at)
    return Query(said, _Parser(found, len(said), moment).whole(), moment)


class _Parser:
    def __init__(self, found: Sequence[Word], end: int, now: int) -> None:
        self._words, self._end, self._now = found, end, now
        self._next = 0

    def whole(self) -> Clause:
        clause = self._either(0)
        if self._next < len(self._words):
            raise Unreadable("This bracket closes nothing", self._words[self._next].at)
        return clause

    def _either(self, depth: int) -> Clause:
        sides = [self._together(depth)]
        while self._peek() is Mark.OR:
            at = self._words[self._next].at
            self._next += 1
            sides.append(self._together(depth))
            if any(isinstance(side, All) and not side.clauses for side in sides):
                raise Unreadable("OR needs something on either side", at)
        return sides[0] if len(sides) == 1 else Any(tuple(sides))

    def _together(self, depth: int) -> Clause:
        clauses = []
        while (word := self._peek()) is not None and word not in (Mark.OR, Mark.CLOSE):
            clauses.append(self._one(depth))
        return clauses[0] if len(clauses) == 1 else All(tuple(clauses))

    def _one(self, depth: int) -> Clause:
        word = self._words[self._next]
        self._next += 1
        if word.is_ is Mark.NOT:
            return Not(self._negated(word, depth))
        if word.is_ is Mark.OPEN:
            return self._group(word, depth + 1)
        if isinstance(word.is_, Mark):
            raise Unreadable(f"{word.is_.value} cannot stand here", word.at)
        return term(word.is_, word.at, self._now)

    def _negated(self, minus: Word, depth: int) -> Clause:
        if self._peek() in (None, Mark.OR, Mark.CLOSE, Mark.NOT):
            raise Unreadable("- needs a term or a bracket after it", minus.at)
        return self._one(depth)

    def _group(self, opened: Word, depth: int) -> Clause:
        if depth > DEEPEST:
            raise Unreadable(f"Brackets go at most {DEEPEST} deep", opened.at)
        clause = self._either(depth)
        if self._peek() is not Mark.CLOSE:
            raise Unreadable("This bracket is not closed", opened.at)
        self._next += 1
        if isinstance(clause, All) and not clause.clauses:
            raise Unreadable("There is nothing in this bracket", opened.at)
        return clause

    def _peek(self) -> object:
        return self._words[self._next].is_ if self._next < len(self._words) else None
