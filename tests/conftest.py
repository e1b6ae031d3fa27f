"""What every test may ask for: a real server of its own worker, empty at the start of each test, and a herd on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import redis as redis_py

from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from tickbird.demo.server import EmbeddedServer


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """One embedded server for all tests of this process."""
    with EmbeddedServer.start() as running:
        yield running


@pytest.fixture
def redis(server: EmbeddedServer) -> Iterator[redis_py.Redis]:
    """A client of that server, which is empty now."""
    with redis_py.Redis.from_url(server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    """A herd that watches the server, somebody looking at it the whole time."""
    assert redis.dbsize() == 0
    started = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)))
    await started.start()
    with started.watching():
        yield started
    await started.stop()


Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]


@pytest.fixture
def eventually() -> Eventually:
    """Wait until something becomes true, and give it back; fails after 45."""

    async def wait(probe: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 45
        while not (found := probe()):
            assert time.monotonic() < deadline, "it did not become true within 45 seconds"
            await asyncio.sleep(0.02)
        return found

    return wait
