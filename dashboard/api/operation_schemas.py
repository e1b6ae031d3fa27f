"""JSON Schemas of operations; the twin of `operation_shapes`, and what a request for one may say."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import STATES
from core.operations.operation import Status
from core.operations.request import Action
from dashboard.api.schema_words import (
    COUNT,
    FLAG,
    HREF,
    INSTANT,
    NUMBER,
    SPAN,
    TEXT,
    Schema,
    list_of,
    map_of,
    maybe,
    object_,
    one_of,
    ref,
    with_,
)

LONGEST_REASON = 1000
LONGEST_PATTERN = 500
MOST_QUEUES = 5000
_ALL = {"const": "all"}
_OPTIONS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "grace": {**COUNT, "description": "Leave jobs younger than so many milliseconds."},
        "limit": {"type": "integer", "minimum": 1, "description": "The most jobs of each queue."},
        "keep": {**COUNT, "description": "Leave so many of the newest jobs of each queue."},
        "delayed": {**FLAG, "description": "Drain delayed jobs too."},
        "reset_attempts": {**FLAG, "description": "Retry with all attempts anew."},
        "force": {**FLAG, "description": "Obliterate though workers hold jobs of it."},
    },
}
_REQUEST: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["action", "queues"],
    "properties": {
        "action": one_of(Action),
        "queues": {"oneOf": [_ALL, {"type": "array", "items": HREF, "minItems": 1, "maxItems": MOST_QUEUES}]},
        "matching": {**TEXT, "maxLength": LONGEST_PATTERN, "description": "Of all queues those named so: email*."},
        "state": one_of(STATES),
        "q": {**TEXT, "description": "A search; not supported yet."},
        "options": _OPTIONS,
        "reason": {**TEXT, "maxLength": LONGEST_REASON},
        "dry_run": {**FLAG, "description": "Only preview; `resume` of what it answers starts exactly that."},
    },
}
_ROW = object_(
    "Bulk work: what was asked, and how far it is.",
    id=TEXT,
    href=HREF,
    action=one_of(Action),
    queues={"oneOf": [_ALL, {"type": "array", "items": HREF}]},
    matching={**TEXT, "description": "Of all queues those whose names are like this; empty for all."},
    state=maybe(one_of(STATES)),
    options=object_(
        "As they were understood.",
        grace=COUNT,
        limit=maybe(COUNT),
        keep=COUNT,
        delayed=FLAG,
        reset_attempts=FLAG,
        force=FLAG,
    ),
    reason=TEXT,
    by=TEXT,
    status=one_of(Status),
    trouble={**TEXT, "description": "Why it waits, or failed."},
    total={**COUNT, "description": "How many jobs (or queues) were previewed."},
    exact={**FLAG, "description": "Whether `total` is exact; else it is at most that."},
    done=COUNT,
    unconfirmed={**COUNT, "description": "Of those done: their state was left, but the answer was lost."},
    skipped={**map_of(COUNT), "description": "How many were left alone, by reason."},
    rate={**maybe(NUMBER), "description": "Jobs (or queues) a second."},
    seconds_left=maybe({"type": "number", "minimum": 0}),
    created=INSTANT,
    started=maybe(INSTANT),
    finished=maybe(INSTANT),
    slices=COUNT,
    largest_slice=COUNT,
    longest_slice=SPAN,
)
OPERATION_SCHEMAS: Mapping[str, Schema] = {
    "OperationRequest": _REQUEST,
    "Operations": object_("Bulk work, newest first.", operations=list_of(ref("OperationRow"))),
    "OperationRow": _ROW,
    "Operation": with_(
        _ROW,
        "Bulk work: what was asked, how far it is, and for each queue what was skipped and why.",
        examples=list_of(ref("Skip")),
        targets=list_of(ref("Target")),
    ),
    "Skip": object_(
        "One that was left alone.", queue=ref("QueueId"), id=maybe(TEXT), reason=TEXT, sentence=TEXT, href=HREF
    ),
    "Target": object_(
        "One state of one queue, or a queue.",
        queue=ref("QueueId"),
        state=maybe(one_of(STATES)),
        count=COUNT,
        exact=FLAG,
        refusal={**TEXT, "description": "Why it is not touched at all; empty where it is."},
        done=COUNT,
        skipped=COUNT,
    ),
}
