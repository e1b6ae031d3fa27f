"""JSON Schemas of schedulers; the twin of `scheduler_shapes`, and of what is sent to change one."""

from __future__ import annotations

from collections.abc import Mapping

from core.mutations.job_options import LAST_DUE
from core.mutations.schedule_checks import ID_LIMIT, LONGEST_EVERY
from core.mutations.written import NAME_LIMIT
from core.schedulers.scheduler import Kind, Pending
from dashboard.api.schema_words import (
    ANYTHING,
    COUNT,
    FLAG,
    HREF,
    INSTANT,
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

_RUN = object_(
    "One run that should have been, as the present timing counts.",
    at=INSTANT,
    state={**maybe(one_of(("completed", "failed"))), "description": "Null where it left no job behind."},
    finishedOn=maybe(INSTANT),
    took={**maybe(SPAN), "description": "Read where one scheduler is asked for, else null."},
    jobId=maybe(TEXT),
)
_NEXT_JOB = object_(
    "The job that stands for the next run.", id=TEXT, state=maybe(one_of(Pending)), href=HREF, page=HREF
)
_ROW = object_(
    "A scheduler as the list shows it.",
    key=TEXT,
    kind=one_of(Kind),
    name=TEXT,
    sentence={**TEXT, "description": "Its timing in words; empty where there are none that mean the same."},
    pattern=maybe(TEXT),
    every=maybe(SPAN),
    tz=maybe(TEXT),
    offset=maybe(SPAN),
    limit=maybe(COUNT),
    startDate=maybe(INSTANT),
    endDate=maybe(INSTANT),
    next=INSTANT,
    overdue={**SPAN, "description": "Milliseconds; 0 where it is not."},
    iterationCount={**maybe(COUNT), "description": "How many jobs it has made, the next one counted."},
    nextJob=_NEXT_JOB,
    last=maybe(ref("SchedulerRun")),
    runs={**list_of(ref("SchedulerRun")), "description": "The last 60 at most, the oldest first."},
    twins={**COUNT, "description": "Others of its queue with the same name and timing."},
    trouble=list_of(TEXT),
    queue=ref("QueueId"),
    href=HREF,
    page=HREF,
)
_TEMPLATE = object_(
    "What its jobs are made from.",
    data=ANYTHING,
    opts=ANYTHING,
    payloads=map_of(ref("Payload")),
    **{"from": {**maybe(TEXT), "description": "Where it was read; null where it is nowhere."}},
)
_UPCOMING = object_("The next five runs, as far as they can be told.", instants=list_of(INSTANT), note=TEXT)
_LEAST_1: Schema = {"type": "integer", "minimum": 1}
_FIELDS: dict[str, Schema] = {
    "name": {**maybe(TEXT), "maxLength": NAME_LIMIT, "description": "Of its jobs."},
    "pattern": maybe(TEXT),
    "every": {**maybe(_LEAST_1), "maximum": LONGEST_EVERY, "description": "Milliseconds."},
    "tz": maybe(TEXT),
    "limit": {**maybe(_LEAST_1), "maximum": 2**31 - 1},
    "startDate": {**maybe(COUNT), "maximum": LAST_DUE},
    "endDate": {**maybe(COUNT), "maximum": LAST_DUE},
    "offset": maybe(COUNT),
    "immediately": {**FLAG, "description": "A pattern's first job runs at once."},
    "data": {**ANYTHING, "description": "Of its jobs. Where it is not said, as it is now."},
    "opts": {
        "type": ["object", "null"],
        "description": "Of its jobs, by BullMQ's own names. Where it is not said, as now.",
    },
}


def _body(about: str, *required: str, **properties: Schema) -> Schema:
    named: Schema = {"required": list(required)} if required else {}
    return {"type": "object", "description": about, "additionalProperties": False, **named, "properties": properties}


SCHEDULER_SCHEMAS: Mapping[str, Schema] = {
    "SchedulerRun": _RUN,
    "SchedulerRow": _ROW,
    "SchedulerPage": object_(
        "Schedulers, those in trouble first, then by their next run.",
        schedulers=list_of(ref("SchedulerRow")),
        next=maybe(TEXT),
        found=COUNT,
        covered=object_("What an answer looked at.", looked_at=COUNT, total=COUNT, note=TEXT),
        away={**list_of(TEXT), "description": "What is missing, for its Redis is away."},
    ),
    "Scheduler": with_(
        _ROW,
        "One scheduler in full.",
        upcoming=_UPCOMING,
        template=_TEMPLATE,
        averageDuration={**maybe(SPAN), "description": "Of its retained completed runs."},
    ),
    "SchedulerPreview": object_("What a timing means.", sentence=TEXT, instants=list_of(INSTANT), note=TEXT),
    "SchedulerChange": _body(
        "A scheduler as it is to be: what is not said of its timing it has not.",
        **_FIELDS,
    ),
    "NewScheduler": _body(
        "A scheduler to be made. `id` names it where the queue's library has job schedulers; elsewhere `jobId`"
        " may tell it from others alike.",
        id={**TEXT, "maxLength": ID_LIMIT, "description": "With no colon or space."},
        jobId={**maybe(TEXT), "maxLength": ID_LIMIT, "description": "With no colon or space."},
        **_FIELDS,
    ),
}
