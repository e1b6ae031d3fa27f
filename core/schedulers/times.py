"""When a pattern runs: its instants forward and backward from one, in its time zone, as the libraries count them.

What the clocks skip in spring runs when they have jumped, an hour later by the wall; what they repeat in autumn runs
the first time. Only a pattern that names no hours follows the real time through both.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import product

from core.schedulers.cron import Cron, Reader

# Whatever does not happen within this many months never does, for the calendar repeats: 29 February on a Monday may be
# 40 years away. A search through all of it takes some ten milliseconds.
MONTHS = 12 * 41
# Beyond these the calendar of Python ends.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_DAY = timedelta(days=1)


class CannotTell(Exception):
    """From here on: the clocks change at midnight, or by another length than an hour, where the libraries differ."""


def after(cron: Cron, zone: tzinfo, instant: int) -> Iterator[int]:
    """The instants later than this one, the next first. Ends where none comes within 40 years of the last.

    Raises CannotTell at a day of which one cannot."""
    for day in _days(cron, zone, instant, 1):
        yield from (at for at in _of_day(cron, zone, day) if at > instant)


def before(cron: Cron, zone: tzinfo, instant: int) -> Iterator[int]:
    """The instants earlier than this one, the latest first."""
    for day in _days(cron, zone, instant, -1):
        yield from (at for at in _of_day(cron, zone, day, backward=True) if at < instant)


def _days(cron: Cron, zone: tzinfo, instant: int, direction: int) -> Iterator[date]:
    """The days on which it runs, from the one before that of the instant on: a change of the clocks at midnight may
    put the end of one day into the next."""
    if not 0 <= instant < 200_000_000_000_000:
        return
    first = datetime.fromtimestamp(instant / 1000, zone).date() - direction * _DAY
    year, month = first.year, first.month
    empty = 0
    while empty < MONTHS and _FIRST_YEAR <= year <= _LAST_YEAR:
        empty += 1
        if month in cron.months:
            last = monthrange(year, month)[1]
            numbers = range(1, last + 1) if direction > 0 else range(last, 0, -1)
            for number in numbers:
                day = date(year, month, number)
                if (day >= first if direction > 0 else day <= first) and _runs_on(cron, day, last):
                    empty = 0
                    yield day
        year, month = year + (month - 1 + direction) // 12, (month - 1 + direction) % 12 + 1


def _runs_on(cron: Cron, day: date, last: int) -> bool:
    weekday, nth = (day.weekday() + 1) % 7, (day.day + 6) // 7
    by_date = day.day in cron.days or (cron.last_day and day.day == last)
    by_weekday = weekday in cron.weekdays or (weekday in cron.last_weekdays and day.day + 7 > last)
    is_nth = cron.nth in (0, nth)
    every_day = cron.every_day[day.month - 1]
    if cron.reader is Reader.V4:
        return is_nth and _agreed(by_date, by_weekday, every_day=every_day, every_weekday=cron.every_weekday)
    return _agreed(by_date, by_weekday and is_nth, every_day=every_day, every_weekday=cron.every_weekday)


def _agreed(by_date: bool, by_weekday: bool, *, every_day: bool, every_weekday: bool) -> bool:
    """Where both fields restrict, either is enough; where one restricts nothing, the other decides."""
    if every_weekday:
        return by_date
    return by_weekday if every_day else by_date or by_weekday


def _of_day(cron: Cron, zone: tzinfo, day: date, *, backward: bool = False) -> Iterator[int]:
    midnight, next_midnight = (datetime.combine(at, datetime.min.time(), zone) for at in (day, day + _DAY))
    start, end = _instant(midnight), _instant(next_midnight)
    if end - start == 86_400_000 and midnight.utcoffset() == next_midnight.utcoffset():
        hours, minutes, seconds = cron.hours, cron.minutes, cron.seconds
        if backward:
            hours, minutes, seconds = hours[::-1], minutes[::-1], seconds[::-1]
        for hour, minute in product(hours, minutes):
            base = start + (hour * 60 + minute) * 60_000
            for second in seconds:
                yield base + second * 1000
    else:
        yield from _of_uneven_day(cron, zone, day, (start, end), backward=backward)


def _of_uneven_day(cron: Cron, zone: tzinfo, day: date, ends: tuple[int, int], *, backward: bool) -> Iterator[int]:
    """A day on which the clocks change."""
    first, again = (datetime(day.year, day.month, day.day, tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first != again or abs(ends[1] - ends[0] - 86_400_000) != 3_600_000:
        raise CannotTell
    if cron.all_hours:
        real = (datetime.fromtimestamp(at / 1000, zone) for at in range(*ends, 60_000))
        minutes = [_instant(at) for at in real if at.minute in cron.minutes]
    else:
        walls = (datetime(day.year, day.month, day.day, h, m, tzinfo=zone) for h in cron.hours for m in cron.minutes)
        minutes = sorted({_instant(wall) for wall in walls})
    found = [minute + second * 1000 for minute in minutes for second in cron.seconds]
    yield from reversed(found) if backward else found


def _instant(wall: datetime) -> int:
    return int(wall.astimezone(UTC).timestamp()) * 1000
