"""Whether a job fits a query. It asks the cheap questions first, and reads JSON only where a term needs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any as Json
from typing import Protocol

from core.failures.heads import fingerprint_of
from core.model import QueueId, State
from core.query.fields import FIELDS, FREE, Kind, cost
from core.query.query import All, Any, Between, Clause, Like, Not, Query, Term, Test
from core.query.unescaped import unescaped

# So many values of a JSON field are looked at for one term; no honest path leads to more.
MOST_VALUES = 10_000


class Candidate(Protocol):
    """A job that may fit. `text` is a field of its hash, None where it has none; `json` that field's value."""

    queue: QueueId
    state: State
    id: str

    @property
    def due(self) -> int | None: ...

    def text(self, field: str) -> str | None: ...

    def json(self, field: str) -> Json: ...

    def number(self, field: str) -> int | None: ...

    def lines(self) -> Iterator[str]: ...


def ordered(clause: Clause) -> Clause:
    """The same with what is cheap to know first, so that what is dear is seldom asked."""
    if isinstance(clause, Not):
        return Not(ordered(clause.clause))
    if isinstance(clause, All | Any):
        return type(clause)(tuple(sorted(map(ordered, clause.clauses), key=dearest)))
    return clause


def dearest(clause: Clause) -> int:
    """What the dearest of its terms costs."""
    if isinstance(clause, Term):
        return cost(clause.field)
    if isinstance(clause, Not):
        return dearest(clause.clause)
    return max(map(dearest, clause.clauses), default=0)


def fits(query: Query, job: Candidate) -> bool:
    """Whether the query means this job."""
    return _holds(query.clause, job, query.now)


def _holds(clause: Clause, job: Candidate, now: int) -> bool:
    if isinstance(clause, Term):
        return _term(clause, job, now)
    if isinstance(clause, Not):
        return not _holds(clause.clause, job, now)
    if isinstance(clause, All):
        return all(_holds(part, job, now) for part in clause.clauses)
    return any(_holds(part, job, now) for part in clause.clauses)


def _term(term: Term, job: Candidate, now: int) -> bool:
    if not term.field:
        return any(_like(term.test, text) for name in FREE for text in _texts(name, job))
    kind = FIELDS[term.field].kind
    if kind is Kind.JSON and (term.path or isinstance(term.test, Between)):
        return any(_value(term.test, value) for value in reached(job.json(term.field), term.path))
    if isinstance(term.test, Between):
        number = _MEASURES[term.field](job, now)
        return number is not None and term.test.holds(number)
    return any(_like(term.test, text) for text in _texts(term.field, job))


def _like(test: Test, text: str) -> bool:
    if not isinstance(test, Like):
        return False
    return test.pattern.fits(text) if test.whole else test.pattern.occurs(text)


def _value(test: Test, value: Json) -> bool:
    if isinstance(test, Between):
        number = None if isinstance(value, bool) or not isinstance(value, int | float) else Decimal(repr(value))
        return number is not None and test.holds(number)
    return _like(test, written(value))


def written(value: Json) -> str:
    """A scalar as a person would type it."""
    return value if isinstance(value, str) else json.dumps(value)


def reached(value: Json, path: tuple[str, ...]) -> Iterator[Json]:
    """The scalars at the end of a path. A step into a list is an index, or is taken by every element."""
    left = MOST_VALUES
    pending: list[tuple[Json, int]] = [(value, 0)]
    while pending and left:
        here, depth = pending.pop()
        left -= 1
        if isinstance(here, list):
            pending.extend(_into(here, path, depth))
        elif depth == len(path):
            if not isinstance(here, dict):
                yield here
        elif isinstance(here, dict) and path[depth] in here:
            pending.append((here[path[depth]], depth + 1))


def _into(here: list[Json], path: tuple[str, ...], depth: int) -> list[tuple[Json, int]]:
    if depth < len(path) and path[depth].isdecimal() and len(path[depth]) < 10:
        index = int(path[depth])
        return [(here[index], depth + 1)] if index < len(here) else []
    return [(element, depth) for element in reversed(here[:MOST_VALUES])]


def _texts(name: str, job: Candidate) -> Iterator[str]:
    """The texts that a field may be compared with."""
    if name == "queue":
        yield job.queue.name
        yield f"{job.queue.instance}/{job.queue.prefix}/{job.queue.name}"
    elif name == "state":
        yield job.state.value
    elif name == "id":
        yield job.id
    elif name == "log":
        yield from job.lines()
    elif name == "group":
        name, reason, stack = (job.text(field) or "" for field in ("name", "failedReason", "stacktrace"))
        yield fingerprint_of(name, reason, stack).key
    elif name == "parent":
        key = job.text("parentKey") or ""
        yield from (key, key.rpartition(":")[2]) if key else ()
    else:
        for raw in FIELDS[name].reads:
            if (text := job.text(raw.decode())) is not None:
                yield text
                if FIELDS[name].kind is Kind.JSON and "\\" in text:
                    yield unescaped(text)


def _since(field: str) -> Json:
    return lambda job, now: None if (at := job.number(field)) is None else max(0, now - at)


def _wait(job: Candidate, now: int) -> int | None:
    added, started = job.number("timestamp"), job.number("processedOn")
    return None if added is None else max(0, (now if started is None else started) - added)


def _run(job: Candidate, now: int) -> int | None:
    started, finished = job.number("processedOn"), job.number("finishedOn")
    return None if started is None else max(0, (now if finished is None else finished) - started)


def _attempts(job: Candidate, _now: int) -> int:
    legacy = job.number("attemptsMade")
    return (job.number("atm") or 0) if legacy is None else legacy


_MEASURES = {
    "age": _since("timestamp"),
    "wait": _wait,
    "run": _run,
    "attempts": _attempts,
    "priority": lambda job, _: job.number("priority") or 0,
    "added": lambda job, _: job.number("timestamp"),
    "started": lambda job, _: job.number("processedOn"),
    "finished": lambda job, _: job.number("finishedOn"),
    "due": lambda job, _: job.due,
}
