"""Counts, sizes, instants and spans in the words of the pages; static/js/age.js keeps ages in the same ones."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from core.words import count, span

__all__ = ["age", "clock", "count", "iso", "jobs", "percent", "rate", "several", "size", "span", "until"]

_UNITS = ("B", "KB", "MB", "GB")
_EXACT_FROM = 100


def age(milliseconds: int) -> str:
    """How old something is, in one unit and two figures: 12 s, 41 min, 26 h, 3 d."""
    seconds = max(0, milliseconds) // 1000
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 100 * 60:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{count(seconds // 86_400)} d"


def until(milliseconds: int) -> str:
    """How far away something is: in 12 s; an instant that has passed is due."""
    return f"in {age(milliseconds)}" if milliseconds > 0 else f"due for {age(-milliseconds)}"


def rate(per_minute: float | None) -> str | None:
    """Jobs a minute: 912, 4.2, 0; None where it is not known."""
    if per_minute is None:
        return None
    return count(round(per_minute)) if per_minute >= 10 or per_minute == 0 else f"{per_minute:.1f}"


def percent(value: float) -> str:
    """33.33 as 33 %, so that a moving number keeps its width."""
    return f"{int(value)} %"


def size(number_of_bytes: int) -> str:
    """340 B, 2.1 KB, 4.0 GB: powers of 1,024, as Redis counts."""
    if number_of_bytes < 1024:
        return f"{number_of_bytes} B"
    power = min(3, (number_of_bytes.bit_length() - 1) // 10)
    amount = number_of_bytes / 1024**power
    return f"{amount:,.{0 if amount >= _EXACT_FROM else 1}f} {_UNITS[power]}"


def several(number: int, noun: str, plural: str = "") -> str:
    """1 job, 12,408 jobs."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def jobs(number: int, state: str = "") -> str:
    """3 failed jobs."""
    return several(number, f"{state} job".strip())


def iso(at: int) -> str:
    """An instant for machines; one that no calendar reaches stays a number."""
    moment = _moment(at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else str(at)


def clock(at: int) -> str:
    """The time of day of an instant, in UTC."""
    moment = _moment(at)
    return f"{moment:%H:%M:%S}" if moment else str(at)


def now() -> int:
    """This moment, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def _moment(at: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(at / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
