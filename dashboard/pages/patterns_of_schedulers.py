"""Made-up schedulers, for the page of all components."""

from __future__ import annotations

from typing import Any

from core.model import QueueId
from core.schedulers.scheduler import Head, Kind, Pending, Row, Run, Timing
from dashboard.outcomes import strip
from dashboard.pages.schedulers import Line
from dashboard.words import now

MAIL = QueueId("default", "bull", "mail")
MINUTE = 60_000


def values(base: str) -> dict[str, Any]:
    """A nightly one in order, and one that is overdue."""
    at, nightly = now(), Timing(pattern="0 3 * * *", tz="Europe/Berlin")
    states = ("completed", "completed", "failed", "", "completed", "")
    runs = tuple(Run(at - (6 - n) * MINUTE, state, at - (6 - n) * MINUTE) for n, state in enumerate(states))
    well = Row(_head("nightly", nightly, at + 60 * MINUTE), "At 03:00 every day", twins=1)
    late = ("Overdue by 2 h: nobody is consuming its queue.",)
    overdue = Row(_head("ping", Timing(every=MINUTE), at - 120 * MINUTE), "Every 1 min", 120 * MINUTE, runs, late)
    return {"schedulers": [Line(row, base, base, strip(row.runs), base) for row in (overdue, well)]}


def _head(key: str, timing: Timing, due: int) -> Head:
    return Head(MAIL, key, Kind.SCHEDULER, key, timing, due, f"repeat:{key}", pending=Pending.DELAYED)
