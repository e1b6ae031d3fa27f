"""Bodies with something else in each of their places: each is answered or refused, and none is a fault of ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis as redis_py

from core.model import Dialect
from dashboard.api.call import Call
from dashboard.api.calls import CALLS
from tests.dashboard.called import BODIES
from tests.fuzz.asking import BASE, Asking, asking, path_of
from tests.fuzz.company import lay, queue_id
from tickbird.demo.server import EmbeddedServer

HREF = f"{BASE}/api/queues/default/bull/"
TEXTS = ("", "\ud800", "\udcff", "a\udfffb\x00", "~2", f"{HREF}\ud800", f"{HREF}%ED%A0%80", "http://[", "1" * 5000)
OTHERS: tuple[Any, ...] = (None, True, -1, 0, 1.5, 2**70, 1e308, [], {}, [[]], {"": []}, [HREF, "http://["], ["\ud800"])
JSON = {"content-type": "application/json"}
JOBS = {"fail": "3", "requeue": "3", "retry": "7"}


def odd(body: Any) -> Iterator[Any]:
    """The body with one of its values, or all of it, exchanged for each of the odd ones."""
    for key, value in body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ():
        for other in odd(value):
            changed = body.copy()
            changed[key] = other
            yield changed
    yield from (*TEXTS, *OTHERS)


@pytest.fixture
async def there(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Asking]:
    lay(redis, Dialect.MQ5)
    async with asking(server.url) as asked:
        await asked.look()
        yield asked


@pytest.mark.parametrize("call", [call for call in CALLS if call.body], ids=lambda call: call.answer.__name__)
async def test_nothing_in_a_body_is_a_fault_of_ours(there: Asking, call: Call) -> None:
    path = path_of(call, queue_id(Dialect.MQ5), JOBS.get(call.answer.__name__, "5"))
    for body in odd(BODIES[call.body]):
        answer = await there.ask(call.method, path, content=json.dumps(body), headers=JSON)
        assert answer.status_code < 500, (body, answer.text)
        assert answer.is_success or answer.headers["content-type"] == "application/problem+json"


async def test_half_a_character_is_refused_by_name(there: Asking) -> None:
    id = queue_id(Dialect.MQ5)
    calls = {call.answer.__name__: call for call in CALLS}
    for name, body in (
        ("fail", {"reason": "\ud800"}),
        ("send_back", {"ids": ["\ud800"]}),
        ("move", {"queue": f"{HREF}\ud800"}),
        ("start_operation", {"action": "retry", "queues": [f"{HREF}\ud800"]}),
    ):
        call = calls[name]
        answer = await there.ask(call.method, path_of(call, id, "3"), content=json.dumps(body), headers=JSON)
        assert answer.status_code == 400, (name, answer.text)
