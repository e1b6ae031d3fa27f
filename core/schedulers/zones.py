"""Time zones by the names that people give them, as the libraries take them."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_FIXED = re.compile(r"utc(?:([+-]\d{1,2})(?::(\d{2}))?)?", re.IGNORECASE)
# The longest name of a zone has 32 characters.
_LONGEST = 64


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo | None:
    """The zone of that name, in whatever case; None where none is known here."""
    if len(name) > _LONGEST or not name.isascii():
        return None
    if fixed := _FIXED.fullmatch(name):
        return _offset(int(fixed[1] or 0), int(fixed[2] or 0))
    return _named(_names().get(name.lower()))


def _offset(hours: int, minutes: int) -> tzinfo | None:
    shift = timedelta(hours=hours, minutes=-minutes if hours < 0 else minutes)
    if abs(shift) >= timedelta(days=1):
        return None
    return timezone(shift) if shift else UTC


def _named(name: str | None) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
