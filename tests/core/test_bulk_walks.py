"""Walks over frozen scopes on a real server, while jobs come, go and stay: each that belongs comes exactly once."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any

import redis as redis_py

from core.instance import Instance
from core.model import Dialect, Identity, Queue, QueueId, State
from core.operations.request import Options
from core.operations.scope import Scope, freeze
from core.operations.walks import Walk, walk
from tests.core import layout

BASE = b"bull:mail:"
QUEUE = Queue(QueueId("default", "bull", "mail"), Identity(Dialect.MQ5, "6.7.0", ()), paused=False, counts={})
KEYS = {State.FAILED: BASE + b"failed", State.WAITING: BASE + b"wait", State.DELAYED: BASE + b"delayed"}


async def frozen(instance: Instance, state: State, **options: Any) -> Scope:
    return await freeze(instance, QUEUE, state, Options(**options), layout.now())


async def gone_through(
    walk: Walk, redis: redis_py.Redis, key: bytes, stay: Collection[bytes] = (), size: int = 7
) -> list[bytes]:
    """Everything the walk gives, each removed from the key unless it is to stay."""
    seen: list[bytes] = []
    while page := await walk.page(size):
        for id in page:
            if id not in stay:
                redis.zrem(key, id) if redis.type(key) == b"zset" else redis.lrem(key, -1, id.decode())
        walk.passed(page, {id for id in page if id in stay})
        seen += page
    return seen


def names(first: int, last: int) -> list[bytes]:
    return [b"%04d" % number for number in range(first, last)]


async def test_a_set_comes_oldest_first_and_each_once(redis: redis_py.Redis, instance: Instance) -> None:
    redis.zadd(KEYS[State.FAILED], {id: int(id) // 3 for id in names(1, 100)})
    scope = await frozen(instance, State.FAILED)

    assert (scope.count, scope.exact) == (99, True)
    assert await gone_through(walk(instance, KEYS[State.FAILED], scope), redis, KEYS[State.FAILED]) == names(1, 100)


async def test_jobs_of_one_millisecond_come_once_though_some_stay(redis: redis_py.Redis, instance: Instance) -> None:
    redis.zadd(KEYS[State.FAILED], dict.fromkeys(names(1, 200), 5))
    stay = set(random.Random(1).sample(names(1, 200), 90))
    through = walk(instance, KEYS[State.FAILED], await frozen(instance, State.FAILED))

    assert await gone_through(through, redis, KEYS[State.FAILED], stay) == names(1, 200)
    assert set(redis.zrange(KEYS[State.FAILED], 0, -1)) == stay


async def test_jobs_that_stayed_and_then_went_move_nothing_else_out_of_sight(
    redis: redis_py.Redis, instance: Instance
) -> None:
    key = KEYS[State.FAILED]
    redis.zadd(key, dict.fromkeys(names(1, 60), 5))
    through = walk(instance, key, await frozen(instance, State.FAILED))
    first = await through.page(20)
    through.passed(first, set(first))
    redis.zrem(key, *first)

    assert await gone_through(through, redis, key) == names(21, 60)


async def test_what_enters_a_set_later_is_beyond_its_last_member(redis: redis_py.Redis, instance: Instance) -> None:
    key = KEYS[State.FAILED]
    redis.zadd(key, {id: int(id) for id in names(1, 30)})
    through = walk(instance, key, await frozen(instance, State.FAILED))
    redis.zadd(key, {id: int(id) for id in names(30, 90)})

    assert await gone_through(through, redis, key) == names(1, 30)


async def test_keep_grace_and_limit_bound_a_set(redis: redis_py.Redis, instance: Instance) -> None:
    now = layout.now()
    redis.zadd(KEYS[State.FAILED], {id: now - 1000 * (100 - int(id)) for id in names(0, 100)})

    assert (await frozen(instance, State.FAILED, keep=30)).count == 70
    assert (await frozen(instance, State.FAILED, keep=300)).count == 0
    assert (await frozen(instance, State.FAILED, limit=12)).count == 12
    assert (await frozen(instance, State.FAILED, grace=50_500)).count == 50
    assert (await frozen(instance, State.FAILED, grace=50_500, keep=90)).count == 10


async def test_a_list_comes_from_its_tail_up_to_the_newest_of_then(redis: redis_py.Redis, instance: Instance) -> None:
    key = KEYS[State.WAITING]
    redis.lpush(key, *names(1, 50))
    through = walk(instance, key, await frozen(instance, State.WAITING))
    redis.lpush(key, *names(50, 90))

    assert await gone_through(through, redis, key) == names(1, 50)


async def test_workers_may_take_what_the_walk_left_standing(redis: redis_py.Redis, instance: Instance) -> None:
    key = KEYS[State.WAITING]
    redis.lpush(key, *names(1, 100))
    through = walk(instance, key, await frozen(instance, State.WAITING))
    first = await through.page(20)
    through.passed(first, set(first))
    for _ in range(15):
        redis.rpop(key)

    assert await gone_through(through, redis, key) == names(21, 100)


async def test_when_workers_took_all_that_belonged_nothing_newer_is_touched(
    redis: redis_py.Redis, instance: Instance
) -> None:
    key = KEYS[State.WAITING]
    redis.lpush(key, *names(1, 40))
    through = walk(instance, key, await frozen(instance, State.WAITING))
    redis.lpush(key, *names(40, 80))
    for _ in range(39):
        redis.rpop(key)

    assert await gone_through(through, redis, key) == []


async def test_a_wake_up_mark_is_neither_counted_nor_met(redis: redis_py.Redis, instance: Instance) -> None:
    key = KEYS[State.WAITING]
    redis.lpush(key, "0:0", *names(1, 20))
    scope = await frozen(instance, State.WAITING)

    assert scope.count == 19
    assert await gone_through(walk(instance, key, scope), redis, key) == names(1, 20)


async def test_the_newest_of_a_list_are_kept(redis: redis_py.Redis, instance: Instance) -> None:
    key = KEYS[State.WAITING]
    redis.lpush(key, *names(1, 40))
    scope = await frozen(instance, State.WAITING, keep=10)

    assert scope.count == 29
    assert await gone_through(walk(instance, key, scope), redis, key) == names(1, 30)
    assert redis.llen(key) == 10


async def test_a_page_asked_for_twice_is_the_same(redis: redis_py.Redis, instance: Instance) -> None:
    redis.lpush(KEYS[State.WAITING], *names(1, 40))
    redis.zadd(KEYS[State.FAILED], dict.fromkeys(names(1, 40), 5))
    for state in (State.WAITING, State.FAILED):
        through = walk(instance, KEYS[state], await frozen(instance, state))

        assert await through.page(9) == await through.page(9) == names(1, 10)
