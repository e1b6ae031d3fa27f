"""Queues of BullMQ Pro, queues paused apart and queues whose version was written over, read from a real server and
acted on, or not, through a herd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis as redis_py

from core.discovery import Walk
from core.errors import Unsupported
from core.herd import Herd
from core.instance import Instance
from core.model import QueueId, State
from core.mutations.act import pauses_by
from core.register import Register
from tests.core.waiting import read_now, still
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")


@pytest.fixture
async def watching(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    async with still(server.url) as herd:
        yield herd


def queue_of_5(redis: redis_py.Redis, version: str = "5.81.5") -> None:
    redis.set("bull:mail:id", 9)
    redis.hset("bull:mail:meta", mapping={"opts.maxLenEvents": 10000, "version": f"bullmq:{version}"})
    redis.xadd("bull:mail:events", {"event": "added"})
    redis.zadd("bull:mail:marker", {"0": 0})


def job(redis: Any, job_id: str, key: str, **fields: str) -> None:
    redis.hset(f"bull:mail:{job_id}", mapping={"name": "deliver", "data": "{}", "timestamp": "1", "atm": "1", **fields})
    if key in ("wait", "paused", "active"):
        redis.lpush(f"bull:mail:{key}", job_id)
    else:
        redis.zadd(f"bull:mail:{key}", {job_id: 1})


def in_pro(redis: redis_py.Redis, sign: str) -> None:
    queue_of_5(redis, "5.81.5")
    job(redis, "1", "failed", **({"gid": "anna"} if sign == "gid" else {}))
    job(redis, "2", "wait")
    if sign == "groups":
        redis.zadd("bull:mail:groups", {"anna": 1})
    elif sign == "version":
        redis.hset("bull:mail:meta", "version", "bullmq-pro:7.21.0")


@pytest.mark.parametrize("sign", ["groups", "version", "gid"])
async def test_a_queue_of_pro_is_counted_and_read_and_nothing_else(
    watching: Herd, redis: redis_py.Redis, sign: str
) -> None:
    in_pro(redis, sign)
    before = {key: redis.dump(key) for key in redis.keys("*")}
    await read_now(watching)
    queue = watching.queue(MAIL)
    assert (queue.counts[State.WAITING], queue.counts[State.FAILED]) == (1, 1)
    assert [row.id for row in (await watching.jobs(MAIL, State.FAILED)).rows] == ["1"]
    found = await watching.job(MAIL, "1")
    permits = [*watching.permits(MAIL), *watching.job_permits(MAIL, found)]
    assert [permit.verb for permit in permits if permit.allowed] == []
    assert {permit.why for permit in permits} == {queue.identity.doubt}
    assert "BullMQ Pro" in queue.identity.doubt
    acts: list[tuple[str, tuple[Any, ...]]] = [
        ("retry", ("1",)),
        ("remove", ("1",)),
        ("fail", ("1", "gone")),
        ("requeue", ("1",)),
        ("pause", ()),
        ("mend_pause", ()),
        ("set_concurrency", (1,)),
        ("release_rate_limit", ()),
        ("release_deduplication", ("order-1",)),
        ("trim_events", (1,)),
    ]
    for verb, told in acts:
        with pytest.raises(Unsupported, match="BullMQ Pro"):
            await getattr(watching.mutations, verb)(MAIL, *told)
    assert {key: redis.dump(key) for key in redis.keys("*")} == before


async def test_a_split_pause_is_told_mended_and_gone(watching: Herd, redis: redis_py.Redis) -> None:
    queue_of_5(redis)
    redis.hset("bull:mail:meta", "paused", 1)
    for job_id, key in (("1", "wait"), ("2", "paused"), ("3", "paused")):
        job(redis, job_id, key)
    await read_now(watching)
    verdict = watching.queue(MAIL).verdict
    assert verdict.sentence.startswith("Paused in two ways at once: 1 in wait, 2 in the paused list.")
    assert verdict.needs_attention
    assert {permit.verb: permit.allowed for permit in watching.permits(MAIL)}["mend_pause"]
    await watching.mutations.mend_pause(MAIL)
    await read_now(watching)
    queue = watching.queue(MAIL)
    assert (queue.paused, queue.counts[State.WAITING], queue.counts[State.PAUSED]) == (True, 0, 3)
    assert "two ways" not in queue.verdict.sentence


async def test_a_version_that_another_tool_wrote_over_does_not_change_how_a_queue_is_paused(
    instance: Instance, redis: redis_py.Redis
) -> None:
    register = Register(instance, Walk(instance))
    queue_of_5(redis)
    await register.add([MAIL.base])
    redis.hset("bull:mail:meta", "version", "bullmq:6.7.0")
    await register.add([MAIL.base])
    (watched,) = register.watched
    assert watched.identity.version == "6.7.0"
    assert pauses_by(watched.identity) == "rename_merge"
    fresh = Register(instance, Walk(instance))
    await fresh.add([MAIL.base])
    assert pauses_by(fresh.watched[0].identity) == "flag_only"
    job(redis, "1", "wait", nrjid="repeat:x:1")
    await fresh.add([MAIL.base])
    assert pauses_by(fresh.watched[0].identity) == "rename_merge"
