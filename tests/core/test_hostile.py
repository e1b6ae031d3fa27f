"""A keyspace full of nonsense: every answer is an answer or a refusal in words, and the readings go on."""

from __future__ import annotations

import json
import logging
import random
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import NotFound
from core.herd import Herd
from core.model import QueueId
from core.text import printable
from tests.core import layout
from tests.core.waiting import read_now, still
from tickbird.demo.server import EmbeddedServer

SUFFIXES = [
    *("id", "meta", "wait", "active", "paused", "delayed", "completed", "failed", "prioritized", "waiting-children"),
    *("events", "pc", "priority", "marker", "delay", "meta-paused", "limiter", "stalled-check", "stalled", "repeat"),
    *("metrics:completed", "metrics:completed:data", "metrics:failed", "groups", "limiter:index"),
]
FIELDS = [
    *("name", "data", "opts", "timestamp", "delay", "priority", "attemptsMade", "atm", "ats", "processedOn", "stc"),
    *("finishedOn", "progress", "returnvalue", "failedReason", "stacktrace", "parent", "parentKey", "pb", "deid"),
]
MARKUP = "<script>alert(1)</script>{{7*7}}\u202e\x00\x1b[2J"
NONSENSE: list[str | bytes] = [
    *("", "0", "-1", "1e999", "nan", "[]", "{}", "null", '"', "[1,", MARKUP, "\ud800".encode("utf-8", "surrogatepass")),
    *(b"\xff\xfe\x00", "9" * 400, "[" * 500, '{"id":{"id":[]},"queueKey":"a"}', '{"delay":1e308,"attempts":-1}'),
    *('{"percent":1e308}', "0:0", "0", "1800000000000", "7372800000000000", "bullmq:6.7.0", "bullmq-pro:7", "\r\n"),
]


class Chance:
    """Writes nonsense, the same for the same seed."""

    def __init__(self, redis: redis_py.Redis, seed: int) -> None:
        self.redis, self.random = redis, random.Random(seed)

    def word(self) -> Any:
        return self.random.choice(NONSENSE)

    def some(self) -> list[Any]:
        return [self.word() for _ in range(self.random.randrange(1, 5))]

    def key(self, key: bytes) -> None:
        """Something of any type, or nothing."""
        self.redis.delete(key)
        match self.random.randrange(7):
            case 0:
                self.redis.set(key, self.word(), px=self.random.choice([None, 60_000]))
            case 1:
                self.redis.rpush(key, *self.some())
            case 2:
                self.redis.zadd(key, {word: self.score() for word in self.some()})
            case 3:
                self.redis.hset(key, items=[part for word in self.some() for part in (word, self.word())])
            case 4:
                self.redis.sadd(key, *self.some())
            case 5:
                self.redis.xadd(key, {"event": self.word(), "jobId": self.word()})
            case _:
                pass

    def score(self) -> float:
        return self.random.choice([0, -1, 1.5, 1e300, float("inf"), float("-inf"), 7372800000000000.0, layout.now()])

    def jobs(self, base: bytes) -> None:
        """A hash for most of the ids that may stand somewhere."""
        for word in NONSENSE:
            raw = word if isinstance(word, bytes) else word.encode()
            if self.random.random() < 0.7 and self.redis.type(base + raw) == b"none":
                fields = self.random.sample(FIELDS, self.random.randrange(1, len(FIELDS)))
                self.redis.hset(base + raw, items=[part for field in fields for part in (field, self.word())])
                for child in (b":logs", b":dependencies", b":processed", b":failed", b":unsuccessful", b":lock"):
                    self.key(base + raw + child)


async def ask_everything(herd: Herd, id: QueueId) -> None:
    """Each answer is a value that can be shown and sent."""
    for state in herd.queue(id).counts:
        for limit in (1, 3):
            page = await herd.jobs(id, state, limit=limit)
            if page.next:
                await herd.jobs(id, state, limit=limit, cursor=page.next)
            for row in page.rows:
                with suppress(NotFound):
                    await ask_of_job(herd, id, row.id)
    shown(await herd.history(id))


async def ask_of_job(herd: Herd, id: QueueId, job_id: str) -> None:
    job = await herd.job(id, job_id)
    shown(job)
    assert job.row.percent is None or 0 <= job.row.percent <= 100
    shown(await herd.logs(id, job_id))
    shown(await herd.rows(id, [job_id]))
    herd.job_permits(id, job)


def shown(value: Any) -> None:
    """It can be printed, and sent as JSON."""
    as_dict = asdict(value) if hasattr(value, "__dataclass_fields__") else repr(value)
    printable(repr(as_dict)).encode()
    json.dumps(as_dict, allow_nan=False, default=str, skipkeys=True)


@pytest.mark.parametrize("library", ["bullmq", "bull"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(seed=st.integers(0, 2**32))
async def test_a_queue_of_nonsense_is_read_as_far_as_it_makes_sense(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture, library: str, seed: int
) -> None:
    redis.flushall()
    chance, base = Chance(redis, seed), b"bull:mail:"
    if library == "bullmq":
        layout.queue(redis, base)
    else:
        layout.bull(redis, base)
    for suffix in chance.random.sample(SUFFIXES, 14):
        chance.key(base + suffix.encode())
    chance.jobs(base)
    async with still(server.url) as herd:
        for _ in range(2):
            (reading,) = herd.snapshot().readings
            assert reading.trouble == ""
            for queue in reading.queues:
                shown(queue)
                herd.permits(queue.id)
                await ask_everything(herd, queue.id)
            await read_now(herd)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
