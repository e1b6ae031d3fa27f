"""Where jobs are now: in every state, deep in long lists, and while they move under our eyes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
import redis as redis_py

from core.dialects.contract import CONTRACTS
from core.instance import Instance
from core.jobs.whereabouts import DEPTH, locate
from core.model import Dialect, Identity, Queue, QueueId, State
from core.redis_settings import RedisSettings
from tests.core import layout
from tickbird.demo.server import EmbeddedServer

BASE = b"bull:mail:"
QUEUE = Queue(QueueId("default", "bull", "mail"), Identity(Dialect.MQ5, None, ()), paused=False, counts={})


async def place(instance: Instance, id: bytes = b"1") -> tuple[State, bool] | None:
    found = (await locate(instance, QUEUE, [id]))[id]
    return (found.placed.state, found.sure) if found else None


def put(redis: redis_py.Redis, state: State, id: bytes = b"1") -> None:
    key = BASE + CONTRACTS[Dialect.MQ5].keys[state]
    if state in (State.WAITING, State.ACTIVE, State.PAUSED):
        redis.lpush(key, id)
    else:
        redis.zadd(key, {id: 5})


@pytest.mark.parametrize("state", CONTRACTS[Dialect.MQ5].states)
async def test_a_job_is_found_in_every_state(instance: Instance, redis: redis_py.Redis, state: State) -> None:
    put(redis, state, layout.job(redis, BASE))
    assert await place(instance) == (state, True)


async def test_a_job_of_which_nothing_is_there_is_nowhere(instance: Instance) -> None:
    assert await place(instance) is None


async def test_a_ghost_is_where_its_id_stands(instance: Instance, redis: redis_py.Redis) -> None:
    put(redis, State.WAITING)
    assert await place(instance) == (State.WAITING, True)


async def test_a_hash_that_no_state_lists_is_nowhere_known(instance: Instance, redis: redis_py.Redis) -> None:
    layout.job(redis, BASE)
    assert await place(instance) == (State.UNKNOWN, True)


async def test_a_job_deep_in_a_long_list_is_taken_to_be_there_and_that_is_said(
    instance: Instance, redis: redis_py.Redis
) -> None:
    layout.job(redis, BASE, "deep")
    ids = [b"%d" % number for number in range(DEPTH + 5)]
    redis.rpush(BASE + b"wait", *ids, b"deep", *ids)
    assert await place(instance, b"deep") == (State.WAITING, False)
    assert await place(instance, ids[0]) is not None
    layout.job(redis, BASE, "0")
    assert await place(instance, b"0") == (State.WAITING, True)


async def test_many_jobs_are_found_in_two_or_three_round_trips(instance: Instance, redis: redis_py.Redis) -> None:
    layout.waiting(redis, BASE, *(f"w{number}" for number in range(50)))
    layout.failed(redis, BASE, *(f"f{number}" for number in range(50)))
    wanted = [*(b"w%d" % number for number in range(50)), *(b"f%d" % number for number in range(50))]
    found = await locate(instance, QUEUE, wanted)
    assert [where.placed.state for id in wanted if (where := found[id])] == [State.WAITING] * 50 + [State.FAILED] * 50


class Watched(Instance):
    """Our connections, with something that happens at Redis after each of our questions."""

    def __init__(self, url: str, meanwhile: Callable[[], None]) -> None:
        super().__init__(RedisSettings("default", url, ("*",)))
        self.meanwhile = meanwhile

    async def read(self, commands: Sequence[bytes]) -> list[Any]:
        answers = []
        for command in commands:
            answers += await super().read([command])
            self.meanwhile()
        return answers


WAY = [State.WAITING, State.ACTIVE, State.COMPLETED]


@pytest.mark.parametrize("way", [WAY, [State.PAUSED, State.WAITING, State.ACTIVE], [State.DELAYED, State.WAITING]])
@pytest.mark.parametrize("speed", [1, 2, 3, 4, 5, 7, 9, 11, 13])
async def test_a_job_that_moves_on_while_we_look_is_never_nowhere(
    server: EmbeddedServer, redis: redis_py.Redis, way: list[State], speed: int
) -> None:
    layout.job(redis, BASE)
    put(redis, way[0])
    steps = iter(pairwise(way))
    commands = 0

    def move() -> None:
        nonlocal commands
        commands += 1
        if commands % speed == 0 and (step := next(steps, None)):
            before, after = (BASE + CONTRACTS[Dialect.MQ5].keys[state] for state in step)
            pipe = redis.pipeline()
            pipe.delete(before)
            pipe.lpush(after, "1") if step[1] in (State.ACTIVE, State.WAITING) else pipe.zadd(after, {"1": 5})
            pipe.execute()

    watched = Watched(server.url, move)
    seen = await place(watched)
    await watched.close()
    assert seen is not None
    assert seen[0] in way
