"""Events, a query's chips and saved views with made-up data, for the page of all components."""

from __future__ import annotations

from typing import Any

from core.feed.event import Event
from core.model import QueueId, State
from core.views.view import BUILT_IN
from dashboard.pages.events import row
from dashboard.pages.job_list import Choice
from dashboard.views_box import Box, Chip, Link
from dashboard.words import now

MAIL = QueueId("default", "bull", "mail")
SAID: tuple[tuple[str, dict[str, str]], ...] = (
    ("failed", {"failedReason": "ECONNRESET 10.0.0.4:443", "prev": "active"}),
    ("delayed", {"delay": str(now() + 60_000)}),
    ("progress", {"progress": '{"percent":62,"message":"compressing"}'}),
    ("completed", {"returnvalue": '{"sent":true}'}),
    ("stalled", {}),
    ("invented", {"by": "the application"}),
)


def values(base: str) -> dict[str, Any]:
    """What the page shows of them."""
    events = [Event(id, now(), MAIL, kind, "771", "send", said) for id, (kind, said) in enumerate(SAID, 1)]
    chips = tuple(Chip(text, base) for text in ("name:send-*", '-reason:"socket hang up"', "(age:>1h OR attempts:>3)"))
    links = tuple(Link(view, base, here=view.name == "Overdue") for view in BUILT_IN)
    return {
        "events": [row(base, event) for event in events],
        "box": Box(chips, False, base, links, f"{base}/views", True),
        "box_choice": Choice(State.FAILED, q="name:send-*"),
    }
