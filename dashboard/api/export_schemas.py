"""JSON Schemas of the lines of an export."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import STATES
from dashboard.api.schema_words import TEXT, Schema, one_of

EXPORT_SCHEMAS: Mapping[str, Schema] = {
    "ExportedJob": {
        "type": "object",
        "description": "A line of an export: a job with the fields that it has, named as BullMQ names them; `omitted`"
        " has the sizes of those that are too large. The last line is an object with `export` alone.",
        "properties": {
            "queue": TEXT,
            "id": TEXT,
            "state": one_of(STATES),
            "export": {"type": "object"},
        },
    },
}
