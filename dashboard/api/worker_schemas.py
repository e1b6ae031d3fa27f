"""JSON Schemas of workers and lock pulses; the twin of `worker_shapes`."""

from __future__ import annotations

from collections.abc import Mapping

from core.workers.crew import Condition
from dashboard.api.schema_words import (
    COUNT,
    FLAG,
    HREF,
    INSTANT,
    SPAN,
    TEXT,
    Schema,
    list_of,
    maybe,
    object_,
    one_of,
    ref,
)

_WORKER = object_(
    "A worker's connection.",
    instance=TEXT,
    queue=maybe(ref("QueueId")),
    serves={**TEXT, "description": "The base key that its name speaks of."},
    name=TEXT,
    address=TEXT,
    connected_at=maybe(INSTANT),
    idle={**maybe(SPAN), "description": "Milliseconds since it sent a command, in steps of a second."},
    free={**FLAG, "description": "It waits for a job."},
    waits_on=TEXT,
    client={**TEXT, "description": "The client library and its version; servers before Redis 7.2 do not tell."},
    condition=one_of(Condition),
    jobs={**maybe(list_of(TEXT)), "description": "The ids that it runs; null where the library does not record it."},
    note=TEXT,
)
_PULSE = object_(
    "The lock pulse of an active job.",
    id=TEXT,
    name=TEXT,
    queue=ref("QueueId"),
    href=HREF,
    page=HREF,
    condition=one_of(Condition),
    evidence={**TEXT, "description": "Why its condition is what it is; empty where all is well."},
    lock_left={**maybe(SPAN), "description": "Milliseconds left on its lock; null where nobody holds one."},
    lock_usual={**maybe(SPAN), "description": "The length of a lock here, learned by watching."},
    renewed_at={**maybe(INSTANT), "description": "When its lock was last seen to be renewed."},
    worker={**TEXT, "description": "The name that the library recorded; empty where it records none."},
    since=maybe(INSTANT),
    timeout={**maybe(SPAN), "description": "The option of that name; only Bull enforces it."},
    past_timeout=FLAG,
)
_VANISHED = object_(
    "A worker that went while jobs were held.",
    instance=TEXT,
    queue=maybe(ref("QueueId")),
    serves=TEXT,
    name=TEXT,
    address=TEXT,
    connected_at=maybe(INSTANT),
    gone_at=INSTANT,
    jobs=list_of(TEXT),
    sure={**FLAG, "description": "The jobs were its own; else they may be another worker's."},
    left={**COUNT, "description": "How many of them are still as it left them."},
)
WORKER_SCHEMAS: Mapping[str, Schema] = {
    "Worker": _WORKER,
    "Pulse": _PULSE,
    "Vanished": _VANISHED,
    "Crew": object_(
        "Who works, and how the active jobs do; worst first.",
        workers=list_of(ref("Worker")),
        jobs=list_of(ref("Pulse")),
        vanished={**list_of(ref("Vanished")), "description": "Newest first, of the last 15 minutes."},
        nameless={**COUNT, "description": "Connections that wait for jobs without saying of which queue."},
        trouble={**list_of(TEXT), "description": "What could not be asked."},
        covered=ref("Covered"),
    ),
}
