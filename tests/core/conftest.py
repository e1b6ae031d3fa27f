"""What the tests of the core share beyond a server and a herd."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.instance import Instance
from core.redis_settings import RedisSettings
from tickbird.demo.server import EmbeddedServer


@pytest.fixture
async def instance(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Instance]:
    """Our own connections to the server, which is empty at first."""
    opened = Instance(RedisSettings("default", server.url, ("*",)))
    yield opened
    await opened.close()
