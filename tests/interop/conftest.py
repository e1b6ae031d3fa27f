"""The real libraries for the tests of this folder: one Node process for each test process, on its own server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import redis as redis_py

from core.instance import Instance
from core.redis_settings import RedisSettings
from tests.interop.node_driver import NodeDriver
from tickbird.demo.server import EmbeddedServer


@pytest.fixture(scope="session")
def node_process(server: EmbeddedServer) -> Iterator[NodeDriver]:
    """Starting Node and loading a library takes a quarter of a second, so tests share it."""
    with NodeDriver.start(server.port) as driver:
        yield driver


@pytest.fixture
def node(node_process: NodeDriver, redis: redis_py.Redis) -> Iterator[NodeDriver]:
    """The libraries, on a server that is empty at first. What a test opens is closed after it."""
    yield node_process
    node_process.reset()


@pytest.fixture
async def instance(server: EmbeddedServer) -> AsyncIterator[Instance]:
    """Our own connections to that server."""
    opened = Instance(RedisSettings("default", server.url, ("*",)))
    yield opened
    await opened.close()


@pytest.fixture
def because(record_property: Callable[[str, object], None]) -> Callable[[BaseException], None]:
    """Tells docs/dialects.md with which sentence we refused."""
    return lambda refusal: record_property("because", str(refusal))


@pytest.fixture
def scenarios(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Tells how many generated scenarios a test went through."""
    return lambda number: record_property("scenarios", number)
