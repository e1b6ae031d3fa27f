"""The herd's answers and refusals: what it knows without asking, and what it will not ask."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import redis as redis_py

from core import discovery
from core.errors import Invalid, NotFound, Unavailable
from core.herd import Herd
from core.model import QueueId, State
from core.reads import MOST_JOBS, MOST_LINES
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.conftest import Eventually
from tests.core import layout
from tests.core.waiting import herding, read_now, still
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")


async def test_a_herd_that_has_not_read_yet_says_so(server: EmbeddedServer) -> None:
    herd = Herd(Settings(redis=(RedisSettings("default", server.url),)))
    assert herd.snapshot().readings[0].taken_at is None
    assert herd.snapshot().queues == ()
    with pytest.raises(Unavailable, match="has not been read yet"):
        herd.queue(MAIL)
    await herd.stop()


async def test_a_queue_that_the_first_walk_has_not_reached_is_not_said_to_be_absent(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "FIRST_REST", 3600)
    redis.mset({f"other:{number}": "x" for number in range(3 * discovery.SLICE)})
    async with herding(server.url) as herd:
        while not ((reading := herd.snapshot().readings[0]).taken_at and reading.discovery.running):
            await herd.newer(herd.snapshot().version, 10)
        with pytest.raises(Unavailable, match="3,000 keys were looked at"):
            herd.queue(MAIL)


async def test_an_unknown_queue_names_the_nearest(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    layout.queue(redis)
    layout.queue(redis, "bull:video:")
    async with still(server.url) as herd:
        with pytest.raises(NotFound, match="'mail'"):
            herd.queue(QueueId("default", "bull", "mial"))
        with pytest.raises(NotFound, match="obliterated"):
            herd.queue(QueueId("default", "bull", "\udcff\u202e" * 30))
        with pytest.raises(NotFound, match="default"):
            herd.queue(QueueId("elsewhere", "bull", "mail"))
        with pytest.raises(NotFound):
            await herd.jobs(QueueId("default", "bul", "mail"), State.WAITING)


@pytest.mark.parametrize(
    "wanted",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": MOST_JOBS + 1},
        {"order": "sideways"},
        {"cursor": "nonsense"},
        {"cursor": "é" * 1000},
    ],
)
async def test_a_page_that_makes_no_sense_is_refused(
    server: EmbeddedServer, redis: redis_py.Redis, wanted: dict[str, Any]
) -> None:
    layout.queue(redis)
    async with still(server.url) as herd:
        with pytest.raises(Invalid):
            await herd.jobs(MAIL, State.WAITING, **wanted)


async def test_a_state_that_the_dialect_has_not_is_refused(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    layout.bull(redis, "bull:mail:")
    async with still(server.url) as herd:
        with pytest.raises(Invalid, match="waiting, active"):
            await herd.jobs(MAIL, State.PRIORITIZED)
        with pytest.raises(Invalid):
            await herd.jobs(MAIL, State.UNKNOWN)


async def test_more_log_lines_than_a_page_has_are_refused(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    layout.queue(redis)
    async with still(server.url) as herd:
        for limit in (0, MOST_LINES + 1):
            with pytest.raises(Invalid):
                await herd.logs(MAIL, "1", limit=limit)
        assert (await herd.logs(MAIL, "none")).lines == ()


async def test_a_page_says_what_it_looked_at(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    layout.waiting(redis, layout.queue(redis), *map(str, range(30)))
    async with still(server.url) as herd:
        page = await herd.jobs(MAIL, State.WAITING, limit=10)
        assert (page.covered.looked_at, page.covered.total, page.covered.note) == (10, 30, "")
        empty = await herd.jobs(MAIL, State.FAILED)
        assert (empty.rows, empty.next, empty.covered.total) == ((), None, 0)


async def test_who_waits_for_news_gets_it_as_soon_as_it_is_there(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    layout.queue(redis)
    async with still(server.url) as herd:
        version = herd.snapshot().version
        waiting = [asyncio.create_task(herd.newer(version, 30)) for _ in range(3)]
        await asyncio.sleep(0.01)
        await read_now(herd)
        assert min(snapshot.version for snapshot in await asyncio.gather(*waiting)) > version
        assert (await herd.newer(version, 30)).version > version


async def test_who_waits_in_vain_gets_the_present_reading(server: EmbeddedServer) -> None:
    async with still(server.url) as herd:
        version = herd.snapshot().version
        started = time.monotonic()
        assert (await herd.newer(version, 0.1)).version == version
        assert time.monotonic() - started > 0.09


async def test_a_herd_wakes_up_for_whoever_looks_after_a_long_time(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually
) -> None:
    layout.queue(redis)
    herd = Herd(Settings(redis=(RedisSettings("default", server.url),)))
    await herd.start()
    await eventually(lambda: herd.snapshot().queues)
    await asyncio.sleep(0.5)
    version = herd.snapshot().version
    herd.glance()
    assert (await herd.newer(version, 3)).version > version
    await herd.stop()


async def test_several_instances_are_read_side_by_side(redis: redis_py.Redis, server: EmbeddedServer) -> None:
    layout.queue(redis)
    urls = [server.url, server.url.replace("/0", "/1")]
    herd = Herd(Settings(redis=tuple(RedisSettings(f"r{number}", url) for number, url in enumerate(urls))))
    await read_now(herd)
    assert [queue.id for queue in herd.snapshot().queues] == [QueueId("r0", "bull", "mail")]
    assert [reading.instance for reading in herd.snapshot().readings] == ["r0", "r1"]
    await herd.stop()


async def test_relatives_are_looked_for_in_their_own_instance(redis: redis_py.Redis, server: EmbeddedServer) -> None:
    urls = [server.url, server.url.replace("/0", "/1")]
    for url in urls:
        with redis_py.Redis.from_url(url) as client:
            layout.queue(client, "bull:video:")
            layout.failed(client, layout.queue(client), "1", parentKey="bull:video:7")
    herd = Herd(Settings(redis=tuple(RedisSettings(f"r{number}", url) for number, url in enumerate(urls))))
    await read_now(herd)
    for instance in ("r0", "r1"):
        parent = (await herd.job(QueueId(instance, "bull", "mail"), "1")).parent
        assert parent is not None
        assert parent.queue == QueueId(instance, "bull", "video")
    await herd.stop()


async def test_what_is_remembered_of_a_large_job_stays_in_its_own_instance(
    redis: redis_py.Redis, server: EmbeddedServer
) -> None:
    urls = [server.url, server.url.replace("/0", "/1")]
    for number, url in enumerate(urls):
        with redis_py.Redis.from_url(url) as client:
            layout.failed(client, layout.queue(client), "1", data=str(number) * 100_000)
    herd = Herd(Settings(redis=tuple(RedisSettings(f"r{number}", url) for number, url in enumerate(urls))))
    await read_now(herd)
    for number in (0, 1, 0, 1):
        data = (await herd.job(QueueId(f"r{number}", "bull", "mail"), "1")).data
        assert data is not None
        assert set(data.text) == {str(number)}
    await herd.stop()


async def test_a_herd_can_be_stopped_twice_and_before_it_started(server: EmbeddedServer) -> None:
    herd = Herd(Settings(redis=(RedisSettings("default", server.url),)))
    await herd.stop()
    async with herding(server.url) as started:
        await started.stop()


async def test_a_parent_in_another_prefix_is_found_by_its_key(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    layout.queue(redis, "eu:bull:video:")
    layout.failed(redis, layout.queue(redis), "1", parent='{"id":"7:8","queueKey":"eu:bull:video"}')
    async with still(server.url) as herd:
        parent = (await herd.job(MAIL, "1")).parent
        assert parent is not None
        assert (parent.queue, parent.id) == (QueueId("default", "eu:bull", "video"), "7:8")
