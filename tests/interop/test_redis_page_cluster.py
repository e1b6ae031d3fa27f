"""On a real cluster each master is a server of its own, and what a queue holds is measured wherever it lives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis as redis_py

from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core import layout
from tests.core.waiting import soon
from tests.interop.three_masters import MASTERS, ThreeMasters, three_masters


@pytest.fixture(scope="module")
def masters() -> Iterator[ThreeMasters]:
    with three_masters() as running:
        yield running


async def test_each_master_is_told_of_and_every_queue_is_measured(masters: ThreeMasters) -> None:
    masters.flush()
    prefixes = [masters.prefix_on(number) for number in range(MASTERS)]
    with redis_py.RedisCluster(host="127.0.0.1", port=masters.port) as cluster:
        for prefix in prefixes:
            base = f"{prefix}:mail:"
            cluster.hset(f"{base}meta", mapping={"opts.maxLenEvents": 10_000, "version": "bullmq:6.7.0"})
            cluster.set(f"{base}id", 1)
            cluster.hset(f"{base}1", mapping={"name": "welcome", "data": "x" * 1_000, "opts": "{}", "timestamp": 1})
            cluster.zadd(f"{base}completed", {"1": layout.now()})
    herd = Herd(Settings(redis=(RedisSettings("default", masters.url, ("*",)),)))
    try:
        await herd.start()
        await soon(lambda: found(herd))
        (standing,) = await herd.redis_health.look()
        (held,) = await herd.redis_health.held()
        crew = await herd.workers.look()
    finally:
        await herd.stop()
    assert len({server.address for server in standing.servers}) == MASTERS
    assert all(server.address and server.mode == "cluster" for server in standing.servers)
    assert standing.cost.microseconds is not None
    assert standing.cost.sample > 0
    assert {holding.queue.prefix for holding in held.holdings.held} == set(prefixes)
    assert all(holding.jobs_bytes > 1_000 for holding in held.holdings.held)
    assert crew.trouble == ()


async def found(herd: Herd) -> bool:
    return len(herd.snapshot().queues) == MASTERS
