"""JSON Schemas of queues, instances and what happens to them; the twin of `shapes`."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import STATES, Dialect, Health
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
    maybe,
    object_,
    one_of,
    ref,
    with_,
)

_FRESHNESS: dict[str, Schema] = {
    "taken_at": {**maybe(INSTANT), "description": "When this was read from Redis."},
    "age_ms": maybe(SPAN),
    "stale": {"type": "boolean", "description": "Redis is away, or this is older than it should be."},
}
_COVERED = object_("What an answer looked at.", looked_at=COUNT, total=COUNT, note=TEXT)
_QUEUE_ID = object_("A queue and where it is.", instance=TEXT, prefix=TEXT, name=TEXT, href=HREF, page=HREF)
_QUEUE_ROW = with_(
    _QUEUE_ID,
    "A queue as the list shows it.",
    dialect=one_of(Dialect),
    version=maybe(TEXT),
    label=TEXT,
    paused=FLAG,
    counts={"type": "object", "propertyNames": one_of(STATES), "additionalProperties": COUNT},
    total=COUNT,
    backlog={**COUNT, "description": "Ready to run: waiting, paused and prioritized."},
    overdue={**COUNT, "description": "Delayed jobs whose time has come."},
    oldest_ready=maybe(INSTANT),
    workers=maybe(object_("Worker connections; `free` of them wait for a job.", total=COUNT, free=COUNT)),
    in_per_minute=maybe(NUMBER),
    out_per_minute=maybe(NUMBER),
    completed_last_hour={**COUNT, "description": "Of those that are still kept."},
    failed_last_hour={**COUNT, "description": "Of those that are still kept."},
    health=one_of(Health),
    verdict=TEXT,
    needs_attention=FLAG,
    **_FRESHNESS,
)
_QUEUE = with_(
    _QUEUE_ROW,
    "Everything that is known of a queue.",
    library=one_of(("bull", "bullmq")),
    evidence=list_of(TEXT),
    pinned=FLAG,
    doubt=TEXT,
    worker_names=maybe(list_of(TEXT)),
    limits=object_(
        "What holds the queue back by configuration.",
        concurrency=maybe(COUNT),
        rate_max=maybe(COUNT),
        rate_duration=maybe(SPAN),
        limited_for=maybe(SPAN),
    ),
    instants=object_(
        "The moments by which a queue's health is judged.",
        oldest_waiting=maybe(INSTANT),
        oldest_prioritized=maybe(INSTANT),
        oldest_active=maybe(INSTANT),
        oldest_failed=maybe(INSTANT),
        next_delayed=maybe(INSTANT),
        last_finished=maybe(INSTANT),
        stalled_check=maybe(INSTANT),
    ),
    spark=list_of(maybe(NUMBER)),
    arrivals=list_of(maybe(NUMBER)),
    ids=maybe(COUNT),
    completed_ever=maybe(COUNT),
    failed_ever=maybe(COUNT),
    max_events=maybe(COUNT),
    active_without_lock=maybe(COUNT),
    permits=list_of(ref("Permit")),
)
_REDIS = object_(
    "What a Redis says of itself.",
    flavour=TEXT,
    version=TEXT,
    mode=TEXT,
    role=TEXT,
    maxmemory_policy=maybe(TEXT),
    memory_used=COUNT,
    memory_max=COUNT,
    clients=COUNT,
    evicted_keys=COUNT,
    rejected_connections=COUNT,
    uptime_seconds=COUNT,
)
_INSTANCE = object_(
    "How one Redis stands.",
    name=TEXT,
    up=FLAG,
    down_since=maybe(INSTANT),
    trouble=TEXT,
    refusals=list_of(TEXT),
    queues=COUNT,
    redis=maybe(ref("Redis")),
    discovery=object_(
        "The search for queues.", running=FLAG, keys_seen=COUNT, keys_total=COUNT, last_seconds=maybe(NUMBER)
    ),
    **_FRESHNESS,
)
_METRICS = object_(
    "What a queue holds now, and did in the last hour. Null is not known, never zero.",
    waiting=maybe(COUNT),
    active=maybe(COUNT),
    delayed=maybe(COUNT),
    completed={**maybe(COUNT), "description": "In the last hour."},
    failed={**maybe(COUNT), "description": "In the last hour."},
    avgProcessingTime=maybe(SPAN),
    covered=object_(
        "How much of the hour these figures cover.",
        minutes=COUNT,
        of=COUNT,
        exact_since=maybe(INSTANT),
        note=TEXT,
        processing=ref("Covered"),
    ),
    **_FRESHNESS,
)
_OUTCOME = object_(
    "What an action did, in a sentence too; `changed` is false where it was so already.",
    verb=TEXT,
    changed=FLAG,
    sentence=TEXT,
    id=maybe(TEXT),
    href=HREF,
    page=HREF,
    queue=ref("QueueId"),
)

QUEUE_SCHEMAS: Mapping[str, Schema] = {
    "Queues": object_(
        "Every queue, and how each instance stands.",
        queues=list_of(ref("QueueRow")),
        instances=list_of(ref("Instance")),
        snapshot={**COUNT, "description": "Grows with each reading."},
    ),
    "QueueId": _QUEUE_ID,
    "QueueRow": _QUEUE_ROW,
    "Queue": _QUEUE,
    "Instance": _INSTANCE,
    "Redis": _REDIS,
    "Metrics": _METRICS,
    "Covered": _COVERED,
    "Permit": object_("Whether an action is legal now, and if not, why.", verb=TEXT, allowed=FLAG, why=TEXT),
    "Outcome": _OUTCOME,
    "Outcomes": object_("What several acts did, in their order.", outcomes=list_of(ref("Outcome"))),
}
