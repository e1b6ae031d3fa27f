"""What a query says of the place of its jobs: the states they can be in, and the scores they can have there.

Sound, not clever: it looks at terms that must hold and leaves the rest to the sieve.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from core.model import STATES, QueueId, State
from core.query.query import All, Between, Clause, Like, Query, Term
from core.text import raw_bytes

_DUE = 4096
_PRIORITY = 1 << 32
# Where a term tells the score of a sorted set: the state, and what a unit of the term is worth in the score.
_SCORED = {
    (State.COMPLETED, "finished"): 1,
    (State.FAILED, "finished"): 1,
    (State.DELAYED, "due"): _DUE,
    (State.PRIORITIZED, "priority"): _PRIORITY,
}


def states(query: Query) -> tuple[State, ...]:
    """The states in which a job that fits can be."""
    said = [term for term in _musts(query.clause) if term.field == "state"]
    return tuple(state for state in STATES if all(_like(term, state.value) for term in said))


def may_be_in(query: Query, queue: QueueId) -> bool:
    """Whether a job of this queue can fit."""
    names = (queue.name, f"{queue.instance}/{queue.prefix}/{queue.name}")
    return all(any(_like(term, name) for name in names) for term in _musts(query.clause) if term.field == "queue")


def only_id(query: Query) -> str | None:
    """The one id that a job that fits can have; None where any may do."""
    tests = [term.test for term in _musts(query.clause) if term.field == "id"]
    exact = (test.pattern.literal for test in tests if isinstance(test, Like))
    return next((id for id in exact if id is not None), None)


def in_redis(id: str) -> bytes | None:
    """The id as Redis has it; None for one that it cannot have: half a character."""
    try:
        return raw_bytes(id)
    except UnicodeEncodeError:
        return None


def scores(query: Query, state: State) -> tuple[float, float]:
    """The lowest and the highest score that a job that fits can have in this state's sorted set."""
    low, high = -math.inf, math.inf
    for term in _musts(query.clause):
        unit = _SCORED.get((state, term.field))
        if unit is not None and isinstance(term.test, Between):
            low = max(low, -math.inf if term.test.low is None else _score(term.test.low, unit))
            high = min(high, math.inf if term.test.high is None else _score(term.test.high + 1, unit))
    return low, high


def _score(value: Decimal, unit: int) -> float:
    return float(math.floor(value) * unit)


def _musts(clause: Clause) -> Iterator[Term]:
    """The terms without which the clause cannot hold."""
    if isinstance(clause, Term):
        yield clause
    elif isinstance(clause, All):
        for part in clause.clauses:
            yield from _musts(part)


def _like(term: Term, text: str) -> bool:
    return isinstance(term.test, Like) and term.test.pattern.fits(text)
