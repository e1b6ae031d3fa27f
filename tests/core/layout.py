"""Queues written key by key, where a real library would refuse or take too long: odd names, many jobs."""

from __future__ import annotations

import time
from typing import Any

import redis as redis_py

Key = bytes | str


def now() -> int:
    return time.time_ns() // 1_000_000


def queue(redis: redis_py.Redis, base: Key = "bull:mail:", version: str = "6.7.0") -> bytes:
    """An empty BullMQ queue that ran jobs once; its base key."""
    raw = base.encode() if isinstance(base, str) else base
    redis.hset(raw + b"meta", mapping={"opts.maxLenEvents": "10000", "version": f"bullmq:{version}"})
    redis.set(raw + b"id", 1)
    redis.xadd(raw + b"events", {"event": "added", "jobId": "1", "name": "welcome"})
    redis.zadd(raw + b"marker", {"0": 0})
    return raw


def bull(redis: redis_py.Redis, base: Key) -> bytes:
    """A queue of Bull with one finished job."""
    raw = base.encode() if isinstance(base, str) else base
    redis.set(raw + b"id", 1)
    redis.zadd(raw + b"completed", {"1": now()})
    redis.hset(raw + b"1", mapping={"name": "__default__", "timestamp": now(), "data": "{}", "opts": "{}"})
    return raw


def job(redis: redis_py.Redis, base: bytes, id: str = "1", **fields: Any) -> bytes:
    """A job's hash; its id as Redis keeps it. `fields` add to the usual ones, or replace them."""
    usual: dict[Any, Any] = {
        "name": "welcome",
        "data": "{}",
        "opts": '{"attempts":3}',
        "timestamp": now(),
        "delay": 0,
        "priority": 0,
    }
    raw = id.encode("utf-8", "surrogateescape")
    redis.hset(base + raw, mapping=usual | fields)
    return raw


def waiting(redis: redis_py.Redis, base: bytes, *ids: str, **fields: Any) -> None:
    """Jobs in the waiting list, in the order in which they were added."""
    for id in ids:
        redis.lpush(base + b"wait", job(redis, base, id, **fields))


def failed(redis: redis_py.Redis, base: bytes, *ids: str, at: int | None = None, **fields: Any) -> None:
    for id in ids:
        redis.zadd(base + b"failed", {job(redis, base, id, **fields): at or now()})
