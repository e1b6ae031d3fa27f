"""Many event streams at once: a round ends in time, and what is left of them is read in the next."""

from __future__ import annotations

import time
from collections import Counter
from types import SimpleNamespace

import pytest
import redis as redis_py

from core.events.follower import Follower
from core.events.stream import Stream
from core.instance import Instance
from core.model import QueueId
from core.redis_settings import RedisSettings
from tests.core.told import Told
from tickbird.demo.server import EmbeddedServer

MANY, ENTRIES = 5, 300


async def test_a_round_whose_time_is_over_reads_no_further_stream_and_the_next_begins_with_those(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = Instance(RedisSettings("default", server.url, ("*",)))
    told = [Told(redis, instance, QueueId("default", "bull", f"q{number}")) for number in range(MANY)]
    follower = told[0].follower
    follower.streams = {each.id.base: each.stream for each in told}
    for each in told:
        each.tell(0, "paused", None)
    await follower.round()
    for each in told:
        for number in range(ENTRIES):
            each.tell(number + 1, "resumed", None)
    right, passed, slices = Follower._read_slice, [0.0], Counter[str]()

    async def read_slice(self: Follower, stream: Stream) -> bool:
        slices[stream.id.name] += 1
        passed[0] += 0.6  # four of them are a round
        return await right(self, stream)

    monkeypatch.setattr("core.events.follower.time", SimpleNamespace(monotonic=lambda: passed[0], time_ns=time.time_ns))
    monkeypatch.setattr(Follower, "_read_slice", read_slice)
    await follower.round()
    assert slices.total() == 4
    for _ in range(50):
        await follower.round()
    await instance.close()
    assert {each.events[b"resumed"] for each in told} == {ENTRIES}
    assert len(slices) == MANY
