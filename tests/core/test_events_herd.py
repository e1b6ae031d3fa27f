"""A herd that follows events: which queues, by which way, from when on, and what is told of them besides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import redis as redis_py

from core.events.happening import Happening
from core.events.options import Options
from core.events.seen import QueueSeen, Source
from core.herd import Herd
from core.model import QueueId
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.shard import Shard
from tests.core.layout import bull, job, now, queue
from tests.core.waiting import soon
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]


@pytest.fixture
async def following(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Herd]:
    """A herd that follows every queue of a server that is empty at first, somebody looking the whole time."""
    assert redis.dbsize() == 0
    monkeypatch.setattr("core.events.engine.LOOK_EVERY", 0.2)
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)), follows=True)
    await herd.start()
    with herd.watching():
        await until_it_counts(herd)
        yield herd
    await herd.stop()


async def until_it_counts(herd: Herd) -> None:
    """Until Redis has told from which instant on."""

    async def since() -> int | None:
        following = herd.events.following("default")
        return following.since if following else None

    await soon(since)


def seen(herd: Herd, id: QueueId = MAIL) -> QueueSeen | None:
    return herd.events.seen(id)


async def test_a_queue_is_followed_from_its_first_job_on(
    following: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    base = queue(redis)
    for event in ("waiting", "active", "completed"):
        redis.xadd(base + b"events", {"event": event, "jobId": "1"})

    found = await eventually(lambda: (known := seen(following)) and known.all.finished == (1, 0) and known)

    assert found.source is Source.STREAM
    assert found.all.added == 1
    assert found.all.attempts[0] == 1


async def test_a_queue_that_is_gone_takes_its_counters_along(
    following: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    queue(redis)
    await eventually(lambda: seen(following))

    redis.flushall()

    await eventually(lambda: seen(following) is None)


async def test_a_queue_that_keeps_no_events_is_told_by_its_retained_jobs(
    following: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    base = queue(redis)
    redis.hset(base + b"meta", "opts.maxLenEvents", 10)

    found = await eventually(lambda: seen(following))

    assert found.source is Source.RETAINED


async def test_bulls_messages_are_counted_and_timed(
    following: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    base = bull(redis, "bull:mail:")
    await eventually(lambda: seen(following))
    await eventually(redis.pubsub_numpat)
    job(redis, base, "7")
    redis.publish("bull:mail:waiting@token", "7")
    redis.publish("bull:mail:active@token", "7")
    redis.publish("bull:mail:active@token", "7")
    redis.publish("bull:mail:stalled@", "7")
    redis.publish("bull:mail:active@token", "7")
    redis.publish("bull:mail:completed", '{"jobId":"7","val":"{\\"jobId\\":\\"8\\"}"}')

    found = await eventually(lambda: (known := seen(following)) and known.all.finished == (1, 0) and known)

    assert found.source is Source.PUBSUB
    assert found.all.attempts == (1, 0, 1, 0, 1, 0)
    assert found.names["welcome"].finished == (1, 0)
    assert (found.all.wait.count, found.all.runs[0].count, found.all.runs[2]) == (2, 1, None)
    assert found.lost is None


async def test_every_event_is_told_to_those_who_watch(
    following: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    told: list[Happening] = []
    with following.events.watching(told.append):
        base = queue(redis)
        redis.xadd(base + b"events", {"event": "paused"})
        await eventually(lambda: len(told) == 2)
    redis.xadd(base + b"events", {"event": "resumed"})
    await eventually(lambda: (known := following.events.following("default")) and known.events.get("resumed"))

    assert [(each.queue, each.event, each.job_id) for each in told] == [(MAIL, "added", "1"), (MAIL, "paused", None)]


async def test_active_jobs_without_a_lock_and_schedulers_are_looked_at(
    following: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    base = queue(redis)
    for id in ("1", "2", "3"):
        redis.lpush(base + b"active", job(redis, base, id))
    redis.set(base + b"2:lock", "token")
    redis.zadd(base + b"repeat", {"nightly": now() + 60_000})
    redis.hset(
        base + b"repeat:nightly", mapping={"name": "report", "pattern": "0 3 * * *", "tz": "Asia/Tokyo", "ic": 4}
    )

    found = await eventually(
        lambda: (look := following.events.looked(MAIL)) and look.without_lock == 2 and look.schedulers and look
    )

    (nightly,) = found.schedulers
    assert (nightly.key, nightly.name, nightly.pattern, nightly.zone) == (
        "nightly",
        "report",
        "0 3 * * *",
        "Asia/Tokyo",
    )
    assert nightly.iterations == 4


async def test_no_more_jobs_are_remembered_than_asked_for(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.events.engine.ROOM", 0)
    monkeypatch.setattr("core.herd.options_of", lambda _settings: Options(most_tracked=100))
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)), follows=True)
    await herd.start()
    await until_it_counts(herd)
    base = queue(redis)
    for number in range(300):
        redis.xadd(base + b"events", {"event": "added", "jobId": str(number), "name": "welcome"})

    found = await eventually(lambda: (f := herd.events.following("default")) and f.evicted and f.tracked and f)
    await herd.stop()

    assert found.tracked <= 100


async def test_a_herd_that_is_not_asked_to_follow_does_not(herd: Herd, redis: redis_py.Redis) -> None:
    queue(redis)
    assert herd.events.following("default") is None
    assert herd.events.seen(MAIL) is None


async def test_redis_away_for_a_while_ends_nothing(server: EmbeddedServer, eventually: Eventually) -> None:
    with EmbeddedServer.start() as other:
        herd = Herd(Settings(redis=(RedisSettings("default", other.url, ("*",)),)), follows=True)
        await herd.start()
        with herd.watching(), redis_py.Redis.from_url(other.url) as client:
            await until_it_counts(herd)
            base = queue(client)
            await eventually(lambda: seen(herd))
            client.client_kill_filter(_type="normal")
            client.xadd(base + b"events", {"event": "added", "jobId": "2", "name": "welcome"})
            await eventually(lambda: (known := seen(herd)) and known.all.added == 2)
        await herd.stop()


async def test_shards_have_all_queues_among_them_and_none_twice(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    names = {f"queue-{number}" for number in range(20)}
    for name in names:
        queue(redis, f"bull:{name}:")
    found: list[str] = []
    for number in range(3):
        herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)), shard=Shard(number, 3))
        await herd.read_now()
        found += [each.id.name for each in herd.snapshot().queues]
        await herd.stop()

    assert sorted(found) == sorted(names)
