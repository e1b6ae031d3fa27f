"""Our operations on queues that a test lays out key by key, in each dialect that we act on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.acl import READ, SCRIPTS, WRITE, rules
from core.instance import Instance
from core.redis_settings import RedisSettings
from tests.contract.laid_out import LaidOut, Layout
from tickbird.demo.server import EmbeddedServer

OPERATOR = ("reset", "on", ">secret", *rules(("*",), (*READ, *SCRIPTS, *WRITE)))


@pytest.fixture
async def instance(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Instance]:
    """As the user whom `tickbird acl` describes: what it leaves out is not needed."""
    redis.execute_command("ACL", "SETUSER", "operator", *OPERATOR)  # type: ignore[no-untyped-call] # redis-py's
    url = server.url.replace("redis://", "redis://operator:secret@", 1)
    opened = Instance(RedisSettings("default", url, ("*",)))
    yield opened
    await opened.close()


@pytest.fixture
def mail(redis: redis_py.Redis, instance: Instance, layout: Layout) -> LaidOut:
    """The queue `mail` in the layout that the test is parametrised with, still empty."""
    return LaidOut(redis, instance, layout)
