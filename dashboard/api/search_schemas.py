"""JSON Schemas of searches; the twin of `search_shapes`, and what a request for one may say."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import STATES
from core.query.words import MOST_CHARACTERS
from core.search.search import Status
from dashboard.api.job_schemas import JOB_SCHEMAS
from dashboard.api.operation_schemas import MOST_QUEUES
from dashboard.api.schema_words import (
    COUNT,
    HREF,
    INSTANT,
    NUMBER,
    TEXT,
    Schema,
    list_of,
    maybe,
    object_,
    one_of,
    ref,
    with_,
)

_ALL = {"const": "all"}
_REQUEST: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["q"],
    "properties": {
        "q": {**TEXT, "minLength": 1, "maxLength": MOST_CHARACTERS},
        "queues": {"oneOf": [_ALL, {"type": ["array", "null"], "items": HREF, "maxItems": MOST_QUEUES}]},
        "states": maybe(list_of(one_of(STATES))),
    },
}
SEARCH_SCHEMAS: Mapping[str, Schema] = {
    "SearchRequest": _REQUEST,
    "FoundJob": with_(JOB_SCHEMAS["JobRow"], "A job that was found, as it was then.", queue=ref("QueueId")),
    "Search": object_(
        "A search: what was asked, how far it is, and what it found.",
        id=TEXT,
        href=HREF,
        q=TEXT,
        queues={"oneOf": [_ALL, {"type": "array", "items": HREF}]},
        states=maybe(list_of(one_of(STATES))),
        behind={**maybe(HREF), "description": "The full search that this one goes on behind."},
        now={**INSTANT, "description": "The moment to which times in its words are relative."},
        status={
            **one_of(Status),
            "description": "`unwatched` goes on when it is asked for; `full` holds as many jobs as it may.",
        },
        trouble={**TEXT, "description": "Why it failed, in whole or for some of the queues; resume it."},
        notes={**list_of(TEXT), "description": "What was left out, or slows it down."},
        looked_at=COUNT,
        total={**COUNT, "description": "Jobs where it looks, as counted when it began."},
        found=COUNT,
        rate={**maybe(NUMBER), "description": "Jobs looked at in a second, rests and all."},
        seconds_left=maybe(NUMBER),
        jobs=list_of(ref("FoundJob")),
        next={**maybe(COUNT), "description": "`after` of the next question; null once there can be no more."},
    ),
}
