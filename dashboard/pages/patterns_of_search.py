"""The patterns of searches and samples, with made-up data."""

from __future__ import annotations

from typing import Any

from core.job import JobRow
from core.model import QueueId, State
from core.samples.sample import Part
from core.search.search import Hit, Status
from dashboard.pages.samples import Line
from dashboard.pages.search import Row
from dashboard.words import now

MAIL = QueueId("default", "bull", "mail")


def values(base: str) -> dict[str, Any]:
    """What they show."""
    job = JobRow("771", State.FAILED, name="send", about=(("to", "ada@example.com"),), failed_reason="ECONNRESET")
    gone = JobRow("772", State.WAITING, timestamp=now() - 60_000, missing=True)
    parts = (Part("send", 640, 136_000, 129_400, 142_300, "name:send"), Part(None, 3, 640, 210, 1_860))
    return {
        "search_statuses": list(Status),
        "found": [Row(Hit(MAIL, each), f"f{each.id}", base, base) for each in (job, gone)],
        "sample_lines": [Line(part, part.value or "(none)", base, 64.0, 60.9, 66.9) for part in parts],
    }
