"""A Redis full of queues to be fuzzed: every layout with every key that it can have, hostile names, and nonsense."""

from __future__ import annotations

import json
from typing import Any

import redis as redis_py

from core.model import Dialect, QueueId
from tests.core.layout import now
from tests.core.test_hostile import Chance
from tests.dashboard.hostile import TEXTS

HOUR = 3_600_000
# Queues by these names have their layout pinned, so that they keep it whatever becomes of their keys.
NAMES = {Dialect.BULL: "mail", Dialect.MQ_LIST: "video", Dialect.MQ4: "billing", Dialect.MQ5: "mail-5"}
PINNED = tuple((name, dialect) for dialect, name in NAMES.items())
JOBS = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
LISTS = {"wait": ("1", "2"), "active": ("3",), "paused": ("4",)}
SORTED = {"delayed": ("5",), "completed": ("6",), "failed": ("7", "8"), "waiting-children": ("9",)}
STACK = '["Error: no route\\n    at send (mail.js:1:2)","Error: no route\\n    at async deliver (mail.js:3:4)"]'


def queue_id(dialect: Dialect) -> QueueId:
    """The queue of this layout."""
    return QueueId("default", "bull", NAMES[dialect])


def lay(redis: redis_py.Redis, dialect: Dialect, base: bytes | None = None) -> bytes:
    """A queue with a job or two in each of its states, and every other key that its library may write; its base."""
    base = base or queue_id(dialect).base
    redis.set(base + b"id", 9)
    for job_id in JOBS:
        _job(redis, base, job_id, dialect)
    for suffix, ids in LISTS.items():
        redis.lpush(base + suffix.encode(), *ids)
    for suffix, ids in SORTED.items():
        score = (now() + HOUR) * 4096 if suffix == "delayed" else now() - HOUR
        if suffix != "waiting-children" or dialect is not Dialect.BULL:
            redis.zadd(base + suffix.encode(), dict.fromkeys(ids, score))
    _around(redis, base)
    _of_dialect(redis, base, dialect)
    return base


def _job(redis: redis_py.Redis, base: bytes, job_id: str, dialect: Dialect) -> None:
    key = base + job_id.encode()
    counted = "atm" if dialect is Dialect.MQ5 else "attemptsMade"
    fields: dict[Any, Any] = {
        "name": "deliver",
        "data": json.dumps({"to": "ada", "batchId": "b1", "n": int(job_id)}),
        "opts": '{"attempts":3,"backoff":{"type":"fixed","delay":1000}}',
        "timestamp": now() - 2 * HOUR,
        "delay": 0,
        "priority": 0,
        counted: 1,
        "processedOn": now() - HOUR,
        "finishedOn": now() - HOUR + 500,
        "progress": '{"percent":40}',
        "returnvalue": '{"sent":true}',
        "failedReason": "Error: no route",
        "stacktrace": STACK,
        "deid": "d1",
        "pb": "w1",
    }
    if dialect is not Dialect.BULL and job_id == "1":
        parent = {"id": "9", "queueKey": base[:-1].decode("utf-8", "replace")}
        fields |= {"parentKey": base + b"9", "parent": json.dumps(parent)}
    redis.hset(key, mapping=fields)
    redis.rpush(key + b":logs", "one line", "and another")


def _around(redis: redis_py.Redis, base: bytes) -> None:
    """What every library writes beside the jobs."""
    redis.set(base + b"3:lock", "token", px=600_000)
    redis.sadd(base + b"stalled", "3")
    redis.set(base + b"stalled-check", now(), px=600_000)
    redis.set(base + b"limiter", 3, px=600_000)
    redis.zadd(base + b"repeat", {"hourly": now() + HOUR, "digest:::0 3 * * *": now() + HOUR})
    redis.set(base + b"de:d1", "1")
    for kind in (b"completed", b"failed"):
        redis.hset(base + b"metrics:" + kind, mapping={"count": 9, "prevTS": now(), "prevCount": 8})
        redis.lpush(base + b"metrics:" + kind + b":data", 1, 2, 3)


def _of_dialect(redis: redis_py.Redis, base: bytes, dialect: Dialect) -> None:
    if dialect is Dialect.BULL:
        redis.set(base + b"meta-paused", 1)
        redis.hset(base + b"meta", "paused", 1)
        redis.hset(base + b"limiter:index", "1", "g")
        redis.sadd(base + b"limiter:g:limited", "1")
        redis.zadd(base + b"priority", {"1": 5})
        return
    redis.hset(base + b"meta", mapping={"opts.maxLenEvents": 10_000, "concurrency": 5, "max": 9, "duration": 1000})
    for event in ("waiting", "active", "completed", "failed"):
        redis.xadd(base + b"events", {"event": event, "jobId": "1", "prev": "waiting", "failedReason": "no route"})
    redis.sadd(base + b"9:dependencies", base + b"1")
    redis.hset(base + b"9:processed", mapping={base + b"6": '{"sent":true}'})
    if dialect is Dialect.MQ_LIST:
        redis.zadd(base + b"priority", {"1": 5})
        redis.xadd(base + b"delay", {"nextTimestamp": now() + HOUR})
        return
    redis.zadd(base + b"prioritized", {"2": (5 << 32) + 1})
    redis.set(base + b"pc", 1)
    if dialect is Dialect.MQ5:
        redis.hset(base + b"meta", "version", "bullmq:6.7.0")
        redis.zadd(base + b"marker", {"0": 0})
        redis.hset(base + b"9:failed", mapping={base + b"7": "no route"})
        redis.zadd(base + b"9:unsuccessful", {base + b"8": now()})
        redis.hset(base + b"repeat:hourly", mapping={"name": "digest", "every": HOUR, "ic": 3, "data": "{}"})
        redis.hset(base + b"dn:d1", mapping={"name": "next", "data": "{}", "opts": "{}", "jid": "1"})


def hostile_names(redis: redis_py.Redis) -> None:
    """A queue by each hostile text, with jobs that say it too."""
    for words in TEXTS[:-1]:
        raw = words.encode("utf-8", "surrogateescape" if "\udcff" in words else "replace")
        base = b"bull:" + raw + b":"
        lay(redis, Dialect.MQ5, base)
        told: dict[Any, Any] = {
            "name": raw,
            "data": json.dumps({"x": words}),
            "failedReason": raw,
            "progress": raw,
            "stacktrace": raw,
        }
        redis.hset(base + raw, mapping=told | {"timestamp": now(), "opts": raw})
        redis.zadd(base + b"failed", {raw: now()})


def nonsense(redis: redis_py.Redis, seed: int) -> None:
    """A queue whose keys hold anything of any type."""
    base = b"bull:nonsense-%d:" % seed
    lay(redis, Dialect.MQ5, base)
    chance = Chance(redis, seed)
    for suffix in (b"wait", b"active", b"delayed", b"failed", b"events", b"repeat", b"metrics:failed", b"prioritized"):
        chance.key(base + suffix)
    chance.jobs(base)


def fill(redis: redis_py.Redis) -> None:
    """All of it."""
    for dialect in Dialect:
        lay(redis, dialect)
    hostile_names(redis)
    for seed in range(3):
        nonsense(redis, seed)
