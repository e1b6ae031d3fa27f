"""JSON Schemas of what a person or program may send to change a job or queue, and to add jobs."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import State
from core.mutations.limits import LARGEST
from core.mutations.tending import MOST_KEPT
from core.mutations.written import LINE_LIMIT, NAME_LIMIT
from dashboard.api.schema_words import ANYTHING, COUNT, FLAG, HREF, TEXT, WHOLE, Schema, maybe, one_of, ref

LONGEST_NAME = NAME_LIMIT
LONGEST_REASON = 1000
LONGEST_LINE = LINE_LIMIT
MOST_ADDED = 1000


def _body(about: str, *required: str, **properties: Schema) -> Schema:
    """An object that may have these fields and no other."""
    named: Schema = {"required": list(required)} if required else {}
    return {"type": "object", "description": about, "additionalProperties": False, **named, "properties": properties}


def _text(longest: int, about: str) -> Schema:
    return {**TEXT, "minLength": 1, "maxLength": longest, "description": about}


_FORCE = {**FLAG, "default": False, "description": "Although nothing proves that its worker has abandoned it."}
_NEW_JOB = _body(
    "A job to be added. Its data are kept as they are written.",
    "name",
    name=_text(LONGEST_NAME, "What it is called."),
    data={**ANYTHING, "description": "Any JSON value; {} where there is none. Five megabytes at most."},
    opts={"type": "object", "description": "Options by BullMQ's own names: delay, priority, attempts, backoff, …"},
)
_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": LARGEST}
_RATE_LIMIT: Schema = {
    **_body("So many jobs in so many milliseconds.", "max", "duration", max=_LIMIT, duration=_LIMIT),
    "type": ["object", "null"],
}
CHANGE_SCHEMAS: Mapping[str, Schema] = {
    "NewJob": _NEW_JOB,
    "NewJobs": {
        "required": [],
        "oneOf": [ref("NewJob"), {"type": "array", "items": ref("NewJob"), "minItems": 1, "maxItems": MOST_ADDED}],
    },
    "Added": {"oneOf": [ref("Outcome"), ref("Outcomes")], "description": "For an array an array, in its order."},
    "JobChange": _body(
        "What is to be different, one or more of these; they are done in this order.",
        data={**ANYTHING, "description": "Kept as it is written. Not while the job is active."},
        priority={**WHOLE, "minimum": 0, "description": "0 is none; of the others, less comes first."},
        lifo={**FLAG, "description": "With the priority: before its equals."},
        delay={**COUNT, "description": "Milliseconds from now."},
        progress={"type": ["number", "string", "object"], "description": "What its worker would report."},
    )
    | {"anyOf": [{"required": [name]} for name in ("data", "priority", "delay", "progress")]},
    "Retry": _body("How to retry.", reset_attempts={**FLAG, "default": False, "description": "All attempts anew."}),
    "Duplicate": _body("How the copy differs.", data={**ANYTHING, "description": "Other data than the original's."}),
    "Move": _body(
        "Where it goes. The answer names the job in its new queue; the call can be repeated.",
        "queue",
        queue=HREF,
        state={
            **maybe(one_of(State)),
            "description": "In which you saw it: one that has finished since is left alone.",
        },
        again={
            **FLAG,
            "default": False,
            "description": "Also one that may have come there over six days ago, and run.",
        },
    ),
    "Failure": _body("Why it fails.", "reason", reason=_text(LONGEST_REASON, "Its failedReason."), force=_FORCE),
    "Requeue": _body("How to requeue.", force=_FORCE),
    "LogLine": _body("A line for the job's log.", "line", line=_text(LONGEST_LINE, "Without a line break at its end.")),
    "QueueChange": _body(
        "The limits to set, or, by null, to lift.",
        concurrency={**_LIMIT, "type": ["integer", "null"], "description": "Jobs at once, over all workers."},
        rate_limit=_RATE_LIMIT,
    )
    | {"minProperties": 1},
    "EventTrim": _body(
        "How many to keep.", "keep", keep={**COUNT, "maximum": MOST_KEPT, "description": "About so many of the newest."}
    ),
}
