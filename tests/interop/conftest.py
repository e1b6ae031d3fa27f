"""The real libraries for the tests of this folder: one Node process for each test process, on its own server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import redis as redis_py

from core.instance import Instance
from core.redis_settings import RedisSettings
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import Ours
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
def mail(node: NodeDriver, library: Library) -> NodeQueue:
    """The queue `mail` as the library opens it that the test is parametrised with."""
    queue = node.library(library.alias).queue("mail")
    queue.open()
    return queue


@pytest.fixture
def ours(mail: NodeQueue, instance: Instance) -> Ours:
    """What we do to that queue."""
    return Ours(instance, mail)


@pytest.fixture
def idle(redis: redis_py.Redis) -> Callable[[], None]:
    """Waits until a worker of the test is blocked on Redis, with no job and no marker left to wake it."""

    def wait() -> None:
        until(lambda: [client for client in redis.client_list() if client["flags"] == "b"])

    return wait


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
