"""Queues written key by key as BullMQ 6 writes them, so that a browser has something to look at and to act on."""

from __future__ import annotations

import json
import time
from typing import Any

import redis as redis_py

VERSION = "bullmq:6.7.0"
LISTS = {"waiting": "wait", "active": "active"}
TRACE = "Error: ECONNRESET\n    at send (/app/src/mail.ts:88:13)\n    at run (node:internal/x:1:1)"


def now() -> int:
    return time.time_ns() // 1_000_000


class Company:
    """Adds queues and jobs, and moves them as workers would."""

    def __init__(self, redis: redis_py.Redis) -> None:
        self.redis = redis

    def queue(self, name: str) -> str:
        """A queue that has been used by BullMQ 6."""
        base = f"bull:{name}:"
        # All at once: half of it looks like another library's to whoever reads just then.
        with self.redis.pipeline() as write:
            write.hset(base + "meta", mapping={"version": VERSION, "opts.maxLenEvents": 10000})
            write.set(base + "id", 1000)
            write.set(base + "pc", 0)
            write.zadd(base + "marker", {"0": 0})
            write.xadd(base + "events", {"event": "added", "jobId": "1000", "name": "send"})
            write.execute()
        return name

    def job(self, queue: str, id: str, state: str, *, score: float | None = None, **fields: Any) -> str:
        """A job in that state; `fields` are those of its hash, JSON where they are no text."""
        at = now()
        known = {
            "name": "send",
            "data": {"to": "ada@example.com"},
            "opts": {"attempts": 3},
            "timestamp": at - 60_000,
            "ats": 1,
        }
        written: dict[Any, Any] = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in (known | fields).items()
        }
        self.redis.hset(f"bull:{queue}:{id}", mapping=written)
        if state in LISTS:
            self.redis.lpush(f"bull:{queue}:{LISTS[state]}", id)
        else:
            self.redis.zadd(f"bull:{queue}:{state}", {id: score or at})
        if state == "active":
            self.redis.set(f"bull:{queue}:{id}:lock", "token", px=30_000)
        return id

    def failed(self, queue: str, id: str, **fields: Any) -> str:
        """A job that has used up its attempts."""
        at = now()
        words = {"failedReason": "ECONNRESET 10.0.0.4:443", "stacktrace": [TRACE], "atm": 3, "ats": 3}
        return self.job(queue, id, "failed", **{**words, "processedOn": at - 1200, "finishedOn": at, **fields})

    def delayed(self, queue: str, id: str, due: int, **fields: Any) -> str:
        """A job whose time comes at `due`."""
        return self.job(queue, id, "delayed", score=due * 4096, delay=due - now(), **fields)

    def progress(self, queue: str, id: str, value: Any) -> None:
        self.redis.hset(f"bull:{queue}:{id}", "progress", json.dumps(value))

    def complete(self, queue: str, id: str) -> None:
        """The worker is done with it."""
        at = now()
        self.redis.lrem(f"bull:{queue}:active", 0, id)
        self.redis.delete(f"bull:{queue}:{id}:lock")
        self.redis.hset(f"bull:{queue}:{id}", mapping={"finishedOn": at, "returnvalue": "true"})
        self.redis.zadd(f"bull:{queue}:completed", {id: at})

    def states(self, queue: str, id: str) -> set[str]:
        """Where the job is."""
        found = {
            state for state, key in LISTS.items() if id.encode() in self.redis.lrange(f"bull:{queue}:{key}", 0, -1)
        }
        sets = ("failed", "completed", "delayed", "prioritized")
        return found | {state for state in sets if self.redis.zscore(f"bull:{queue}:{state}", id) is not None}

    def paused(self, queue: str) -> bool:
        return bool(self.redis.hexists(f"bull:{queue}:meta", "paused"))
