"""Every key of a queue's layout, and what may lie there instead of what its library writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import redis as redis_py

from core.model import Dialect
from tests.fuzz.company import lay, queue_id

GARBAGE = b"\xff\xfe\x00[{\"'%s<b>"
# A member that looks like a job's id, so that what is read of it is read on.
MEMBERS = (GARBAGE, b"1", b"6")
# JSON of the shapes that are looked for, with half a character wherever a text is wanted.
HALF = "\ud800"
POISON = json.dumps(
    dict.fromkeys(("id", "queue", "jobId", "originalJobId", "originalQueue", "name", "jobName", "error", "to"), HALF)
    | {"queueKey": f"bull:{HALF}", "originalJob": {"id": HALF, "name": HALF, "data": {HALF: HALF}}, "attempts": 1e308}
).encode()
KINDS = ("string", "list", "set", "zset", "hash", "stream", "poisoned string", "poisoned hash", "poisoned stream")


def put(redis: redis_py.Redis, key: bytes, kind: str) -> None:
    """Garbage of this type, whatever was there."""
    redis.delete(key)
    poisoned, _, kind = kind.rpartition(" ")
    value = POISON if poisoned else GARBAGE
    if kind == "string":
        redis.set(key, value)
    elif kind == "list":
        redis.rpush(key, *MEMBERS)
    elif kind == "set":
        redis.sadd(key, *MEMBERS)
    elif kind == "zset":
        redis.zadd(key, dict(zip(MEMBERS, (float("-inf"), 1e300, -0.5), strict=True)))
    elif kind == "hash":
        fields: list[Any] = [part for name in (*FIELDS, GARBAGE) for part in (name, value)]
        redis.hset(key, items=fields)
    else:
        redis.xadd(key, {"event": "failed" if poisoned else GARBAGE, "jobId": value, GARBAGE: value})


# Fields of hashes of every kind: of jobs, of `meta`, of metrics, of schedulers.
FIELDS = (
    *(b"name", b"data", b"opts", b"timestamp", b"delay", b"priority", b"atm", b"ats", b"attemptsMade", b"processedOn"),
    *(b"finishedOn", b"progress", b"returnvalue", b"failedReason", b"stacktrace", b"parent", b"parentKey", b"deid"),
    *(b"pb", b"rjk", b"stc", b"defa", b"version", b"paused", b"concurrency", b"max", b"duration", b"count", b"prevTS"),
    *(b"prevCount", b"every", b"pattern", b"tz", b"ic", b"offset", b"endDate", b"startDate", b"limit", b"jid"),
)


def suffixes(redis: redis_py.Redis, dialect: Dialect) -> Iterator[bytes]:
    """The end of each key of a queue as it was laid; of its jobs, those of the one that has most keys."""
    base = lay(redis, dialect)
    found = sorted(key.removeprefix(base) for key in redis.scan_iter(base + b"*"))
    alike = (b"2", b"4", b"5", b"7", b"8")
    yield from (suffix for suffix in found if suffix.split(b":")[0] not in alike)


def breakages(redis: redis_py.Redis, dialect: Dialect) -> Iterator[tuple[bytes, str]]:
    """Each key with each kind of garbage, as (key, kind); all others are as they were laid."""
    base = queue_id(dialect).base
    for suffix in list(suffixes(redis, dialect)):
        for kind in KINDS:
            redis.delete(*redis.keys(base + b"*"))
            lay(redis, dialect)
            put(redis, base + suffix, kind)
            yield base + suffix, kind
