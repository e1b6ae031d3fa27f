"""The last hour, minute by minute: nothing invented, nothing counted twice, and honest about what is not known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
import redis as redis_py

from core.errors import Unavailable
from core.history import MINUTES, History, read_history
from core.instance import Instance
from core.model import Dialect, Identity, Queue, QueueId
from core.redis_settings import RedisSettings
from core.streamed import MINUTE, Streamed
from tests.core import layout
from tickbird.demo.server import EmbeddedServer

BASE = b"bull:mail:"
EVENTS = BASE + b"events"
# In the middle of a minute, so that the present one has begun.
NOW = 1_800_000_000_000 + 30_000
START = NOW - NOW % MINUTE


def queue(dialect: Dialect = Dialect.MQ5) -> Queue:
    return Queue(QueueId("default", "bull", "mail"), Identity(dialect, None, ()), paused=False, counts={})


async def read(
    instance: Instance, streamed: Streamed | None = None, *, now: int = NOW, dialect: Dialect = Dialect.MQ5
) -> History:
    return await read_history(instance, queue(dialect), Streamed() if streamed is None else streamed, now)


def told(redis: redis_py.Redis, event: str, at: int, count: int = 1, **fields: Any) -> None:
    """`count` events of the stream at that instant."""
    pipe = redis.pipeline()
    for number in range(count):
        told: dict[Any, Any] = {"event": event, "jobId": str(number), **fields}
        pipe.xadd(EVENTS, told, id=f"{at}-{number}")
    pipe.execute()


def minute(history: History, ago: int) -> tuple[int | None, int | None]:
    """Completed and failed of the minute that began so many minutes before the present one."""
    found = next(each for each in history.minutes if each.at == START - ago * MINUTE)
    return found.completed, found.failed


async def test_an_hour_is_sixty_whole_minutes_and_the_last_is_the_present_one(instance: Instance) -> None:
    history = await read(instance)
    assert len(history.minutes) == MINUTES
    assert [each.at for each in history.minutes] == [START - ago * MINUTE for ago in range(59, -1, -1)]


async def test_where_nothing_tells_nothing_is_claimed(instance: Instance) -> None:
    history = await read(instance)
    assert {(each.completed, each.failed) for each in history.minutes} == {(None, None)}
    assert history.exact_since is None
    assert "missing" in history.note


async def test_events_tell_of_jobs_that_were_removed_at_once(instance: Instance, redis: redis_py.Redis) -> None:
    told(redis, "completed", START - 2 * MINUTE + 5, 3)
    told(redis, "failed", START - MINUTE, 2)
    told(redis, "completed", START + 10)
    history = await read(instance)
    assert [minute(history, ago) for ago in (3, 2, 1, 0)] == [(0, 0), (3, 0), (0, 2), (1, 0)]
    assert history.exact_since == START - 59 * MINUTE
    assert "Complete" in history.note


async def test_other_events_and_broken_ones_are_passed_over(instance: Instance, redis: redis_py.Redis) -> None:
    told(redis, "progress", START - MINUTE, data="x")
    redis.xadd(EVENTS, {b"\xff": b"\xff", "event": b"\xff\xfe"}, id=f"{START - MINUTE}-7")
    redis.xadd(EVENTS, {"odd": "completed"}, id=f"{START - MINUTE}-8")
    told(redis, "completed", START)
    assert minute(await read(instance), 0) == (1, 0)
    assert minute(await read(instance), 1) == (0, 0)


async def test_a_trimmed_stream_tells_only_from_its_first_entry_on(instance: Instance, redis: redis_py.Redis) -> None:
    for ago in (40, 30, 20, 10):
        told(redis, "completed", START - ago * MINUTE + 30_000, 5)
    redis.xtrim(EVENTS, maxlen=10, approximate=False)
    history = await read(instance)
    assert minute(history, 30) == (None, None)
    assert (minute(history, 20), minute(history, 19), minute(history, 10)) == ((5, None), (0, 0), (5, 0))
    assert history.exact_since == START - 20 * MINUTE + 30_000
    assert "marked moment" in history.note


async def test_retained_jobs_fill_in_what_the_stream_lost(instance: Instance, redis: redis_py.Redis) -> None:
    told(redis, "completed", START - 10 * MINUTE, 2)
    told(redis, "completed", START - 5 * MINUTE, 2)
    redis.xtrim(EVENTS, maxlen=2, approximate=False)
    redis.zadd(BASE + b"completed", {"a": START - 10 * MINUTE, "b": START - 9 * MINUTE - 1, "c": START - 5 * MINUTE})
    history = await read(instance)
    assert (minute(history, 10), minute(history, 9), minute(history, 5)) == ((2, None), (None, None), (2, 0))


async def test_a_workers_wrong_clock_does_not_count_its_jobs_twice(instance: Instance, redis: redis_py.Redis) -> None:
    told(redis, "completed", START - 5 * MINUTE, 4)
    redis.zadd(BASE + b"completed", {f"{number}": START - 9 * MINUTE for number in range(4)})
    history = await read(instance)
    assert sum(each.completed or 0 for each in history.minutes) == 4


async def test_a_second_look_reads_only_what_is_new(instance: Instance, redis: redis_py.Redis) -> None:
    streamed = Streamed()
    told(redis, "completed", START - 3 * MINUTE, 3000)
    await read(instance, streamed)
    told(redis, "completed", START, 7)
    before = redis.info("stats")["total_net_output_bytes"]
    history = await read(instance, streamed)
    assert redis.info("stats")["total_net_output_bytes"] - before < 10_000
    assert (minute(history, 3), minute(history, 0)) == ((3000, 0), (7, 0))


async def test_what_was_trimmed_between_two_looks_is_not_claimed(instance: Instance, redis: redis_py.Redis) -> None:
    streamed = Streamed()
    told(redis, "completed", START - 30 * MINUTE, 5)
    await read(instance, streamed, now=NOW - 29 * MINUTE)
    told(redis, "completed", START - 20 * MINUTE, 50)
    told(redis, "completed", START - 10 * MINUTE, 5)
    redis.xtrim(EVENTS, maxlen=5, approximate=False)
    history = await read(instance, streamed)
    assert (minute(history, 20), minute(history, 15), minute(history, 5)) == ((None, None), (None, None), (0, 0))
    assert history.exact_since == START - 10 * MINUTE
    # What was seen before the gap stays known.
    assert minute(history, 30)[0] == 5


async def test_a_look_after_a_long_time_does_not_go_back_beyond_the_hour(
    instance: Instance, redis: redis_py.Redis
) -> None:
    streamed = Streamed()
    told(redis, "completed", START - 300 * MINUTE, 1)
    await read(instance, streamed, now=NOW - 299 * MINUTE)
    told(redis, "completed", START - 200 * MINUTE, 3000)
    told(redis, "completed", START, 3)
    before = redis.info("stats")["total_net_output_bytes"]
    history = await read(instance, streamed)
    assert redis.info("stats")["total_net_output_bytes"] - before < 10_000
    assert minute(history, 0) == (3, 0)
    assert sum(each.completed or 0 for each in history.minutes) == 3


class Faltering(Instance):
    """Our connections, which break at the n-th reading."""

    def __init__(self, url: str, after: int) -> None:
        super().__init__(RedisSettings("default", url, ("*",)))
        self.left = after

    async def read(self, commands: Sequence[bytes]) -> list[Any]:
        self.left -= 1
        if self.left < 0:
            raise Unavailable("cut")
        return await super().read(commands)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a look may end for want of time, as it should; here it shall end where it was cut."""
    monkeypatch.setattr("core.streamed.SECONDS", 60.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("after", range(12))
async def test_a_look_that_was_cut_off_counts_nothing_twice(
    server: EmbeddedServer, instance: Instance, redis: redis_py.Redis, after: int
) -> None:
    told(redis, "completed", START - MINUTE, 2500)
    streamed = Streamed()
    for _ in range(3):
        faltering = Faltering(server.url, after)
        with suppress(Unavailable):
            await read(faltering, streamed)
        await faltering.close()
    assert minute(await read(instance, streamed), 1) == (2500, 0)


async def test_large_results_in_the_events_are_read_within_bounds(instance: Instance, redis: redis_py.Redis) -> None:
    for number in range(60):
        told(redis, "completed", START - 59 * MINUTE + number * MINUTE, returnvalue="x" * 500_000)
    streamed = Streamed()
    before = redis.info("stats")["total_net_output_bytes"]
    first = await read(instance, streamed)
    assert redis.info("stats")["total_net_output_bytes"] - before < 20_000_000
    assert first.exact_since is not None
    assert minute(first, 1) == (1, 0)


def counted(redis: redis_py.Redis, outcome: str, at: int, count: int, points: Sequence[int]) -> None:
    """What workers keep with metrics on; the last job finished at `at`, `points` newest first."""
    before = count - 1
    key = f"bull:mail:metrics:{outcome}"
    redis.hset(key, mapping={"count": count, "prevTS": at, "prevCount": before})
    redis.delete(f"{key}:data")
    if points:
        redis.rpush(f"{key}:data", *points)


@pytest.mark.parametrize("dialect", [Dialect.MQ5, Dialect.BULL])
async def test_the_lists_that_workers_keep_are_put_at_their_minutes(
    instance: Instance, redis: redis_py.Redis, dialect: Dialect
) -> None:
    counted(redis, "completed", START - 4 * MINUTE, 100, [7, 0, 9])
    counted(redis, "failed", START - 2 * MINUTE, 2, [1])
    history = await read(instance, dialect=dialect)
    assert [minute(history, ago)[0] for ago in (7, 6, 5, 4)] == [9, 0, 7, 1]
    assert [minute(history, ago)[1] for ago in (3, 2)] == [1, 1]


async def test_lists_are_exact_as_far_as_the_shorter_one_reaches(instance: Instance, redis: redis_py.Redis) -> None:
    counted(redis, "completed", START - 20 * MINUTE, 100, [1] * 30)
    counted(redis, "failed", START - 10 * MINUTE, 100, [1] * 5)
    history = await read(instance, dialect=Dialect.BULL)
    assert history.exact_since == START - 15 * MINUTE
    assert (minute(history, 2), minute(history, 12)) == ((0, 0), (0, 1))
    counted(redis, "failed", START - 10 * MINUTE, 100, [1] * 60)
    assert (await read(instance, dialect=Dialect.BULL)).exact_since == START - 50 * MINUTE


async def test_lists_that_not_all_workers_keep_are_not_called_complete(
    instance: Instance, redis: redis_py.Redis
) -> None:
    counted(redis, "completed", START, 100, [2] * 60)
    assert (await read(instance, dialect=Dialect.BULL)).exact_since is not None
    redis.zadd(BASE + b"completed", {str(number): START - 3 * MINUTE + number for number in range(5)})
    history = await read(instance, dialect=Dialect.BULL)
    assert history.exact_since is None
    assert (minute(history, 4), minute(history, 3)) == ((2, None), (5, None))


async def test_two_looks_at_the_same_time_count_once(instance: Instance, redis: redis_py.Redis) -> None:
    told(redis, "completed", START - MINUTE, 300)
    streamed = Streamed()
    await asyncio.gather(*(read(instance, streamed) for _ in range(3)))
    assert minute(await read(instance, streamed), 1) == (300, 0)


@pytest.mark.parametrize("points", [["x"], [json.dumps({})], ["-5"], ["1e999"]])
async def test_broken_lists_break_nothing(instance: Instance, redis: redis_py.Redis, points: list[str]) -> None:
    redis.hset("bull:mail:metrics:completed", mapping={"count": "x", "prevTS": NOW, "prevCount": ""})
    redis.rpush("bull:mail:metrics:completed:data", *points)
    history = await read(instance)
    assert all((each.completed or 0) >= 0 for each in history.minutes)


@pytest.mark.parametrize("key", ["events", "completed", "failed", "metrics:completed", "metrics:completed:data"])
async def test_a_key_of_another_type_is_left_out(instance: Instance, redis: redis_py.Redis, key: str) -> None:
    told(redis, "completed", START, 2)
    redis.delete(BASE + key.encode())
    redis.set(BASE + key.encode(), "text")
    await read(instance)


async def test_bull_without_lists_tells_of_retained_jobs_alone(instance: Instance, redis: redis_py.Redis) -> None:
    for number in range(5):
        redis.zadd(BASE + b"completed", {layout.job(redis, BASE, str(number)): START - 3 * MINUTE + number})
    history = await read(instance, dialect=Dialect.BULL)
    assert (minute(history, 3), minute(history, 2)) == ((5, None), (None, None))
    assert history.exact_since is None
    assert "retained" in history.note
