"""What Tickbird keeps for itself, written over by somebody else: it is left out, or said to be away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis as redis_py

from core.model import Dialect
from dashboard.urls import job_href, queue_href
from tests.fuzz.asking import BASE, Asking, asking
from tests.fuzz.broken import GARBAGE, KINDS, POISON, put
from tests.fuzz.company import lay, queue_id
from tickbird.demo.server import EmbeddedServer

MAIL = queue_id(Dialect.MQ5)
PLACES = ("/audit", "/operations", "/api/audit", "/api/operations", "/api/views", "/views", "/errors", "/api/errors")
JSON = {"content-type": "application/json"}


@pytest.fixture
async def there(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Asking]:
    lay(redis, Dialect.MQ5)
    async with asking(server.url, server.url) as asked:
        await asked.look()
        await _keep_something(asked)
        yield asked


async def _keep_something(there: Asking) -> None:
    """An audited act, an operation, a view, and a job that can be put back."""
    for method, path, body in (
        ("POST", f"{job_href(BASE, MAIL, '7')}/retry", {}),
        ("DELETE", job_href(BASE, MAIL, "6"), {}),
        ("POST", f"{BASE}/api/views", {"name": "lost", "state": "failed", "q": "reason:route"}),
        (
            "POST",
            f"{BASE}/api/operations",
            {"action": "retry", "state": "failed", "queues": [queue_href(BASE, MAIL)], "dry_run": True},
        ),
    ):
        answer = await there.ask(method, path, content=json.dumps(body), headers=JSON)
        assert answer.status_code == 200, answer.text


def spoil(redis: redis_py.Redis, key: bytes, value: bytes) -> None:
    """Every value in it is this one."""
    match redis.type(key):
        case b"hash":
            redis.hset(key, mapping=dict.fromkeys(redis.hkeys(key), value))
        case b"zset" if not value:
            members: Any = redis.zrange(key, 0, -1)
            redis.zadd(key, dict.fromkeys(members, float("inf")))
        case b"stream":
            redis.xadd(key, {b"line": value})
            redis.xadd(key, {value: value})
        case b"string":
            redis.set(key, value)


@pytest.mark.timeout(300)
async def test_what_cannot_be_read_of_our_own_breaks_nothing(
    there: Asking, redis: redis_py.Redis, server: EmbeddedServer
) -> None:
    kept = list(redis.scan_iter(b"tickbird:*"))
    assert len(kept) > 8
    for value in (GARBAGE, POISON, b"[]", b"null", b'{"v":1}', b""):
        for key in kept:
            spoil(redis, key, value)
        async with asking(server.url, server.url) as anew:
            await anew.look()
            for place in PLACES:
                answer = await anew.ask("GET", BASE + place)
                assert answer.status_code == 200, (value, place, answer.text[:2000])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS[:6])
async def test_keys_of_another_type_are_a_store_that_is_away(
    there: Asking, redis: redis_py.Redis, server: EmbeddedServer, kind: str
) -> None:
    for key in list(redis.scan_iter(b"tickbird:*")):
        put(redis, key, kind)
    async with asking(server.url, server.url) as anew:
        await anew.look()
        for place in PLACES:
            answer = await anew.ask("GET", BASE + place)
            assert answer.status_code in (200, 503), (place, answer.text[:2000])
            assert answer.status_code == 200 or "state_url refuses" in answer.text
        assert (await anew.ask("GET", BASE)).status_code == 200
