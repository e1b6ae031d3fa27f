"""Bulk work over many queues, as a herd offers it: what is refused is told for each queue, and nothing else suffers."""

from __future__ import annotations

import pytest
import redis as redis_py

from core.errors import Forbidden, NotFound, Unsupported
from core.herd import Herd
from core.model import QueueId, State
from core.operations.operation import Status
from core.operations.request import Action, Options, Request
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core import layout
from tests.core.waiting import still
from tickbird.demo.server import EmbeddedServer

MAIL, SMS, PRO = (QueueId("default", "bull", name) for name in ("mail", "sms", "pro"))


def three_queues(redis: redis_py.Redis) -> None:
    for name, jobs in (("mail", 30), ("sms", 20), ("pro", 5)):
        base = layout.queue(redis, f"bull:{name}:")
        layout.failed(redis, base, *(f"{name}{n}" for n in range(jobs)))
    redis.hset("bull:pro:meta", "version", "bullmq-pro:7.1.0")
    redis.zadd("bull:pro:groups", {"1": 1})


async def test_a_preview_counts_each_queue_and_tells_what_is_refused(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    three_queues(redis)
    async with still(server.url) as herd:
        seen = await herd.operations.preview(Request(Action.RETRY, None))

        assert {target.queue: target.count for target in seen.targets} == {MAIL: 30, SMS: 20, PRO: 0}
        assert [target.queue for target in seen.targets if "Pro" in target.refusal] == [PRO]
        assert (seen.total, seen.exact, seen.status) == (50, True, Status.PREVIEWED)


async def test_what_is_refused_keeps_nothing_else_from_being_done(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    three_queues(redis)
    async with still(server.url) as herd:
        started = await herd.operations.start(Request(Action.RETRY, (MAIL, PRO, SMS, MAIL)))
        done = await herd.operations.wait(started.id)

        assert (done.status, done.done, [target.done for target in done.targets]) == (Status.DONE, 50, [30, 0, 20])
        assert redis.zcard("bull:pro:failed") == 5


async def test_the_limit_counts_for_each_queue(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    three_queues(redis)
    async with still(server.url) as herd:
        request = Request(Action.REMOVE, (MAIL, SMS), State.FAILED, Options(limit=7))
        done = await herd.operations.wait((await herd.operations.start(request)).id)

        assert (done.total, done.done, done.skipped) == (14, 14, {})


async def test_where_nothing_would_be_done_it_is_refused_as_a_whole(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    three_queues(redis)
    async with still(server.url) as herd:
        with pytest.raises(Unsupported, match="Pro"):
            await herd.operations.preview(Request(Action.RETRY, (PRO,)))
        with pytest.raises(NotFound, match="nosuch"):
            await herd.operations.preview(Request(Action.RETRY, (QueueId("default", "bull", "nosuch"),)))
        assert herd.operations.list() == ()


async def test_every_queue_is_paused_and_resumed(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    three_queues(redis)
    async with still(server.url) as herd:
        paused = await herd.operations.wait((await herd.operations.start(Request(Action.PAUSE, None))).id)

        assert (paused.done, sum(bool(target.refusal) for target in paused.targets)) == (2, 1)
        assert redis.hget("bull:mail:meta", "paused") == redis.hget("bull:sms:meta", "paused") == b"1"
        assert redis.hget("bull:pro:meta", "paused") is None


async def test_a_group_of_queues_is_paused_by_its_name(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    three_queues(redis)
    async with still(server.url) as herd:
        paused = await herd.operations.start(Request(Action.PAUSE, None, matching="[ms]m*"))
        assert [target.queue for target in (await herd.operations.wait(paused.id)).targets] == [SMS]
        with pytest.raises(NotFound, match="called like"):
            await herd.operations.preview(Request(Action.PAUSE, None, matching="video*"))


async def test_every_queue_is_obliterated_but_those_that_are_refused(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    three_queues(redis)
    async with still(server.url) as herd:
        done = await herd.operations.wait((await herd.operations.start(Request(Action.OBLITERATE, None))).id)

        assert (done.status, done.total, done.done) == (Status.DONE, 50, 50)
        assert [target.queue for target in done.targets if target.refusal] == [PRO]
        assert redis.keys("bull:mail:*") == redis.keys("bull:sms:*") == []
        assert redis.exists("bull:pro:meta")


async def test_an_operation_ends_with_its_herd(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    base = layout.queue(redis, "bull:mail:")
    redis.zadd(base + b"failed", {f"f{n}": n for n in range(20_000)})
    async with still(server.url) as herd:
        started = await herd.operations.start(Request(Action.RETRY, (MAIL,)))
        assert herd.operations.get(started.id).status is Status.RUNNING
    assert herd.operations.get(started.id).status is Status.CANCELLED


async def test_a_read_only_herd_refuses(server: EmbeddedServer) -> None:
    herd = Herd(Settings(redis=(RedisSettings("default", server.url),), read_only=True))
    with pytest.raises(Forbidden, match="read-only"):
        await herd.operations.preview(Request(Action.RETRY, None))
    await herd.stop()
