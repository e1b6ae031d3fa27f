"""How many ready jobs of a queue have which priority."""

from __future__ import annotations

from collections.abc import Mapping

from core.permission import Permission
from dashboard.api.asked import Asked
from dashboard.api.call import Call
from dashboard.api.schema_words import COUNT, TEXT, WHOLE, Schema, list_of, object_
from dashboard.api.shapes import Json
from dashboard.budgets import Cost
from dashboard.urls import QUEUE


async def priorities(asked: Asked) -> Json:
    """Counted where they stand, none of them read."""
    found = await asked.herd.priorities.of(asked.queue)
    return {
        "without": found.without,
        "priorities": [{"priority": priority, "count": number} for priority, number in found.counts],
        "beyond": found.beyond,
        "note": found.note,
    }


CALLS = (
    Call(
        "GET",
        f"{QUEUE}/priorities",
        priorities,
        "Priorities",
        "Ready jobs by their priority",
        Permission.VIEW,
        costs=Cost.HEAVY,
    ),
)
SCHEMAS: Mapping[str, Schema] = {
    "Priorities": object_(
        "Jobs that are ready to run, by priority, soonest first. Those without one come before all of them; `beyond` "
        "are those behind the last priority that was counted.",
        without=COUNT,
        priorities=list_of(object_("One priority.", priority=WHOLE, count=COUNT)),
        beyond=COUNT,
        note=TEXT,
    ),
}
