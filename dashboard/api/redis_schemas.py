"""JSON Schemas of how each Redis is; the twin of `redis_shapes`."""

from __future__ import annotations

from collections.abc import Mapping

from core.model import State
from dashboard.api.schema_words import (
    COUNT,
    FLAG,
    INSTANT,
    NUMBER,
    SPAN,
    TEXT,
    WHOLE,
    Schema,
    list_of,
    maybe,
    object_,
    one_of,
    ref,
)

_SIZE: Schema = {"type": "integer", "minimum": 0, "description": "Bytes."}
_SERVER = object_(
    "What one server says of itself; null where it does not say.",
    address={**TEXT, "description": "Empty for the only server of an instance."},
    flavour=TEXT,
    version=TEXT,
    mode=TEXT,
    role=TEXT,
    uptime=maybe(SPAN),
    memory_used=maybe(_SIZE),
    memory_peak=maybe(_SIZE),
    memory_resident=maybe(_SIZE),
    memory_max={**maybe(_SIZE), "description": "Null where there is no limit."},
    memory_host=maybe(_SIZE),
    policy=maybe(TEXT),
    clients=maybe(COUNT),
    blocked=maybe(COUNT),
    clients_max=maybe(COUNT),
    rejected=maybe(COUNT),
    evicted=maybe(COUNT),
    commands=maybe(COUNT),
    per_second=maybe(COUNT),
    persistence=object_(
        "What of its data outlives the server.",
        loading=FLAG,
        saved_at=maybe(INSTANT),
        changes=maybe(COUNT),
        saving=FLAG,
        save_failed=FLAG,
        aof=FLAG,
        aof_failed=FLAG,
    ),
    replicas=list_of(object_("A replica as its master sees it.", address=TEXT, state=TEXT, lag=maybe(SPAN))),
    link={**TEXT, "description": "A replica's link to its master."},
)
_HOLDING = object_(
    "What one queue holds: its jobs, by what the sampled ones take; its lists and sets; its event stream.",
    queue=ref("QueueId"),
    bytes=_SIZE,
    jobs=COUNT,
    jobs_bytes=_SIZE,
    sampled=COUNT,
    lists_bytes=_SIZE,
    events=maybe(COUNT),
    events_bytes=_SIZE,
    max_events=maybe(COUNT),
)
_UNTRIMMED = object_(
    "Finished jobs that nobody trims; `grown` more in a window of so many milliseconds.",
    queue=ref("QueueId"),
    state=one_of((State.COMPLETED, State.FAILED)),
    count=COUNT,
    oldest=maybe(INSTANT),
    grown=WHOLE,
    window=SPAN,
)
_SLOW_LOG = object_(
    "Our own commands in the slow log.",
    ours=list_of(object_("One.", at=INSTANT, microseconds=COUNT, command=TEXT, key=TEXT, server=TEXT)),
    looked_at=COUNT,
    threshold_microseconds=maybe(WHOLE),
    refusal=TEXT,
)
_COST = object_(
    "What Tickbird costs, by Redis' own clock around `sample` of its usual questions; null where it was not measured.",
    commands_per_minute=NUMBER,
    microseconds_per_command=maybe(NUMBER),
    milliseconds_per_minute=maybe(NUMBER),
    sample=COUNT,
    note=TEXT,
)
REDIS_SCHEMAS: Mapping[str, Schema] = {
    "RedisHealth": object_("Every instance.", instances=list_of(ref("RedisStanding"))),
    "RedisStanding": object_(
        "How one instance is.",
        name=TEXT,
        address=TEXT,
        down_since=maybe(INSTANT),
        trouble=TEXT,
        refusals=list_of(TEXT),
        concerns=list_of(object_("What a person should know.", kind=one_of(("bad", "warn")), sentence=TEXT)),
        servers=list_of(ref("RedisServer")),
        memory_slope=object_("Of our own readings.", bytes_per_minute=maybe(NUMBER), window=SPAN),
        memory_full_in={**maybe(SPAN), "description": "At that slope; null without a limit or growth."},
        slow_log=_SLOW_LOG,
        cost=_COST,
        queues=COUNT,
        holdings=list_of(ref("RedisHolding")),
        holdings_refusal=TEXT,
        untrimmed=list_of(_UNTRIMMED),
    ),
    "RedisServer": _SERVER,
    "RedisHolding": _HOLDING,
}
