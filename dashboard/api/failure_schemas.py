"""JSON Schemas of groups of failures."""

from __future__ import annotations

from collections.abc import Mapping

from core.failures.marks import HIGHEST_RATE, LONGEST_IGNORED, LONGEST_WHY, Standing
from dashboard.api.failure_shapes import SPANS
from dashboard.api.schema_words import COUNT, HREF, INSTANT, TEXT, Schema, list_of, maybe, object_, one_of, ref

_JOB = object_("A failed job, when it was read.", queue=HREF, id=TEXT, href=HREF, failed_at=INSTANT)
_WINDOWS = object_("How many failed in each of these spans until now.", **dict.fromkeys(SPANS, COUNT))
_WHY: Schema = {"type": "string", "maxLength": LONGEST_WHY}
_LEAST_1: Schema = {"type": "integer", "minimum": 1}
_STANDING = one_of(Standing)

FAILURE_SCHEMAS: Mapping[str, Schema] = {
    "Failures": object_(
        "Failed jobs, like ones together: `known` of `total` are in groups, the newest first to be read.",
        groups=list_of(ref("FailureGroup")),
        known=COUNT,
        total=COUNT,
        trouble=list_of(TEXT),
    ),
    "FailureGroup": object_(
        "Like failures across queues. `count` are failed now; `gone` have been retried or removed since.",
        key=TEXT,
        href=HREF,
        rule=TEXT,
        fingerprint=object_(
            "What they agree in; empty where it is not known.", name=TEXT, error=TEXT, message=TEXT, frame=TEXT
        ),
        standing=_STANDING,
        mark=maybe(ref("FailureMark")),
        count=COUNT,
        gone=COUNT,
        first=INSTANT,
        last=INSTANT,
        recent=_WINDOWS,
        gone_recent=_WINDOWS,
        trend=list_of(COUNT),
        queues=list_of(object_("How many are in a queue.", href=HREF, count=COUNT)),
        examples=list_of(_JOB),
        evidence=maybe(
            object_(
                "What was kept of one of them, before it was retried or removed.",
                job=maybe(TEXT),
                queue=maybe(HREF),
                message=maybe(TEXT),
                stack=maybe(TEXT),
            )
        ),
    ),
    "FailureMark": object_(
        "What was decided; `returned` is when that ended by itself.",
        standing=_STANDING,
        at=INSTANT,
        by=TEXT,
        why=TEXT,
        until=maybe(INSTANT),
        rate=maybe(COUNT),
        returned=maybe(INSTANT),
    ),
    "FailureJobs": object_(
        "Jobs of a group, the newest first; `next` is the start of the next page.",
        jobs=list_of(_JOB),
        total=COUNT,
        next=maybe(COUNT),
    ),
    "FailureResolution": {"type": "object", "properties": {"why": _WHY}, "additionalProperties": False},
    "FailureIgnoring": {
        "type": "object",
        "description": "At least one of `for` (milliseconds) and `rate` (failures an hour).",
        "properties": {
            "for": {"type": ["integer", "null"], "minimum": 1, "maximum": LONGEST_IGNORED},
            "rate": {"type": ["integer", "null"], "minimum": 1, "maximum": HIGHEST_RATE},
            "why": _WHY,
        },
        "anyOf": [{"required": [name], "properties": {name: {"type": "integer"}}} for name in ("for", "rate")],
        "additionalProperties": False,
    },
}
