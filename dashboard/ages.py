"""Ages that are filled in last: what is rendered holds instants, so it stays true however long it is kept."""

from __future__ import annotations

import re

from dashboard.words import age, clock, span, until

_EMPTY = re.compile(r'(<time datetime="[^"<>]*" data-at="(-?\d{1,18})" data-as="(\w+)">)(?=</time>)')


def fill(html: str, now: int) -> str:
    """Write into each empty `<time>` of `ui.age` what it says at this moment; the browser keeps them ticking."""
    return _EMPTY.sub(lambda match: match[1] + words(int(match[2]), now, match[3]), html)


def words(at: int, now: int, form: str) -> str:
    """age "12 s", ago "12 s ago", until "in 12 s", span "3 min 05 s", clock "02:58:01"."""
    match form:
        case "ago":
            return f"{age(now - at)} ago"
        case "until":
            return until(at - now)
        case "span":
            return span(now - at)
        case "clock":
            return clock(at)
        case _:
            return age(now - at)
