"""The store in a Redis: what it writes there, and what happens while that Redis is away."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.errors import Unavailable
from core.store.contract import Log, Record, Shelf
from core.store.memory import MemoryStore
from core.store.opening import open_store
from core.store.remote import RedisStore
from tests.core.layout import now
from tests.core.waiting import still
from tickbird.demo.server import EmbeddedServer

VIEWS = Shelf("views", ("words",), most=3, bytes=1000)
STUCK = Record("stuck", now(), {"words": "age:>1h"})


@pytest.fixture
async def store(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[RedisStore]:
    opened = RedisStore(server.url)
    yield opened
    await opened.close()


async def write_everything(store: RedisStore) -> None:
    await store.put(VIEWS, STUCK, held=True)
    await store.append(Log("audit", most=10), "a line")
    await store.take("retention", "first", 60_000)


async def test_every_key_has_the_prefix_and_an_end(store: RedisStore, redis: redis_py.Redis) -> None:
    await write_everything(store)
    keys = sorted(redis.scan_iter())

    assert len(keys) == 6
    assert [key for key in keys if bytes(key)[:9] != b"tickbird:"] == []
    assert [key for key in keys if redis.pttl(key) <= 0] == []


async def test_another_process_finds_what_was_kept(store: RedisStore, server: EmbeddedServer) -> None:
    await write_everything(store)
    other = open_store(server.url)
    try:
        assert other.lasting
        assert await other.read(VIEWS, ["stuck"]) == {"stuck": STUCK}
        assert not await other.take("retention", "second", 60_000)
    finally:
        await other.close()


async def test_scripts_that_redis_forgot_are_loaded_again(store: RedisStore, redis: redis_py.Redis) -> None:
    await write_everything(store)
    redis.script_flush()
    await store.delete(VIEWS, "stuck")
    assert await store.newest(VIEWS, 10) == ()


async def test_while_it_is_away_it_says_so_at_once_and_comes_back_by_itself(
    server: EmbeddedServer, store: RedisStore, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "tickbird.store")
    server.stop()
    try:
        started = time.monotonic()
        for _ in range(20):
            with pytest.raises(Unavailable, match="state_url cannot be reached"):
                await store.newest(VIEWS, 1)
        # Each by itself would wait a second.
        assert time.monotonic() - started < 15
        assert "state_url" in store.trouble
    finally:
        server.start_again()
    await store.put(VIEWS, STUCK)

    assert store.trouble == ""
    assert len(caplog.messages) == 2  # once that it went, once that it came back


async def test_a_redis_that_hangs_costs_a_moment(store: RedisStore, redis: redis_py.Redis) -> None:
    await store.put(VIEWS, STUCK)
    redis.client_pause(60_000, all=False)
    with pytest.raises(Unavailable, match="did not answer within 1 s"):
        await store.put(VIEWS, STUCK)
    redis.client_unpause()


async def test_a_full_redis_is_a_store_that_is_away_until_it_takes_something_again(
    store: RedisStore, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "tickbird.store")
    redis.config_set("maxmemory", 1)
    try:
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"refuses: .*maxmemory"):
                await store.put(VIEWS, STUCK)
            assert await store.newest(VIEWS, 1) == ()
    finally:
        redis.config_set("maxmemory", "1gb")
    assert "maxmemory" in store.trouble
    await store.put(VIEWS, STUCK)
    assert store.trouble == ""
    assert len(caplog.messages) == 2


async def test_its_keys_are_no_queues(store: RedisStore, server: EmbeddedServer) -> None:
    await write_everything(store)
    async with still(server.url) as herd:
        assert herd.snapshot().queues == ()


def test_without_a_url_it_is_in_memory() -> None:
    assert isinstance(open_store(""), MemoryStore)
    assert not open_store("").lasting
