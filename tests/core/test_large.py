"""Large jobs: what is moved from Redis stays bounded, on the first look and on every further one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.herd import Herd
from core.job import Job
from core.model import QueueId, State
from tests.core import layout
from tests.core.waiting import read_now, still
from tickbird.demo.server import EmbeddedServer

BASE = b"bull:mail:"
MAIL = QueueId("default", "bull", "mail")
MB = 1_000_000
TEXTS = ("name", "data", "opts", "returnvalue", "failedReason", "stacktrace", "progress", "pb", "deid", "odd")


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    """A herd that knows the queue mail."""
    layout.queue(redis)
    async with still(server.url) as herd:
        yield herd


def moved(redis: redis_py.Redis) -> int:
    return int(redis.info("stats")["total_net_output_bytes"])


async def read(herd: Herd, job_id: str = "1") -> Job:
    await read_now(herd)
    return await herd.job(MAIL, job_id)


async def test_a_job_of_a_megabyte_is_moved_once_and_then_remembered(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, BASE, "1", data="x" * MB, returnvalue="y" * MB)
    before = moved(redis)
    first = await read(herd)
    assert moved(redis) - before < 2.1 * MB
    before = moved(redis)
    second = await read(herd)
    assert moved(redis) - before < 50_000
    assert second.data == first.data
    assert first.data is not None
    assert (first.data.size, first.data.cut, len(first.data.text)) == (MB, True, 65_536)


async def test_ten_megabytes_in_every_text_are_shown_within_a_budget(herd: Herd, redis: redis_py.Redis) -> None:
    redis.zadd(BASE + b"failed", {"1": 5})
    redis.hset(BASE + b"1", "timestamp", "1", mapping=dict.fromkeys(TEXTS, b"x" * (10 * MB)))
    before = moved(redis)
    job = await read(herd)
    assert moved(redis) - before < 33 * MB
    assert {name: job.fields[name].size for name in TEXTS} == dict.fromkeys(TEXTS, 10 * MB)
    assert all(payload.cut and len(payload.text) <= 65_536 for name, payload in job.fields.items() if name in TEXTS)
    assert sum(map(len, job.stacktrace)) < 20_000
    before = moved(redis)
    await read(herd)
    assert moved(redis) - before < 33 * MB
    listed = await herd.jobs(MAIL, State.FAILED)
    assert len(repr(listed)) < 2000


async def test_a_huge_stack_is_not_moved_again_at_every_look(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, BASE, "1", stacktrace=json.dumps(["Error: long\n" + "x" * (5 * MB)]))
    first = await read(herd)
    before = moved(redis)
    second = await read(herd)
    assert moved(redis) - before < 50_000
    assert first.stacktrace == second.stacktrace
    assert first.stack_cut
    assert "Error: long" in first.stacktrace[0]


async def test_stacks_of_many_attempts_are_still_taken_apart(herd: Herd, redis: redis_py.Redis) -> None:
    stacks = [f"Error: run {number}\n" + "x" * 9000 for number in range(20)]
    layout.failed(redis, BASE, "1", stacktrace=json.dumps(stacks))
    assert list((await read(herd)).stacktrace) == stacks


async def test_a_field_beyond_all_bounds_is_named_with_its_size_alone(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, BASE, "1", data="x" * (40 * MB))
    before = moved(redis)
    data = (await read(herd)).data
    assert moved(redis) - before < 50_000
    assert data is not None
    assert (data.size, data.cut, data.text) == (40 * MB, True, "")


async def test_the_small_fields_of_a_large_job_are_always_read(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, BASE, "1", failedReason="550")
    redis.hset(BASE + b"1", mapping=dict.fromkeys(("data", "odd", "odder"), b"x" * (20 * MB)))
    job = await read(herd)
    assert job.failed_reason is not None
    assert job.failed_reason.text == "550"


async def test_a_hundred_rows_of_a_megabyte_make_a_small_page(herd: Herd, redis: redis_py.Redis) -> None:
    for number in range(100):
        layout.failed(redis, BASE, str(number), data="x" * MB, failedReason="y" * 3000, finishedOn=number)
    await read_now(herd)
    before = moved(redis)
    page = await herd.jobs(MAIL, State.FAILED, limit=100)
    assert moved(redis) - before < 500_000
    assert len(page.rows) == 100
    assert {row.data_size for row in page.rows} == {MB}
    redis.flushall()


@pytest.mark.parametrize(("small", "large"), [(5000, 200), (0, 200), (200, 5)])
async def test_log_lines_of_any_size_are_moved_within_a_budget(
    herd: Herd, redis: redis_py.Redis, small: int, large: int
) -> None:
    layout.failed(redis, BASE, "1")
    if small:
        redis.rpush(BASE + b"1:logs", *("line" for _ in range(small)))
    for _ in range(large):
        redis.rpush(BASE + b"1:logs", "x" * 300_000)
    before = moved(redis)
    logs = await herd.logs(MAIL, "1", start=-200)
    assert moved(redis) - before < 8 * MB
    assert logs.total == small + large
    assert logs.start + len(logs.lines) == logs.total
    assert logs.lines
    assert max(map(len, logs.lines)) < 9000
    assert "300,000 bytes" in logs.lines[-1]
