"""Pages of a state that stay right while jobs come, go and move."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.dialects.contract import CONTRACTS
from core.instance import Instance
from core.jobs.cursor import Cursor, decode
from core.jobs.listing import Order, Sought, list_ids
from core.jobs.place import NEAR
from core.model import Dialect, State

BASE = b"bull:mail:"
WAIT, FAILED = BASE + b"wait", BASE + b"failed"
same_server = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
orders = st.sampled_from(["newest", "oldest"])
Between = Callable[[], None]


class Walk:
    """All pages of a state, one after the other, with something happening between them."""

    def __init__(self, instance: Instance, state: State, order: Order, limit: int) -> None:
        self.instance, self.state, self.order, self.limit = instance, state, order, limit
        self.notions = CONTRACTS[Dialect.MQ5]
        self.ids: list[bytes] = []
        self.lost = False
        self.pages = 0

    async def run(self, between: Between = lambda: None) -> list[bytes]:
        cursor: Cursor | None = None
        while True:
            sought = Sought(self.state, self.order, self.limit, cursor)
            page = await list_ids(self.instance, BASE, self.notions, sought)
            assert len(page.members) <= self.limit
            self.ids += [id for id, _ in page.members]
            self.lost = self.lost or page.lost
            self.pages += 1
            assert self.pages < 500, "the walk does not end"
            if page.next is None:
                return self.ids
            cursor = decode(page.next.encode(), self.state, self.order)
            between()


def names(count: int, start: int = 0) -> list[bytes]:
    return [b"job-%d" % number for number in range(start, start + count)]


def drop(redis: redis_py.Redis, id: bytes | str) -> None:
    redis.lrem(WAIT, 0, cast(str, id))  # bytes are fine


class Moves:
    """Random moves of a list of jobs, and which of its jobs never moved."""

    def __init__(self, redis: redis_py.Redis, seed: int, count: int) -> None:
        self.redis, self.random = redis, random.Random(seed)
        self.original = names(count)
        self.steady = list(self.original)
        self.added = count
        self.turns = 0
        redis.flushall()
        redis.lpush(WAIT, *self.original)

    def some(self, *, most: int) -> None:
        """A few moves, until so many that a slow walk would never get to the end of what is added."""
        self.turns += 1
        if self.turns > 40:
            return
        for _ in range(self.random.randrange(most + 1)):
            self.random.choice([self.add, self.add_lifo, self.take, self.take_back, self.remove])()

    def add(self) -> None:
        self.redis.lpush(WAIT, *names(self.random.randrange(1, 5), self.added))
        self.added += 5

    def add_lifo(self) -> None:
        self.redis.rpush(WAIT, *names(1, self.added))
        self.added += 1

    def take(self) -> None:
        self._taken()

    def take_back(self) -> None:
        """A job fails at once and is queued again, as the newest."""
        if (id := self._taken()) is not None:
            self.redis.lpush(WAIT, id)

    def remove(self) -> None:
        if ids := self.redis.lrange(WAIT, 0, -1):
            id = self.random.choice(ids)
            drop(self.redis, id)
            self._moved(id)

    def _taken(self) -> bytes | None:
        id = self.redis.rpop(WAIT)
        assert not isinstance(id, str | list)
        self._moved(id)
        return id

    def _moved(self, id: object) -> None:
        self.steady = [job for job in self.steady if job != id]


@same_server
@given(seed=st.integers(0, 2**32), count=st.integers(20, 80), limit=st.integers(4, 13), order=orders)
async def test_a_walk_over_a_list_neither_repeats_nor_skips_a_job_that_stayed(
    instance: Instance, redis: redis_py.Redis, seed: int, count: int, limit: int, order: Order
) -> None:
    moves = Moves(redis, seed, count)
    walk = Walk(instance, State.WAITING, order, limit)
    seen = await walk.run(lambda: moves.some(most=3))
    steady = [id for id in seen if id in set(moves.steady)]
    assert steady == (moves.steady if order == "oldest" else moves.steady[::-1])
    assert not walk.lost


@same_server
@given(seed=st.integers(0, 2**32), count=st.integers(1, 20), limit=st.integers(1, 3), order=orders)
async def test_a_walk_over_a_short_list_in_tiny_pages_ends_and_skips_nothing(
    instance: Instance, redis: redis_py.Redis, seed: int, count: int, limit: int, order: Order
) -> None:
    moves = Moves(redis, seed, count)
    walk = Walk(instance, State.WAITING, order, limit)
    seen = await walk.run(lambda: moves.some(most=1))
    assert walk.lost or set(moves.steady) <= set(seen)


@same_server
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60), limit=st.integers(1, 13), order=orders, ties=st.booleans())
async def test_a_walk_over_a_sorted_set_neither_repeats_nor_skips_a_job_that_stayed(
    instance: Instance, redis: redis_py.Redis, seed: int, count: int, limit: int, order: Order, ties: bool
) -> None:
    chance = random.Random(seed)
    scores = {id: chance.randrange(3 if ties else 10**6) for id in names(count)}
    redis.flushall()
    redis.zadd(FAILED, scores)
    steady = set(scores)

    def move() -> None:
        for id in chance.sample(sorted(scores), chance.randrange(4) % (count + 1)):
            steady.discard(id)
            if chance.random() < 0.5:
                redis.zrem(FAILED, id)
            else:
                redis.zadd(FAILED, {id: chance.randrange(10**6)})
        redis.zadd(FAILED, {b"new-%d" % chance.randrange(10**9): chance.randrange(3 if ties else 10**6)})

    seen = await Walk(instance, State.FAILED, order, limit).run(move)
    expected = sorted(steady, key=lambda id: (scores[id], id), reverse=order == "newest")
    assert [id for id in seen if id in steady] == expected


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("limit", [1, 7, 50, 500])
async def test_a_list_that_rests_is_walked_whole(
    instance: Instance, redis: redis_py.Redis, order: Order, limit: int
) -> None:
    redis.lpush(WAIT, *names(103))
    seen = await Walk(instance, State.WAITING, order, limit).run()
    assert seen == (names(103) if order == "oldest" else names(103)[::-1])


@pytest.mark.parametrize("taken", [3, 10, 12, 15, 40, 90])
async def test_workers_that_take_the_page_before_do_not_make_us_skip_the_next(
    instance: Instance, redis: redis_py.Redis, taken: int
) -> None:
    redis.lpush(WAIT, *names(200))
    walk = Walk(instance, State.WAITING, "oldest", 10)
    turns = iter([taken])

    def work() -> None:
        if count := next(turns, 0):
            redis.rpop(WAIT, count)

    seen = await walk.run(work)
    assert seen == names(10) + names(200)[max(10, taken) :]


async def test_a_page_that_is_removed_whole_does_not_make_us_skip_the_next(
    instance: Instance, redis: redis_py.Redis
) -> None:
    redis.lpush(WAIT, *names(1000))
    walk = Walk(instance, State.WAITING, "newest", 50)

    def remove() -> None:
        for id in walk.ids[-50:]:
            drop(redis, id)

    assert await walk.run(remove) == names(1000)[::-1]
    assert not walk.lost


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_a_job_that_went_round_does_not_take_our_place_along(
    instance: Instance, redis: redis_py.Redis, order: Order
) -> None:
    redis.lpush(WAIT, *names(40))
    walk = Walk(instance, State.WAITING, order, 10)
    turned: list[bytes] = []

    def turn() -> None:
        if not turned:
            turned.append(walk.ids[-1])
            drop(redis, turned[0])
            push = redis.lpush if order == "oldest" else redis.rpush
            push(WAIT, turned[0])

    seen = await walk.run(turn)
    expected = names(40) if order == "oldest" else names(40)[::-1]
    assert [id for id in seen if id not in turned] == [id for id in expected if id not in turned]


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_a_list_that_grew_far_keeps_our_place(instance: Instance, redis: redis_py.Redis, order: Order) -> None:
    redis.lpush(WAIT, *names(30))
    walk = Walk(instance, State.WAITING, order, 10)
    far = iter([NEAR * 20])

    def grow() -> None:
        if count := next(far, 0):
            push = redis.lpush if order == "newest" else redis.rpush
            push(WAIT, *names(count, start=1000))

    seen = await walk.run(grow)
    assert [id for id in seen if id in names(30)] == (names(30) if order == "oldest" else names(30)[::-1])
    assert not walk.lost


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("marker", [b"0:0", b"0:1800000000000", b"0"])
async def test_marks_in_older_lists_are_no_jobs_and_no_anchors(
    instance: Instance, redis: redis_py.Redis, order: Order, marker: bytes
) -> None:
    redis.rpush(WAIT, b"3", b"2", b"1", marker)
    walk = Walk(instance, State.WAITING, order, 1)
    walk.notions = CONTRACTS[Dialect.MQ4]

    def renew() -> None:
        redis.lrem(WAIT, 0, marker.decode())
        redis.lpush(WAIT, marker)

    assert await walk.run(renew) == ([b"1", b"2", b"3"] if order == "oldest" else [b"3", b"2", b"1"])


async def test_bulls_own_ids_that_look_like_marks_are_jobs(instance: Instance, redis: redis_py.Redis) -> None:
    redis.lpush(WAIT, "0", "0:7")
    walk = Walk(instance, State.WAITING, "oldest", 10)
    walk.notions = CONTRACTS[Dialect.BULL]
    assert await walk.run() == [b"0", b"0:7"]


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_ids_of_any_bytes_and_any_length_are_walked(
    instance: Instance, redis: redis_py.Redis, order: Order
) -> None:
    ids = [b"\xff\xfe", b"", "größe".encode(), b"a b\n", b"x" * 600, b"x" * 601, b"y" * 5000, b"'\"%s{}"]
    redis.rpush(WAIT, *ids)
    redis.zadd(FAILED, dict.fromkeys(ids, 5))
    for state, expected in ((State.WAITING, ids[::-1]), (State.FAILED, sorted(ids))):
        seen = await Walk(instance, state, order, 1).run()
        assert seen == (expected if order == "oldest" else expected[::-1])


async def test_a_page_costs_the_same_however_deep_it_lies(instance: Instance, redis: redis_py.Redis) -> None:
    redis.lpush(WAIT, *names(20_000))
    redis.zadd(FAILED, {id: number for number, id in enumerate(names(20_000))})
    for state in (State.WAITING, State.FAILED):
        cost = []
        cursor = None
        for _ in range(30):
            sent = instance.commands_sent
            page = await list_ids(instance, BASE, CONTRACTS[Dialect.MQ5], Sought(state, "newest", 500, cursor))
            cursor = page.next
            cost.append(instance.commands_sent - sent)
        assert max(cost) <= 5


async def test_where_our_place_is_lost_it_is_said(instance: Instance, redis: redis_py.Redis) -> None:
    redis.lpush(WAIT, *names(2000))
    page = await list_ids(instance, BASE, CONTRACTS[Dialect.MQ5], Sought(State.WAITING, "newest", 50, None))
    redis.delete(WAIT)
    redis.lpush(WAIT, *names(2000, start=5000))
    again = await list_ids(instance, BASE, CONTRACTS[Dialect.MQ5], Sought(State.WAITING, "newest", 50, page.next))
    assert again.lost
