"""A cron pattern as the libraries read it: which seconds, minutes, hours and days it names.

Bull and BullMQ hand patterns to the npm package cron-parser: 4 and earlier, or, from BullMQ 6 on, 5. Where the two read
a pattern differently, so do we. A form that is not known to mean the same here as there is not read at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

# A pattern that names every value of every field takes some 530 characters.
LONGEST = 600
_FIELDS = ("second", "minute", "hour", "day of the month", "month", "day of the week")
_BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_DEFAULTS = ("0", "*", "*", "*", "*", "*")
_MONTHS = {
    name: at
    for at, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_DAYS = {name: at for at, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_NAMES = {4: _MONTHS, 5: _DAYS}
_NAMED = {"@yearly": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *"}
_NAMED_4 = {**_NAMED, "@hourly": "0 * * * *"}
_NAMED_5 = {
    **_NAMED_4,
    **{"@annually": "0 0 1 1 *", "@minutely": "* * * * *", "@secondly": "* * * * * *"},
    **{"@weekdays": "0 0 * * 1-5", "@weekends": "0 0 * * 0,6"},
}
LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(?P<first>\d{1,2}|[*?])(?:-(?P<last>\d{1,2}))?(?:/(?P<step>\d{1,3}))?")


class Reader(StrEnum):
    """Who reads the pattern: cron-parser up to 4 (Bull, BullMQ up to 5) or 5 (BullMQ 6)."""

    V4 = "4"
    V5 = "5"


class Unreadable(ValueError):
    """This pattern is none, or none that we know to mean the same here as in the library: a sentence says why."""


@dataclass(frozen=True, slots=True)
class Cron:
    """What a pattern names. `weekdays` are 0 (Sunday) to 6, `last_weekdays` those of which only the month's last is
    meant, `nth` the occurrence within its month that a weekday must be, 0 for any. `every_day` and `every_weekday` say,
    for each month, whether that field restricts nothing, `all_hours` whether it names no hours: then it follows the
    real time through a change of the clocks. `fields` are the six fields as written."""

    reader: Reader
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    all_hours: bool
    days: frozenset[int]
    last_day: bool
    months: frozenset[int]
    weekdays: frozenset[int]
    last_weekdays: frozenset[int]
    nth: int
    every_day: tuple[bool, ...]
    every_weekday: bool
    fields: tuple[str, ...]


@lru_cache(maxsize=4096)
def cron(pattern: str, reader: Reader) -> Cron:
    """The pattern, read. Raises Unreadable; takes no longer for a hostile one."""
    if len(pattern) > LONGEST:
        raise Unreadable(f"It is {len(pattern):,} characters long; no pattern needs more than {LONGEST}.")
    written = _fields(pattern, reader)
    weekdays, nth = _nth(written[5])
    listed = [_listed(reader, at, weekdays if at == 5 else text) for at, text in enumerate(written)]
    listed[3] = _possible(reader, listed[3], listed[4])
    if reader is Reader.V5 and any(len(set(values)) < len(values) for values in listed):
        raise Unreadable("A field lists a value twice, which BullMQ 6 refuses.")
    numbers = [[value for value in values if isinstance(value, int)] for values in listed]
    return Cron(
        reader=reader,
        seconds=tuple(sorted(set(numbers[0]))),
        minutes=tuple(sorted(set(numbers[1]))),
        hours=tuple(sorted(set(numbers[2]))),
        all_hours=len(listed[2]) == 24,
        days=frozenset(numbers[3]),
        last_day="L" in listed[3],
        months=frozenset(numbers[4]),
        weekdays=frozenset(value % 7 for value in numbers[5]),
        last_weekdays=frozenset(int(value[0]) % 7 for value in listed[5] if isinstance(value, str)),
        nth=nth,
        every_day=_every_day(reader, written[3], len(listed[3])),
        every_weekday=written[5] in ("*", "?") if reader is Reader.V5 else len(listed[5]) == 8,
        fields=written,
    )


def _fields(pattern: str, reader: Reader) -> tuple[str, ...]:
    named = _NAMED_5 if reader is Reader.V5 else _NAMED_4
    parts = named.get(pattern, pattern).split()
    if not 1 <= len(parts) <= 6:
        raise Unreadable(f"It has {len(parts)} fields; a cron pattern has five, or six with seconds first.")
    # Fields that are missing are those at the front: five stand for minute to weekday.
    return (*_DEFAULTS[: 6 - len(parts)], *parts)


def _nth(text: str) -> tuple[str, int]:
    """`5#3`: the third Friday."""
    weekday, sharp, number = text.partition("#")
    if not sharp:
        return text, 0
    if any(mark in text for mark in ",-/L*?") or number not in ("1", "2", "3", "4", "5"):
        raise Unreadable(f"{text!r} is no occurrence of a weekday in its month, such as 5#3.")
    return weekday, int(number)


def _listed(reader: Reader, at: int, text: str) -> list[int | str]:
    """Every value that the field lists, repeated where it repeats them."""
    names = _NAMES.get(at, {})
    numbered = re.sub("[A-Za-z]{3}", lambda name: str(names.get(name[0].lower(), name[0])), text)
    found: list[int | str] = []
    for part in numbered.split(","):
        if (at == 3 and part == "L") or (at == 5 and re.fullmatch("[0-7]L", part)):
            found.append(part)
        else:
            found += _range(reader, at, part)
    return found


def _range(reader: Reader, at: int, part: str) -> list[int]:
    low, high = _BOUNDS[at]
    match = _PART.fullmatch(part)
    if match is None or (match["first"] == "?" and at not in (3, 5)):
        raise Unreadable(f"{part[:40]!r} is nothing that a {_FIELDS[at]} can be here.")
    start, end = _ends(match, low, high)
    if not low <= start <= end <= high:
        raise Unreadable(f"{part[:40]!r} is not within {low} to {high}, the smaller first.")
    step = int(match["step"] or 1)
    if step == 0:
        raise Unreadable("A step of 0 never gets anywhere.")
    values = list(range(start, end + 1, step))
    # A range that ends with Sunday begins with it as well: in cron-parser 4 even where the step leaves it out.
    is_range = match["last"] is not None or match["step"] is not None
    if at == 5 and is_range and start > 0 and end == 7 and (reader is Reader.V4 or 7 in values):
        values.insert(0, 0)
    return [start % 7] if at == 5 and start == end and not is_range else values


def _ends(match: re.Match[str], low: int, high: int) -> tuple[int, int]:
    if match["first"] in "*?":
        return (low, high) if match["last"] is None else (high, low)
    start = int(match["first"])
    if match["last"] is not None:
        return start, int(match["last"])
    return start, high if match["step"] else start


def _possible(reader: Reader, listed: list[int | str], months: list[int | str]) -> list[int | str]:
    """The days of the month without those that the only month there is has not."""
    if len(months) != 1:
        return listed
    longest = LONGEST_MONTH[int(months[0]) - 1]
    possible = [day for day in listed if isinstance(day, str) or day <= longest]
    if not possible and reader is Reader.V4:
        raise Unreadable("The only month that it names has no such day.")
    return possible or listed


def _every_day(reader: Reader, written: str, listed: int) -> tuple[bool, ...]:
    if reader is Reader.V5:
        return (written in ("*", "?"),) * 12
    return tuple(listed >= days for days in LONGEST_MONTH)
