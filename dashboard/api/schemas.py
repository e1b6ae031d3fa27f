"""JSON Schemas of everything the API answers with. A test holds real answers against them, key by key."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.api import batch_calls, dead_letter_calls, deduplication_calls, priority_calls, reveal_calls
from dashboard.api.audit_calls import AUDIT_SCHEMAS
from dashboard.api.change_schemas import CHANGE_SCHEMAS
from dashboard.api.export_schemas import EXPORT_SCHEMAS
from dashboard.api.failure_schemas import FAILURE_SCHEMAS
from dashboard.api.feed_calls import FEED_SCHEMAS
from dashboard.api.flow_schemas import FLOW_SCHEMAS
from dashboard.api.job_schemas import JOB_SCHEMAS
from dashboard.api.operation_schemas import OPERATION_SCHEMAS
from dashboard.api.queue_schemas import QUEUE_SCHEMAS
from dashboard.api.redis_schemas import REDIS_SCHEMAS
from dashboard.api.sample_calls import SAMPLE_SCHEMAS
from dashboard.api.scheduler_schemas import SCHEDULER_SCHEMAS
from dashboard.api.schema_words import TEXT, WHOLE, Schema, object_, one_of
from dashboard.api.search_schemas import SEARCH_SCHEMAS
from dashboard.api.undo_schemas import UNDO_SCHEMAS
from dashboard.api.view_schemas import VIEW_SCHEMAS
from dashboard.api.worker_schemas import WORKER_SCHEMAS
from dashboard.refusals import STATUSES

SCHEMAS: Mapping[str, Schema] = {
    **QUEUE_SCHEMAS,
    **JOB_SCHEMAS,
    **OPERATION_SCHEMAS,
    **CHANGE_SCHEMAS,
    **AUDIT_SCHEMAS,
    **SCHEDULER_SCHEMAS,
    **SEARCH_SCHEMAS,
    **SAMPLE_SCHEMAS,
    **VIEW_SCHEMAS,
    **FEED_SCHEMAS,
    **WORKER_SCHEMAS,
    **REDIS_SCHEMAS,
    **EXPORT_SCHEMAS,
    **FAILURE_SCHEMAS,
    **FLOW_SCHEMAS,
    **batch_calls.SCHEMAS,
    **dead_letter_calls.SCHEMAS,
    **deduplication_calls.SCHEMAS,
    **priority_calls.SCHEMAS,
    **reveal_calls.SCHEMAS,
    **UNDO_SCHEMAS,
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
