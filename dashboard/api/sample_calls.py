"""Samples: what is in a state, told from some of its jobs."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import State
from core.permission import Permission
from core.samples.samples import MOST, USUAL
from core.samples.values import LONGEST_PATH
from dashboard.api.asked import Asked
from dashboard.api.call import Call
from dashboard.api.parameters import Parameter
from dashboard.api.queries import STATE
from dashboard.api.schema_words import COUNT, FLAG, TEXT, Schema, list_of, maybe, object_, ref
from dashboard.api.shapes import Json
from dashboard.budgets import Cost
from dashboard.urls import QUEUE

BY = Parameter(
    "by",
    "What to count by: name, reason, worker, scheduler, attempts, priority, added, or a path: data.user.country.",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_PATH, "default": "name"},
)
SIZE = Parameter(
    "size", "The most jobs to look at.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
)


async def samples(asked: Asked) -> Json:
    """What is in that state, by one field."""
    query = asked.query
    seen = await asked.herd.samples.take(asked.queue, State(query["state"]), query["by"], query["size"])
    return {
        "state": query["state"],
        "by": seen.by,
        "total": seen.total,
        "taken": seen.taken,
        "exact": seen.exact,
        "method": seen.method,
        "unread": seen.unread,
        "values": seen.values,
        "parts": [
            {
                "value": part.value,
                "count": part.count,
                "about": part.about,
                "low": part.low,
                "high": part.high,
                "q": part.words or None,
            }
            for part in seen.parts
        ],
        "paths": list(seen.paths),
    }


CALLS = (
    Call(
        "GET",
        f"{QUEUE}/samples",
        samples,
        "Sample",
        "What is in a state",
        Permission.VIEW,
        (STATE, BY, SIZE),
        costs=Cost.HEAVY,
    ),
)
SAMPLE_SCHEMAS: Mapping[str, Schema] = {
    "Sample": object_(
        "What is in a state, told from some of its jobs taken at random.",
        state=TEXT,
        by=TEXT,
        total={**COUNT, "description": "Jobs in the state."},
        taken={**COUNT, "description": "Of which so many were looked at."},
        exact={**FLAG, "description": "Whether that was all of them."},
        method={**TEXT, "description": "How it was found, and what the bounds mean."},
        unread={**COUNT, "description": "Jobs of the sample that are too large to be read."},
        values={**COUNT, "description": "How many values there are in the sample."},
        parts={**list_of(ref("SamplePart")), "description": "The most frequent ones; spans of time newest first."},
        paths={**list_of(TEXT), "description": "Paths into the data worth asking for."},
    ),
    "SamplePart": object_(
        "The jobs with one value: `count` in the sample; of all most likely `about`, between `low` and `high`.",
        value={**maybe(TEXT), "description": "Null for jobs without any; a span of time as its two instants."},
        count=COUNT,
        about=COUNT,
        low=COUNT,
        high=COUNT,
        q={**maybe(TEXT), "description": "A query for these jobs; null where none can be written."},
    ),
}
