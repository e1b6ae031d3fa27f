"""JSON Schemas of everything the API answers with. A test holds real answers against them, key by key."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.api.change_schemas import CHANGE_SCHEMAS
from dashboard.api.job_schemas import JOB_SCHEMAS
from dashboard.api.operation_schemas import OPERATION_SCHEMAS
from dashboard.api.queue_schemas import QUEUE_SCHEMAS
from dashboard.api.schema_words import TEXT, WHOLE, Schema, object_, one_of
from dashboard.refusals import STATUSES

SCHEMAS: Mapping[str, Schema] = {
    **QUEUE_SCHEMAS,
    **JOB_SCHEMAS,
    **OPERATION_SCHEMAS,
    **CHANGE_SCHEMAS,
    "Problem": object_(
        "A refusal or failure (RFC 9457).",
        type=TEXT,
        title=TEXT,
        status=WHOLE,
        detail=TEXT,
        code=one_of(STATUSES),
        hint=TEXT,
    ),
}
