"""Queries with what they mean, made together: words for the parser, and beside them a plain function of a plain job.

The function is written without the query language's own code, slowly and simply, so that the two can be compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

NOW = 1_760_000_000_000
MINUTE = 60_000
WORDS = ["send", "Push", "welcome", "e", "ß", "user-4711", 'a"b', "C:\\x", "x y"]
NUMBERS = [0, 1, 5, 42, 2**53 + 1, -3]
Means = Callable[["Plain"], bool]


@dataclass(frozen=True)
class Plain:
    """A job as a person would write it down."""

    id: str
    name: str
    data: Any
    reason: str | None = None
    priority: int = 0
    attempts: int = 0
    age: int = 0
    lines: tuple[str, ...] = ()
    ascii_only: bool = False

    def fields(self) -> dict[str, str]:
        """Its hash in Redis."""
        known: dict[str, str] = {
            "name": self.name,
            "data": json.dumps(self.data, ensure_ascii=self.ascii_only),
            "priority": str(self.priority),
            "atm": str(self.attempts),
            "timestamp": str(NOW - self.age * MINUTE),
        }
        return known if self.reason is None else {**known, "failedReason": self.reason}


@dataclass(frozen=True)
class Meant:
    """A query and what it means."""

    said: str
    means: Means = field(compare=False)


def quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _texts(job: Plain) -> list[str]:
    raw = json.dumps(job.data, ensure_ascii=job.ascii_only)
    return [job.id, job.name, raw, *_strings(job.data), job.reason or ""]


def _strings(value: Any) -> list[str]:
    """What a reader of the JSON sees in it, whole: a word may reach over its punctuation, but these have none."""
    if isinstance(value, dict):
        return [text for key, part in value.items() for text in [key, *_strings(part)]]
    if isinstance(value, list):
        return [text for part in value for text in _strings(part)]
    return [value] if isinstance(value, str) else []


def _free(word: str) -> Meant:
    return Meant(quoted(word), lambda job: any(word.casefold() in text.casefold() for text in _texts(job)))


def _name(word: str) -> Meant:
    return Meant(f"name:{quoted(word)}*", lambda job: job.name.casefold().startswith(word.casefold()))


def _reason(word: str) -> Meant:
    return Meant(f"reason:{quoted(word)}", lambda job: word.casefold() in (job.reason or "").casefold())


def _more(pair: tuple[str, int]) -> Meant:
    name, number = pair
    return Meant(f"{name}:>{number}", lambda job: bool(getattr(job, name) > number))


def _older(minutes: int) -> Meant:
    return Meant(f"age:>{minutes}m", lambda job: job.age > minutes)


def _log(word: str) -> Meant:
    return Meant(f"log:{quoted(word)}", lambda job: any(word.casefold() in line.casefold() for line in job.lines))


def _reach(value: Any, path: list[str]) -> list[Any]:
    if isinstance(value, list):
        if path and re.fullmatch(r"\d+", path[0]):
            return _reach(value[int(path[0])], path[1:]) if int(path[0]) < len(value) else []
        return [found for part in value for found in _reach(part, path)]
    if not path:
        return [] if isinstance(value, dict) else [value]
    return _reach(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _at(three: tuple[str, Any]) -> Meant:
    path, value = three
    return Meant(
        f"data.{path}:{quoted(_shown(value))}",
        lambda job: any(_shown(found) == _shown(value) for found in _reach(job.data, path.split("."))),
    )


def _above(pair: tuple[str, int]) -> Meant:
    path, number = pair

    def means(job: Plain) -> bool:
        found = _reach(job.data, path.split("."))
        numbers = [each for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
        return any(Decimal(repr(each)) > number for each in numbers)

    return Meant(f"data.{path}:>{number}", means)


def _not(one: Meant) -> Meant:
    return Meant(f"-({one.said})", lambda job: not one.means(job))


def _both(two: tuple[Meant, Meant]) -> Meant:
    return Meant(f"({two[0].said} {two[1].said})", lambda job: two[0].means(job) and two[1].means(job))


def _either(two: tuple[Meant, Meant]) -> Meant:
    return Meant(f"({two[0].said} OR {two[1].said})", lambda job: two[0].means(job) or two[1].means(job))


_WORD, _NUMBER = st.sampled_from(WORDS), st.sampled_from(NUMBERS)
_PATH = st.sampled_from(["a", "b", "a.b", "a.0", "list.a"])
TERMS = st.one_of(
    _WORD.map(_free),
    _WORD.map(_name),
    _WORD.map(_reason),
    st.tuples(st.sampled_from(["attempts", "priority"]), st.integers(-1, 5)).map(_more),
    st.integers(0, 5).map(_older),
    _WORD.map(_log),
    st.tuples(_PATH, _WORD | _NUMBER | st.sampled_from([True, None])).map(_at),
    st.tuples(_PATH, st.integers(-5, 50)).map(_above),
)
QUERIES = st.recursive(
    TERMS, lambda one: one.map(_not) | st.tuples(one, one).map(_both) | st.tuples(one, one).map(_either), max_leaves=5
)
_VALUES = st.recursive(
    _WORD | _NUMBER | st.booleans() | st.none() | st.just(1.5),
    lambda one: st.lists(one, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "0"]), one, max_size=2),
    max_leaves=4,
)
_DATA = st.dictionaries(st.sampled_from(["a", "b", "list"]), _VALUES, max_size=3)
JOBS = st.builds(
    Plain,
    id=st.integers(1, 10**9).map("j{}".format),
    name=st.tuples(_WORD, _WORD).map("".join),
    data=_DATA,
    reason=st.none() | st.tuples(_WORD, _WORD).map(" ".join),
    priority=st.integers(0, 5),
    attempts=st.integers(0, 5),
    age=st.integers(0, 6),
    lines=st.lists(_WORD, max_size=2).map(tuple),
    ascii_only=st.booleans(),
)
