"""What a job is counted under, and the words with which a search finds those that are counted with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import Invalid
from core.query.fields import FIELDS, Kind
from core.query.matching import reached, written
from core.search.raw_job import RawJob

LONGEST = 200
LONGEST_PATH = 300
_PLAIN = ("name", "reason", "worker", "scheduler", "attempts", "priority")
_NUMBERS = {"attempts": (b"attemptsMade", b"atm"), "priority": (b"priority",)}
_SPECIAL = re.compile(r'([\s"\\()*:])')
BY_TIME = "added"


@dataclass(frozen=True, slots=True)
class By:
    """A field of the query language, or a path into a JSON one."""

    said: str
    field: str
    path: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[bytes, ...]:
        """The fields of the job's hash that it takes."""
        return FIELDS[self.field].reads

    def of(self, job: RawJob) -> list[str | None]:
        """The values of one job; a path through a list may lead to several."""
        if self.path:
            values = dict.fromkeys(written(value)[:LONGEST] for value in reached(job.json(_raw(self.field)), self.path))
            return list(values) or [None]
        if self.field in _NUMBERS:
            numbers = (job.number(name.decode()) for name in _NUMBERS[self.field])
            return [str(next((number for number in numbers if number is not None), 0))]
        text = job.text(_raw(self.field))
        return [None if text is None else text[:LONGEST]]

    def words(self, value: str | None) -> str:
        """Asks for the jobs with this value."""
        if any("." in part for part in self.path):
            return ""
        name = ".".join([self.field, *(_SPECIAL.sub(r"\\\1", part) for part in self.path)])
        if value is None:
            return f"-{name}:*"
        if self.field in _NUMBERS:
            return f"{name}:{value}"
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        # A value that was cut is only the beginning of those that are meant.
        return f'{name}:"{quoted}"' + (
            "*" if len(value) == LONGEST and FIELDS[self.field].kind is not Kind.PART else ""
        )


def by(said: str) -> By:
    """What to count by: `name`, `added`, `data.user.country` … Raises Invalid."""
    field, *path = said.split(".")
    is_json = field in FIELDS and FIELDS[field].kind is Kind.JSON
    if len(said) <= LONGEST_PATH and is_json and path and all(path):
        return By(said, field, tuple(path))
    if said in (*_PLAIN, BY_TIME):
        return By(said, field)
    known = ", ".join((*_PLAIN, BY_TIME))
    raise Invalid(f"Jobs cannot be counted by {said[:60]!r}.", f"By {known}, or by a path such as data.user.country.")


def moments(first: int, last: int, times: int = 12) -> list[tuple[int, int]]:
    """Spans (ms) of one round length that cover these instants, at most so many."""
    least = max(1, (last - first) // times)
    length = next((each for each in _LENGTHS if each >= least), -(-least // 86_400_000) * 86_400_000)
    start = first // length * length
    return [(at, at + length - 1) for at in range(start, last + 1, length)]


def span_words(span: tuple[int, int]) -> str:
    """Asks for the jobs that were added then."""
    return f"{BY_TIME}:{_iso(span[0])}..{_iso(span[1])}"


def paths(values: Iterable[Any], most: int = 12) -> list[str]:
    """The paths into these data that most of them have, and that tell jobs apart without being different in each."""
    seen: dict[str, set[str]] = {}
    count: dict[str, int] = {}
    total = 0
    for value in values:
        total += 1
        for path, leaf in _leaves(value, "data", 3):
            count[path] = count.get(path, 0) + 1
            seen.setdefault(path, set()).add(leaf)
    worth = [path for path in count if len(seen[path]) > 1 or count[path] < total]
    worth.sort(key=lambda path: (-(count[path] // max(1, total // 4)), len(seen[path]), path))
    return worth[:most]


def _leaves(value: Any, path: str, depth: int) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        if depth:
            for name, part in list(value.items())[:50]:
                if name and "." not in name and len(path) + len(name) < LONGEST_PATH:
                    yield from _leaves(part, f"{path}.{name}", depth - 1)
    elif not isinstance(value, list) and path != "data":
        yield path, written(value)[:LONGEST]


def _raw(field: str) -> str:
    return FIELDS[field].reads[0].decode()


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_LENGTHS = [
    unit * times
    for unit, steps in (
        (1, (100, 1000, 5000, 15_000)),
        (60_000, (1, 5, 15)),
        (3_600_000, (1, 3, 6, 12)),
        (86_400_000, (1, 2, 7, 14, 30, 90, 365)),
    )
    for times in steps
]
