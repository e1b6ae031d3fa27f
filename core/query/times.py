"""Spans and instants as people type them in a query: `10m`, `1h30m`, `2026-11-21T02:00`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|min|s|m|h|d|w)")
# Nothing that a queue holds is older or later than this (ms): a longer span is a slip of the finger.
LONGEST = 200 * 365 * 86_400_000


def span(said: str) -> int | None:
    """A length of time in milliseconds, None where it is none: `90s`, `1h30m`, `1.5d`."""
    total, at = 0.0, 0
    while match := _PART.match(said, at):
        total, at = total + float(match[1]) * _UNITS[match[2]], match.end()
    return round(total) if 0 < at == len(said) and total <= LONGEST else None


def instant(said: str, now: int) -> int | None:
    """A moment in ms since the epoch, None where it is none: `now`, a span before now, or a date with or without a
    time, in UTC unless it says otherwise."""
    if said == "now":
        return now
    ago = span(said)
    return now - ago if ago is not None else _dated(said)


def _dated(said: str) -> int | None:
    if not said[:4].isdigit() or "-" not in said:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
