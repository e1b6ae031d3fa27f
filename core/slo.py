"""What is expected of a queue: how long its jobs may wait and run, how many may fail, how many may pile up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from core.errors import Invalid
from core.model import QueueId
from core.redis_settings import nearest

# The plain thresholds that most teams begin with, for every queue of which the settings say nothing else.
BACKLOG = 1000
FAILURES = 100
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


@dataclass(frozen=True, slots=True)
class Slo:
    """One [[slo]] table: which queues, by a pattern of their names, and what it says of them. Durations are
    milliseconds, `failure_ratio` is of the jobs that finish, `failures` are an hour."""

    queue: str
    wait: int | None = None
    run: int | None = None
    failure_ratio: float | None = None
    backlog: int | None = None
    failures: int | None = None

    def fits(self, id: QueueId) -> bool:
        return matches(self.queue, id)


@dataclass(frozen=True, slots=True)
class Objectives:
    """What is expected of one queue; None where nothing is."""

    wait: int | None = None
    run: int | None = None
    failure_ratio: float | None = None
    backlog: int = BACKLOG
    failures: int = FAILURES


# What holds where the settings say nothing.
PLAIN = Objectives()


def matches(pattern: str, id: QueueId) -> bool:
    """Whether a pattern fits the queue's name, or its prefix and name."""
    return fnmatchcase(id.name, pattern) or fnmatchcase(f"{id.prefix}:{id.name}", pattern)


def objectives(tables: Iterable[Slo], id: QueueId) -> Objectives:
    """What holds for a queue: each key from the first table that fits and has it."""
    found: dict[str, Any] = {}
    for table in tables:
        if table.fits(id):
            for key in _KEYS:
                if (value := getattr(table, key)) is not None:
                    found.setdefault(key, value)
    return Objectives(**found)


def slo_tables(tables: Any, where: str) -> tuple[Slo, ...]:
    """The [[slo]] tables of a settings file. Raises Invalid, naming the file, where they make no sense."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Invalid(f"{where}: slo must be written as [[slo]] tables.")
    return tuple(_table(table, where) for table in tables)


def _table(table: Mapping[str, Any], where: str) -> Slo:
    known: Sequence[str] = ("queue", *_KEYS)
    for key in table:
        if key not in known:
            raise Invalid(f"{where} has an unknown setting {key!r} in [[slo]].", nearest(key, known))
    pattern = table.get("queue")
    if not isinstance(pattern, str) or not pattern:
        raise Invalid(f'{where}: a [[slo]] needs queue, a pattern such as "email*".')
    return Slo(pattern, **{key: read(key, table[key], where) for key, read in _KEYS.items() if key in table})


def _duration(key: str, value: Any, where: str) -> int:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or not float(found[1]):
        raise Invalid(f'{where}: {key} in [[slo]] must be a duration such as "30s", "5m" or "250ms", not {value!r}.')
    return round(float(found[1]) * _UNITS[found[2]])


def _ratio(key: str, value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise Invalid(f"{where}: {key} in [[slo]] must be between 0 and 1, such as 0.01, not {value!r}.")
    return float(value)


def _jobs(key: str, value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Invalid(f"{where}: {key} in [[slo]] must be a number of jobs, not {value!r}.")
    return value


_KEYS: Mapping[str, Callable[[str, Any, str], Any]] = {
    "wait": _duration,
    "run": _duration,
    "failure_ratio": _ratio,
    "backlog": _jobs,
    "failures": _jobs,
}
