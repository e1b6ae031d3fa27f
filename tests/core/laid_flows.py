"""Flows laid out key by key in two queues, and a herd that reads them when told to."""

from __future__ import annotations

import json
from typing import Any

import redis as redis_py

from core.herd import Herd
from core.model import Dialect, QueueId
from core.redaction.redaction import Rule
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core.layout import job, now, queue

MAIL, VIDEO = QueueId("default", "bull", "mail"), QueueId("default", "shop", "video")


class Laid:
    """Jobs laid out key by key in `bull:mail` and, under another prefix, `shop:video`."""

    def __init__(self, redis: redis_py.Redis) -> None:
        self.redis = redis
        self.bases = {id: queue(redis, id.base) for id in (MAIL, VIDEO)}

    def put(self, id: QueueId, job_id: str, state: str = "", below: bytes = b"", **fields: Any) -> bytes:
        """A job; `state` is the key that holds it. It names its parent, who is told nothing."""
        if below:
            above, _, parent_id = below.rpartition(b":")
            named = {"id": parent_id.decode(), "queueKey": above.decode()}
            fields = {"parentKey": below, "parent": json.dumps(named), **fields}
        key = self.bases[id] + job(self.redis, self.bases[id], job_id, **fields)
        if state == "wait":
            self.redis.lpush(self.bases[id] + b"wait", job_id)
        elif state:
            self.redis.zadd(self.bases[id] + state.encode(), {job_id: fields.get("score", now())})
        return key

    def waits_for(self, parent: bytes, *children: bytes) -> None:
        self.redis.sadd(parent + b":dependencies", *children)


def watching(url: str) -> Herd:
    """A herd that hides passwords and takes every queue for one of BullMQ 5 or 6."""
    redis = RedisSettings("default", url, ("*",), (("*", Dialect.MQ5),))
    return Herd(Settings(redis=(redis,), redact=(Rule(("password",)),)))
