"""The API on a real Redis, over a real connection: what it says is what the keys hold, and what it does they show."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import redis as redis_py
import uvicorn

from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.text import text
from tests.conftest import Eventually
from tests.dashboard.described import check
from tests.dashboard.served import BASE, dashboard

OURS = {"Sec-Fetch-Site": "same-origin"}
NAMES = [b"mail", b"a/b ~c%d+e?f#g", "\u00e9\u4e2d\U0001f426".encode(), b"\xff\xfe:raw", b".."]


@asynccontextmanager
async def served(herd: Herd) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a real uvicorn that runs in this test's own loop, beside the herd."""
    server = uvicorn.Server(uvicorn.Config(dashboard(herd), port=0, lifespan="off", log_level="error"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
        assert not running.done()
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=OURS) as client:
        yield client
    server.should_exit = True
    await running


def fill(redis: redis_py.Redis, name: bytes) -> None:
    """A queue as BullMQ 6 writes it: two jobs wait, one has failed, two have completed."""
    base, now = b"bull:" + name + b":", time.time_ns() // 1_000_000
    redis.hset(base + b"meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
    redis.set(base + b"id", 9)
    common: dict[str, Any] = {
        "name": "send",
        "timestamp": now - 60_000,
        "opts": json.dumps({"attempts": 3}),
        "delay": 0,
        "priority": 0,
    }
    run: dict[str, Any] = {"processedOn": now - 3000, "finishedOn": now - 2500, "atm": 3, "ats": 3}
    jobs: tuple[tuple[bytes, dict[str, Any]], ...] = (
        (b"1", {"data": json.dumps({"to": "a@b", "big": 2**60 + 1})}),
        (b"x/1 ~%\xff", {"data": "{}"}),
        (b"3", {"data": "{}", "failedReason": "ECONNRESET", "stacktrace": json.dumps(["Error: x\n  at y"]), **run}),
        (b"5", {"data": json.dumps("x" * 100_000), "returnvalue": "33.33", **run}),
        (b"6", {"data": "{}", "returnvalue": "null", **run, "finishedOn": now - 2700}),
    )
    for id, more in jobs:
        redis.hset(base + id, mapping=common | more)
    redis.lpush(base + b"wait", b"1", b"x/1 ~%\xff")
    redis.zadd(base + b"failed", {b"3": now - 2500})
    redis.zadd(base + b"completed", {b"5": now - 2500, b"6": now - 2700})
    redis.rpush(base + b"1:logs", "first", "second")


@pytest.mark.parametrize("name", NAMES)
async def test_a_queue_with_any_name_is_followed_from_the_list_to_the_last_log_line(
    redis: redis_py.Redis, herd: Herd, eventually: Eventually, name: bytes
) -> None:
    fill(redis, name)
    await eventually(lambda: herd.snapshot().queues)
    async with served(herd) as client:
        (queue,) = (await client.get(f"{BASE}/api/queues")).json()["queues"]
        for tail, shape in (("", "Queue"), ("/metrics", "Metrics")):
            check(shape, (await client.get(queue["href"] + tail)).json())
        page = (await client.get(f"{queue['href']}/jobs?state=waiting")).json()
        check("JobPage", page)
        whole = [(await client.get(job["href"])).json() for job in page["jobs"]]
        log = (await client.get(f"{queue['href']}/jobs/1/logs?start=-1")).json()

    assert f"{queue['prefix']}:{queue['name']}" == f"bull:{text(name)}"
    assert (queue["dialect"], queue["counts"]["waiting"], queue["counts"]["failed"]) == ("mq5", 2, 1)
    for job in whole:
        check("Job", job)
    assert {job["id"] for job in whole} == {"1", text(b"x/1 ~%\xff")}
    assert next(job["data"] for job in whole if job["id"] == "1") == {"to": "a@b", "big": 2**60 + 1}
    assert log["logs"] == ["second"]


async def test_the_last_hour_is_counted_and_averaged(redis: redis_py.Redis, herd: Herd, eventually: Eventually) -> None:
    fill(redis, b"mail")
    await eventually(lambda: herd.snapshot().queues)
    async with served(herd) as client:
        metrics = (await client.get(f"{BASE}/api/queues/default/bull/mail/metrics")).json()

    check("Metrics", metrics)
    assert (metrics["waiting"], metrics["active"], metrics["delayed"]) == (2, 0, 0)
    assert (metrics["completed"], metrics["failed"]) == (2, 1)
    assert metrics["avgProcessingTime"] == 400
    assert metrics["covered"]["processing"]["looked_at"] == 2


async def test_a_large_payload_is_cut_and_can_be_had_whole(
    redis: redis_py.Redis, herd: Herd, eventually: Eventually
) -> None:
    fill(redis, b"mail")
    await eventually(lambda: herd.snapshot().queues)
    async with served(herd) as client:
        whole = (await client.get(f"{BASE}/api/queues/default/bull/mail/jobs/5?bytes=200000")).json()
        cut = (await client.get(f"{BASE}/api/queues/default/bull/mail/jobs/5")).json()
        status = (await client.get(f"{BASE}/api/queues/default/bull/mail/jobs/5/status")).json()

    assert (cut["data"], cut["payloads"]["data"]["size"], cut["payloads"]["data"]["cut"]) == (None, 100_002, True)
    assert whole["data"] == "x" * 100_000
    assert (status["state"], status["result"], status["cut"]) == ("completed", 33.33, {"data": 100_002})


async def test_what_is_done_is_seen_in_redis_and_in_the_next_answer(
    redis: redis_py.Redis, herd: Herd, eventually: Eventually
) -> None:
    fill(redis, b"mail")
    await eventually(lambda: herd.snapshot().queues)
    queue = f"{BASE}/api/queues/default/bull/mail"
    async with served(herd) as client:
        answers = [
            await client.post(f"{queue}/jobs/3/retry"),
            await client.delete(f"{queue}/jobs/1"),
            await client.post(f"{queue}/pause"),
        ]
        retried = (await client.get(f"{queue}/jobs/3/status")).json()
        removed = await client.get(f"{queue}/jobs/1")
        again = await client.post(f"{queue}/jobs/3/retry")
        resumed = await client.post(f"{queue}/resume")

    for answer in (*answers, resumed):
        assert answer.status_code == 200, answer.text
        check("Outcome", answer.json())
    assert retried["state"] in ("waiting", "paused")
    assert (removed.status_code, removed.json()["code"]) == (404, "not_found")
    assert again.json()["code"] == "conflict"
    assert redis.zcard("bull:mail:failed") == 0
    assert not redis.exists("bull:mail:1")
    assert not redis.hexists("bull:mail:meta", "paused")


async def test_a_redis_that_was_never_there_is_told_apart_from_an_empty_one() -> None:
    herd = Herd(Settings(redis=(RedisSettings("default", "redis://127.0.0.1:1"),)))
    await herd.start()
    try:
        async with served(herd) as client:
            answer = await client.get(f"{BASE}/api/queues")
            queue = await client.get(f"{BASE}/api/queues/default/bull/mail")
    finally:
        await herd.stop()

    check("Queues", answer.json())
    assert answer.json()["instances"][0]["up"] is False
    assert (queue.status_code, queue.json()["code"]) == (503, "unavailable")
