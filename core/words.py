"""Numbers and spans of time as people read them."""

from __future__ import annotations

_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000


def count(number: int) -> str:
    """Grouped by thousands: 12,408."""
    return f"{number:,}"


def span(milliseconds: int) -> str:
    """A length of time: 340 ms, 4.2 s, 41 s, 3 min 05 s, 2 h 10 min, 2 d 4 h."""
    ms = max(0, milliseconds)
    if ms < _SECOND:
        return f"{ms} ms"
    if ms < 9_950:
        return f"{ms / _SECOND:.1f} s"
    if ms < _MINUTE - 500:
        return f"{round(ms / _SECOND)} s"
    return _long(ms)


def _long(ms: int) -> str:
    if ms < _HOUR - 500:
        minutes, seconds = divmod(round(ms / _SECOND), 60)
        return f"{minutes} min {seconds:02d} s" if minutes < 10 and seconds else f"{minutes} min"
    if ms < _DAY:
        hours, minutes = divmod(max(ms, _HOUR) // _MINUTE, 60)
        return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
    days, hours = divmod(ms // _HOUR, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
