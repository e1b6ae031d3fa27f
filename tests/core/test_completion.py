"""The words that completion offers: what the jobs of a state say, read in bounds and without what must not be seen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import redis as redis_py

from core.errors import Invalid
from core.herd import Herd
from core.model import QueueId, State
from core.redaction.redaction import Rule
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.views.vocabulary import LARGEST_DATA, MOST_PATHS, MOST_QUEUES, MOST_VALUES, Vocabulary
from tests.core.layout import queue, waiting
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]


@pytest.fixture
async def mail(herd: Herd, redis: redis_py.Redis, eventually: Eventually) -> bytes:
    """The base of a queue that the herd knows."""
    base = queue(redis)
    await eventually(lambda: herd.snapshot().queue(MAIL))
    return base


async def words(herd: Herd, state: State = State.WAITING) -> Vocabulary:
    herd.sight.forget(MAIL)
    return await herd.views.vocabulary(MAIL, state)


def values(found: Vocabulary, path: str) -> dict[str, int]:
    return {said.value: said.jobs for said in found.values.get(path, ())}


async def test_names_workers_and_values_in_data_are_counted_by_jobs(
    herd: Herd, mail: bytes, redis: redis_py.Redis
) -> None:
    data = {
        "user": {"id": 9007199254740993, "vip": True},
        "items": [{"sku": "a"}, {"sku": "a"}, {"sku": "b"}],
        "no": None,
    }
    waiting(redis, mail, "1", "2", data=json.dumps(data), pb="worker-7")
    waiting(redis, mail, "3", name="invoice", data='{"user":{"id":"x y"}}')

    found = await words(herd)
    assert (found.looked_at, found.total, found.unread) == (3, 3, 0)
    assert values(found, "name") == {"welcome": 2, "invoice": 1}
    assert values(found, "worker") == {"worker-7": 2}
    assert values(found, "data.user.id") == {"9007199254740993": 2, "x y": 1}
    assert values(found, "data.user.vip") == {"true": 2}
    assert values(found, "data.items.sku") == {"a": 2, "b": 2}
    assert "data.no" not in found.values


async def test_of_many_jobs_both_ends_are_looked_at_and_it_says_how_many(
    herd: Herd, mail: bytes, redis: redis_py.Redis
) -> None:
    waiting(redis, mail, *(str(n) for n in range(400)), data="{}")
    waiting(redis, mail, "newest", name="newest")
    redis.hset(mail + b"0", "name", "oldest")

    found = await words(herd)
    assert (found.looked_at, found.total) == (150, 401)
    assert {"newest", "oldest", "welcome"} == set(values(found, "name"))


async def test_no_payload_makes_it_read_or_answer_without_bounds(
    herd: Herd, mail: bytes, redis: redis_py.Redis
) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"deeper": deep}
    waiting(redis, mail, "huge", data=json.dumps({"x": "y" * 2_000_000}))
    waiting(redis, mail, "broken", data='{"a":')
    waiting(redis, mail, "list", data=json.dumps([[["x"]]] * 100))
    waiting(redis, mail, "deep", data=json.dumps(deep))
    waiting(redis, mail, "odd", data=json.dumps({"a b": 1, "c.d": 2, 'e"': 3, "long": "z" * 500}))
    waiting(redis, mail, "bytes", data=b'{"raw":"\xff"}', name=b"\xff")
    for number in range(10):
        waiting(redis, mail, f"wide{number}", data=json.dumps({f"key{number}_{n}": n for n in range(200)}))

    found = await words(herd)
    assert found.unread == 1
    assert len(found.values) <= MOST_PATHS + 2
    assert all(len(said) <= MOST_VALUES for said in found.values.values())
    assert not any("deeper.deeper.deeper.deeper.deeper.deeper" in path for path in found.values)
    assert not {"data.a b", "data.c.d", 'data.e"'} & found.values.keys()
    assert all(len(said.value) <= 80 for each in found.values.values() for said in each)


async def test_it_is_read_once_for_all_who_ask(herd: Herd, mail: bytes, redis: redis_py.Redis) -> None:
    waiting(redis, mail, "1", data="{}")
    first = await words(herd)
    waiting(redis, mail, "2", data="{}")
    assert await herd.views.vocabulary(MAIL, State.WAITING) is first


async def test_the_words_of_all_queues_come_from_those_with_the_most_jobs_and_say_of_how_many(
    herd: Herd, mail: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    waiting(redis, mail, "1", "2", data='{"to": "a"}')
    for number in range(MOST_QUEUES):
        waiting(
            redis, queue(redis, f"bull:busy{number}:"), *map(str, range(3)), name=f"name{number}", data='{"to": "b"}'
        )
    there = 2 + 3 * MOST_QUEUES
    await eventually(lambda: sum(sum(each.counts.values()) for each in herd.sight.queues()) == there)

    found = await herd.views.words()
    assert (found.looked_at, found.total) == (3 * MOST_QUEUES, 3 * MOST_QUEUES)
    assert values(found, "name") == {f"name{number}": 3 for number in range(MOST_QUEUES)}
    assert values(found, "data.to") == {"b": 3 * MOST_QUEUES}


async def test_a_state_that_the_queue_has_not_is_refused(herd: Herd, mail: bytes) -> None:
    with pytest.raises(Invalid):
        await words(herd, State.UNKNOWN)


@pytest.fixture
async def hiding(server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually) -> AsyncIterator[Herd]:
    base = queue(redis)
    data = {"token": "s3cr3t", "card": {"number": "s3cr3t", "kind": "visa"}, "pad": "x" * (LARGEST_DATA // 2)}
    waiting(redis, base, "1", data=json.dumps(data))
    rules = (Rule(keys=("*token*",), paths=(("card", "number"),)),)
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),), redact=rules))
    await herd.start()
    with herd.watching():
        await eventually(lambda: herd.snapshot().queue(MAIL))
        yield herd
    await herd.stop()


async def test_what_must_not_be_seen_is_not_offered(hiding: Herd) -> None:
    found = await words(hiding)
    assert values(found, "data.card.kind") == {"visa": 1}
    assert "s3cr3t" not in repr(found)
    assert "redacted" not in repr(found)
