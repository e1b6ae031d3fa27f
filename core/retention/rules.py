"""Retention rules: which finished jobs of which queues are removed by and by, for those whose own application never
removes any. There is none unless the settings have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from core.errors import Invalid
from core.model import QueueId, State
from core.operations.record import RETENTION
from core.operations.request import Action, Options, Request
from core.redis_settings import nearest

# How often a rule is followed unless it says so (ms), and the most often that it can be.
EVERY = 10 * 60_000
LEAST_EVERY = 10_000
# What one rule removes of one queue at a time: the rest goes the next times, so that no backlog of years keeps Redis
# busy for a night.
MOST = 1_000_000
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_DURATION = re.compile(r"(\d{1,9}) ?(ms|s|m|h|d|w)")
# Jobs that wait, run or are due are somebody's work, not what is left of it.
STATES = (State.COMPLETED, State.FAILED)


@dataclass(frozen=True, slots=True)
class Rule:
    """Of the queues that the patterns match: jobs in this state go when they are older than `age` (ms) and not among
    the `keep` newest of their queue. `every` is in ms."""

    queue: str
    state: State
    keep: int = 0
    age: int = 0
    instance: str = "*"
    prefix: str = "*"
    every: int = EVERY

    @property
    def sentence(self) -> str:
        """What it wants, in words; no two rules have the same."""
        aged = f" older than {_spelled(self.age)}" if self.age else ""
        kept = f", all but the newest {self.keep:,} of each queue" if self.keep else ""
        where = "" if (self.instance, self.prefix) == ("*", "*") else f" of {self.instance}/{self.prefix}"
        return f"Retention: {self.state} jobs in {self.queue}{where}{aged}{kept}."

    @property
    def options(self) -> Options:
        """What it leaves."""
        return Options(grace=self.age, keep=self.keep, limit=MOST)

    def matches(self, id: QueueId) -> bool:
        """Whether it is about this queue."""
        pairs = ((id.instance, self.instance), (id.prefix, self.prefix), (id.name, self.queue))
        return all(fnmatchcase(said, pattern) for said, pattern in pairs)

    def request(self, queues: tuple[QueueId, ...]) -> Request:
        """The bulk work that follows it in these queues."""
        return Request(Action.CLEAN, queues, self.state, self.options, self.sentence, RETENTION, ruled=True)


def retention_tables(tables: Any, where: str) -> tuple[Rule, ...]:
    """The [[retention]] tables of a settings file. Raises Invalid, naming the file, where they make no sense."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Invalid(f"{where}: retention must be written as [[retention]] tables.")
    rules = tuple(_rule(table, where) for table in tables)
    sentences = [rule.sentence for rule in rules]
    if doubled := {sentence for sentence in sentences if sentences.count(sentence) > 1}:
        raise Invalid(f"{where}: two [[retention]] tables say the same. {doubled.pop()}")
    return rules


def _rule(table: Mapping[str, Any], where: str) -> Rule:
    for key in table:
        if key not in _KEYS:
            raise Invalid(f"{where} has an unknown setting {key!r} in [[retention]].", nearest(key, tuple(_KEYS)))
    for key in ("queue", "state"):
        if key not in table:
            raise Invalid(f"{where}: {key} is missing in [[retention]].", 'For example queue = "email*".')
    rule = Rule(**{key: _KEYS[key](table[key], f"{where}: {key} in [[retention]]") for key in table})
    if not rule.keep and not rule.age:
        raise Invalid(
            f"{where}: the [[retention]] of {rule.queue!r} would remove every {rule.state} job.",
            "Say how many to keep, how old they may get (age), or both.",
        )
    if rule.every < LEAST_EVERY:
        raise Invalid(f"{where}: every in [[retention]] must be at least {_spelled(LEAST_EVERY)}.")
    return rule


def _pattern(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise Invalid(f'{what} must be a name or a pattern such as "email*".')
    return value


def _state(value: Any, what: str) -> State:
    if value not in STATES:
        raise Invalid(f"{what} must be {' or '.join(STATES)}, not {value!r:.50}.", "Other jobs are still to be done.")
    return State(value)


def _count(value: Any, what: str) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise Invalid(f"{what} must be a whole number, 0 or more.")
    return value


def _duration(value: Any, what: str) -> int:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Invalid(f'{what} must be a duration such as "90s", "12h" or "7d", not {value!r:.50}.')
    return int(found[1]) * _UNITS[found[2]]


def _spelled(duration: int) -> str:
    unit = max((unit for unit in _UNITS if duration % _UNITS[unit] == 0), key=_UNITS.__getitem__)
    return f"{duration // _UNITS[unit]}{unit}"


_KEYS: Mapping[str, Callable[[Any, str], Any]] = {
    "queue": _pattern,
    "state": _state,
    "keep": _count,
    "age": _duration,
    "instance": _pattern,
    "prefix": _pattern,
    "every": _duration,
}
