"""What a timing means, in a sentence: only where the sentence means what the library does."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from cronsim import CronSim, CronSimError

from core.schedulers.cron import Cron, Reader, Unreadable, cron
from core.schedulers.scheduler import Timing
from core.text import printable
from core.words import span

# `L` of the package that writes the sentences: the month's last day, and the last of a weekday.
_LAST = CronSim.LAST
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_LONGEST_SENTENCE = 300


def sentence(timing: Timing, reader: Reader) -> str:
    """Empty where it cannot be put into words; the pattern itself is shown beside it."""
    if timing.every is not None and timing.every > 0:
        return f"Every {span(timing.every)}"
    if timing.pattern is None:
        return ""
    said = in_words(timing.pattern, reader)
    return said if len(said) <= _LONGEST_SENTENCE else ""


@lru_cache(maxsize=4096)
def in_words(pattern: str, reader: Reader) -> str:
    """A cron pattern in words, or nothing."""
    try:
        read = cron(pattern, reader)
        said = CronSim(_plain(read), _SOME_DAY)
    except (Unreadable, CronSimError):
        return ""
    return said.explain() if _mean_the_same(read, said) else ""


def _plain(read: Cron) -> str:
    fields = [field.replace("?", "*") for field in read.fields]
    return " ".join(fields[1:] if fields[0] == "0" else fields)


def _mean_the_same(read: Cron, said: CronSim) -> bool:
    times = (set(read.seconds), set(read.minutes), set(read.hours), set(read.months))
    if times != (said.seconds, said.minutes, said.hours, set(said.months)):
        return False
    days = set(read.days) | ({_LAST} if read.last_day else set())
    if days != said.days and not (all(read.every_day) and set(range(1, 32)) == said.days):
        return False
    return _weekdays(read) == _weekdays_of(said) and _days_agree(read, said)


def _weekdays(read: Cron) -> set[int | tuple[int, int]]:
    if read.nth:
        return {(day, read.nth) for day in read.weekdays}
    return {*read.weekdays, *((day, _LAST) for day in read.last_weekdays)}


def _weekdays_of(said: CronSim) -> set[int | tuple[int, int]]:
    return {item % 7 if isinstance(item, int) else (item[0] % 7, item[1]) for item in said.weekdays}


def _days_agree(read: Cron, said: CronSim) -> bool:
    """Both take a day that fits either field, or only one field restricts anything."""
    by_day, by_weekday = not all(read.every_day), not read.every_weekday
    if by_day and by_weekday:
        return not said.day_and and not (read.nth and read.reader is Reader.V4)
    return not by_day or not by_weekday


def unreadable(timing: Timing, reader: Reader) -> str:
    """Why a pattern cannot be read here, in a sentence; empty where it can, or there is none."""
    if timing.pattern is None:
        return ""
    try:
        cron(timing.pattern, reader)
    except Unreadable as error:
        return f"Its pattern {printable(timing.pattern[:60])!r} cannot be read here: {error}"
    return ""
