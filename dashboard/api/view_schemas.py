"""JSON Schemas of saved views, and of the words that completion offers."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import STATES
from core.query.words import MOST_CHARACTERS
from core.views.views import LONGEST_NAME
from dashboard.api.schema_words import COUNT, INSTANT, TEXT, Schema, list_of, map_of, maybe, object_, one_of, ref

_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
VIEW_SCHEMAS: Mapping[str, Schema] = {
    "View": object_(
        "A query under a name. `id` is null for those that are always there.",
        id=maybe(TEXT),
        name=TEXT,
        state=one_of(STATES),
        q=TEXT,
        by={**TEXT, "description": "Who made it; empty where nobody is known."},
        made=maybe(INSTANT),
        personal={"type": "boolean", "description": "Whether it is there for nobody but who made it."},
        href=maybe(TEXT),
    ),
    "Views": object_("Every saved view.", views=list_of(ref("View"))),
    "NewView": {
        "type": "object",
        "description": "A query to keep, and its name.",
        "additionalProperties": False,
        "required": ["name", "state", "q"],
        "properties": {
            "name": _NAME,
            "state": one_of(STATES),
            "q": {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS},
            "personal": {"type": "boolean", "description": "For who asks alone; who only looks can keep no others."},
        },
    },
    "ViewChange": {
        "type": "object",
        "description": "Another name.",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {"name": _NAME},
    },
    "Word": object_("A word of the query language.", word=TEXT, says=TEXT, values=list_of(TEXT)),
    "Said": object_("A value, and how many of the jobs that were looked at have it.", value=TEXT, jobs=COUNT),
    "Vocabulary": object_(
        "The words that a query may have, and what the jobs of a state say, from a sample of them.",
        looked_at=COUNT,
        total=COUNT,
        unread={**COUNT, "description": "Of so many jobs looked at, the data are too long to be looked into."},
        words=list_of(ref("Word")),
        values=map_of(list_of(ref("Said"))),
    ),
}
