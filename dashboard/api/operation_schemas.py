"""JSON Schemas of operations; the twin of `operation_shapes`, and what a request for one may say."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import STATES
from core.operations.operation import Status
from core.operations.request import RANGES, Action
from core.query.words import MOST_CHARACTERS
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
_ACTS = ("pause", "resume", "cancel")


def _number(name: str, about: str) -> Schema:
    least, most = RANGES[name]
    return {"type": ["integer", "null"], "minimum": least, "maximum": most, "description": about}


_OPTIONS: Schema = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "grace": _number("grace", "Leave jobs younger than so many milliseconds."),
        "limit": _number("limit", "The most jobs of each queue."),
        "keep": _number("keep", "Leave so many of the newest jobs of each queue."),
        "delayed": {**FLAG, "description": "Drain delayed jobs too."},
        "reset_attempts": {**FLAG, "description": "Retry with all attempts anew."},
        "force": {**FLAG, "description": "Obliterate though workers hold jobs of it."},
        "priority": _number("priority", "What change-priority gives: 0 for none, else smaller is sooner."),
        "delay": _number("delay", "What change-delay gives: milliseconds from when it begins."),
        "to": {**maybe(HREF), "description": "Where move brings them: a queue of the same Redis."},
        "rate": _number("rate", "The most jobs a second."),
        "canary": _number("canary", "So many go first; the others follow only if those complete."),
        "canary_wait": _number("canary_wait", "How long those may take, in milliseconds; a minute unless said."),
        "tolerance": _number(
            "tolerance", "How far the count may drift before it stops and asks, in percent; 10 unless said."
        ),
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
        "state": maybe(one_of(STATES)),
        "q": {
            **{**TEXT, "maxLength": MOST_CHARACTERS},
            "description": "Only the jobs that fit these words, as in a search: `reason:ECONNRESET data.user.id:42`.",
        },
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
        priority=maybe(COUNT),
        delay=maybe(COUNT),
        to=maybe(HREF),
        rate=maybe(COUNT),
        canary=COUNT,
        canary_wait=SPAN,
        tolerance=COUNT,
    ),
    q={**TEXT, "description": "The query; empty where all jobs of the state are meant."},
    asked={**INSTANT, "description": "What times in the query are relative to; 0 without a query."},
    reason=TEXT,
    by=TEXT,
    status=one_of(Status),
    trouble={**TEXT, "description": "Why it waits, or failed."},
    total={**COUNT, "description": "How many jobs (or queues) were previewed."},
    exact={**FLAG, "description": "Whether `total` is exact; else it is at most that, or at least."},
    at_least={**FLAG, "description": "Whether not all jobs could be looked at: there may be more than `total`."},
    reach={**COUNT, "description": "How many jobs it has to look at."},
    looked={**COUNT, "description": "With a query, how many it has looked at so far."},
    scope={**TEXT, "description": "The signature of what was previewed, which `resume` wants; empty once begun."},
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
        sample=list_of(object_("A job that fitted when it was previewed.", queue=ref("QueueId"), id=TEXT, href=HREF)),
        canary=list_of(
            object_(
                "A job that went first.",
                queue=ref("QueueId"),
                id=TEXT,
                state={**TEXT, "description": "completed, failed, gone or on its way."},
                reason=TEXT,
                href=HREF,
            )
        ),
        told=list_of(
            object_("What somebody told it.", act=one_of(_ACTS), at=INSTANT, by=TEXT, reason=TEXT),
        ),
        listed={**COUNT, "description": "Of those left alone, so many can be had one by one: `…/skipped`."},
        unlisted={**COUNT, "description": "And so many cannot: there was no room."},
    ),
    "OperationTold": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "reason": {**TEXT, "maxLength": LONGEST_REASON, "description": "For the record."},
            "scope": {**TEXT, "description": "`scope` of the preview: needed to begin work on a query."},
        },
    },
    "OperationHeld": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"reason": {**TEXT, "maxLength": LONGEST_REASON, "description": "For the record."}},
    },
    "OperationSkips": object_(
        "What was left alone, one by one.",
        skipped=list_of(ref("Skip")),
        next={**maybe(COUNT), "description": "The next `sheet`; null at the end."},
        listed=COUNT,
        unlisted=COUNT,
        note={**TEXT, "description": "What is not in here, if anything is not."},
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
        reach={**COUNT, "description": "How many jobs have to be looked at."},
        looked={**COUNT, "description": "With a query, how many of those the preview looked at."},
        at_least=FLAG,
        cutoff={**INSTANT, "description": "Jobs that come later are left alone."},
    ),
}
