"""What watching costs Redis: so much a queue, the same for one who looks and for ten."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack

import pytest
import redis as redis_py

from core.herd import Herd
from core.model import QueueId, State
from tests.conftest import Eventually
from tests.core import layout
from tests.core.overheard import READS, listening
from tests.core.waiting import herding, next_reading, read_now, still
from tickbird.demo.server import EmbeddedServer

QUEUES = 200
MAIL = QueueId("default", "bull", "mail-0")


def fill(redis: redis_py.Redis, queues: int) -> None:
    for number in range(queues):
        base = layout.queue(redis, f"bull:mail-{number}:")
        layout.waiting(redis, base, "1", "2")
        layout.failed(redis, base, "3")
        redis.zadd(base + b"delayed", {"4": (layout.now() + 600_000) * 4096})


def strangers(redis: redis_py.Redis, count: int) -> None:
    """Keys of somebody else's, some of them much like ours."""
    redis.register_script(
        "for i = 1, tonumber(ARGV[1]) do redis.call('SET', (i % 3 == 0 and 'cache:item:' or 'sess:') .. i, i) end"
    )(args=[count])


def commands(redis: redis_py.Redis) -> int:
    return sum(stat["calls"] for stat in redis.info("commandstats").values())


async def test_a_reading_of_two_hundred_queues_takes_a_dozen_commands_each(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    fill(redis, QUEUES)
    async with still(server.url) as herd:
        assert len(herd.snapshot().queues) == QUEUES
        (collector,) = herd._collectors
        with listening(server) as heard:
            await collector.read()
    a_queue = len(heard.commands) / QUEUES
    assert 12 <= a_queue < 16
    assert set(heard.names) <= READS
    assert heard.unbounded() == []


async def cost_of(redis: redis_py.Redis, herd: Herd, watchers: int) -> float:
    """Commands a second while so many look on, each asking for the same page over and over."""

    async def look() -> None:
        while True:
            await herd.jobs(MAIL, State.WAITING)
            await herd.newer(herd.snapshot().version, 5)

    with ExitStack() as stack:
        for _ in range(watchers):
            stack.enter_context(herd.watching())
        looking = [asyncio.create_task(look()) for _ in range(watchers)]
        await next_reading(herd)
        before, started = commands(redis), time.monotonic()
        await asyncio.sleep(3)
        spent = (commands(redis) - before) / (time.monotonic() - started)
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
    return spent


async def test_ten_who_look_cost_what_one_does(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually
) -> None:
    fill(redis, QUEUES)
    async with herding(server.url) as herd:
        await eventually(lambda: len(herd.snapshot().queues) == QUEUES)
        one, ten = await cost_of(redis, herd, 1), await cost_of(redis, herd, 10)
    # A reading more or less in the few seconds that were measured.
    assert ten < one * 1.5
    assert ten < QUEUES * 16 * 1.5


async def test_askers_at_the_same_time_share_one_answer(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    fill(redis, 1)
    async with still(server.url) as herd:
        with listening(server) as once:
            await herd.jobs(MAIL, State.WAITING)
            await herd.job(MAIL, "1")
        await read_now(herd)
        with listening(server) as often:
            await asyncio.gather(*(herd.jobs(MAIL, State.WAITING) for _ in range(20)))
            await asyncio.gather(*(herd.job(MAIL, "1") for _ in range(20)))
    assert len(often.commands) == len(once.commands) < 60


@pytest.mark.parametrize("state", [State.WAITING, State.FAILED])
async def test_a_page_takes_few_round_trips_and_commands(
    server: EmbeddedServer, redis: redis_py.Redis, state: State
) -> None:
    base = layout.queue(redis, "bull:mail-0:")
    layout.waiting(redis, base, *map(str, range(200)))
    layout.failed(redis, base, *(f"f{number}" for number in range(200)))
    async with still(server.url) as herd:
        with listening(server) as heard:
            page = await herd.jobs(MAIL, state, limit=100)
    assert len(page.rows) == 100
    assert len(heard.commands) <= 100 * 9 + 5


async def test_among_a_hundred_thousand_keys_a_queue_is_found_soon(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    strangers(redis, 100_000)
    layout.queue(redis, "bull:first:")
    async with herding(server.url) as herd:
        deadline = time.monotonic() + 60
        while herd.snapshot().readings[0].discovery.last_seconds is None or not herd.snapshot().queues:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        layout.queue(redis, "bull:second:")
        started = time.monotonic()
        with listening(server) as heard:
            while len(herd.snapshot().queues) < 2:
                assert time.monotonic() - started < 60
                await asyncio.sleep(0.02)
        progress = herd.snapshot().readings[0].discovery
    assert progress.keys_total == pytest.approx(100_000, rel=0.01)
    assert progress.last_seconds is not None
    assert set(heard.names) <= READS
