"""The exporter on a real Redis: the numbers are those of the keys, a scrape costs nothing, and it says who is away."""

from __future__ import annotations

import base64
import time
from typing import Any

import httpx2
import redis as redis_py
from starlette.applications import Starlette

from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from exporter.app import create_app
from exporter.routes import routes
from tests.conftest import Eventually
from tests.exporter.fixed import Series, scraped
from tickbird.demo.server import EmbeddedServer


def mail_queue(redis: redis_py.Redis) -> int:
    """A queue as BullMQ 6 writes it, with jobs in every state; returns the present in milliseconds."""
    now = time.time_ns() // 1_000_000
    redis.xadd("bull:mail:events", {"event": "added", "jobId": "1", "name": "send"})
    redis.zadd("bull:mail:marker", {"0": 0})
    redis.hset("bull:mail:meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0", "concurrency": "4"})
    redis.set("bull:mail:id", 12)
    for number, ago in enumerate((60_000, 40_000, 20_000), 1):
        redis.hset(f"bull:mail:{number}", mapping={"name": "send", "timestamp": now - ago, "opts": "{}"})
        redis.lpush("bull:mail:wait", number)
    redis.hset(
        "bull:mail:4", mapping={"name": "send", "timestamp": now - 9000, "processedOn": now - 5000, "opts": "{}"}
    )
    redis.lpush("bull:mail:active", 4)
    redis.zadd("bull:mail:delayed", {"5": (now - 2000) * 4096, "6": (now + 3_600_000) * 4096})
    redis.zadd("bull:mail:completed", {"7": now - 7_200_000, "8": now - 1000})
    redis.zadd("bull:mail:failed", {"9": now - 30_000})
    redis.hset("bull:mail:metrics:completed", mapping={"count": 41})
    return now


async def scrape(app: Starlette) -> Series:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://exporter") as client:
        answer = await client.get("/metrics")
    return scraped(answer.text)


def of(series: Series, name: str, **labels: str) -> list[float]:
    """The values of a metric's series that carry these labels."""
    return [value for (found, has), value in series.items() if found == name and labels.items() <= dict(has).items()]


async def test_the_numbers_are_those_of_the_keys(redis: redis_py.Redis, herd: Herd, eventually: Eventually) -> None:
    app = Starlette(routes=[*routes(herd)])
    now = mail_queue(redis)
    await eventually(lambda: any(queue.total for queue in herd.snapshot().queues))

    series = await scrape(app)

    mail: dict[str, Any] = {"redis": "default", "prefix": "bull", "queue": "mail"}
    counts = {"waiting": 3, "active": 1, "delayed": 2, "prioritized": 0, "completed": 2, "failed": 1}
    for state, number in counts.items():
        assert of(series, "bullmq_job_count", state=state, **mail) == [number]
    assert 60 <= of(series, "bullmq_queue_oldest_waiting_age_seconds", **mail)[0] < 120
    assert 5 <= of(series, "bullmq_queue_oldest_active_age_seconds", **mail)[0] < 65
    assert 30 <= of(series, "bullmq_queue_oldest_failed_age_seconds", **mail)[0] < 90
    assert of(series, "bullmq_queue_delayed_overdue", **mail) == [1]
    assert of(series, "bullmq_queue_delayed_overdue_seconds", **mail)[0] >= 2
    assert of(series, "bullmq_queue_next_delayed_timestamp_seconds", **mail) == [(now - 2000) / 1000]
    assert of(series, "bullmq_queue_last_finished_timestamp_seconds", **mail) == [(now - 1000) / 1000]
    assert of(series, "bullmq_queue_finished_last_hour", outcome="completed", **mail) == [1]
    assert of(series, "bullmq_queue_finished_last_hour_window_truncated", outcome="completed", **mail) == [0]
    assert of(series, "bullmq_queue_concurrency_limit", **mail) == [4]
    assert of(series, "bullmq_queue_paused", **mail) == [0]
    assert of(series, "bullmq_job_ids_total", **mail) == [12]
    assert of(series, "bullmq_job_completed_total", **mail) == [41]
    assert of(series, "bullmq_job_failed_total", **mail) == []
    assert of(series, "bullmq_queue_info", library="bullmq", dialect="mq5", version="6.7.0", **mail) == [1]
    assert of(series, "bullmq_redis_up") == [1]
    assert of(series, "bullmq_redis_info", maxmemory_policy="noeviction") == [1]


async def test_a_worker_that_connects_is_counted(
    server: EmbeddedServer, redis: redis_py.Redis, herd: Herd, eventually: Eventually
) -> None:
    mail_queue(redis)
    name = f"bull:{base64.b64encode(b'mail').decode()}"
    with redis_py.Redis.from_url(server.url, client_name=name, single_connection_client=True) as worker:
        worker.bzpopmin("bull:mail:marker", timeout=0.01)

        await eventually(lambda: any(q.workers and q.workers.total for q in herd.snapshot().queues))

        series = await scrape(Starlette(routes=[*routes(herd)]))
    assert sum(of(series, "bullmq_queue_workers", queue="mail")) == 1


async def test_an_obliterated_queue_takes_its_series_along(
    redis: redis_py.Redis, herd: Herd, eventually: Eventually
) -> None:
    app = Starlette(routes=[*routes(herd)])
    mail_queue(redis)
    await eventually(lambda: herd.snapshot().queues)
    assert of(await scrape(app), "bullmq_job_count", queue="mail")

    redis.flushall()
    await eventually(lambda: not herd.snapshot().queues)

    assert not of(await scrape(app), "bullmq_job_count")


async def test_scrapes_do_not_touch_redis(
    server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually
) -> None:
    mail_queue(redis)
    herd = Herd(Settings(redis=(RedisSettings("default", server.url),)))
    await herd.start()
    await eventually(lambda: herd.snapshot().queues)
    await herd.stop()
    app = Starlette(routes=[*routes(herd)])
    before = commands(redis)

    for _ in range(20):
        assert of(await scrape(app), "bullmq_job_count", queue="mail", state="waiting") == [3]

    assert commands(redis) - before == 1  # the question itself


def commands(redis: redis_py.Redis) -> int:
    stats: dict[str, Any] = redis.info("stats")
    return int(stats["total_commands_processed"])


async def test_a_redis_that_goes_away_is_down_at_once_and_up_again_by_itself(eventually: Eventually) -> None:
    with EmbeddedServer.start() as server:
        with redis_py.Redis.from_url(server.url) as redis:
            mail_queue(redis)
        herd = Herd(Settings(redis=(RedisSettings("main", server.url),)))
        app = create_app(herd)
        async with app.router.lifespan_context(app):
            await eventually(lambda: herd.snapshot().queues)
            assert of(await scrape(app), "bullmq_redis_up", redis="main") == [1]
            assert await status(app, "/readyz") == 200

            server.stop()
            await eventually(lambda: herd.snapshot().readings[0].down_since)

            series = await scrape(app)
            assert of(series, "bullmq_redis_up", redis="main") == [0]
            assert of(series, "bullmq_job_count", queue="mail", state="waiting") == [3]
            assert (await status(app, "/readyz"), await status(app, "/healthz")) == (503, 200)

            server.start_again()
            await eventually(lambda: herd.snapshot().readings[0].down_since is None)

            assert of(await scrape(app), "bullmq_redis_up", redis="main") == [1]
            assert await status(app, "/readyz") == 200


async def status(app: Starlette, path: str) -> int:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://exporter") as client:
        return (await client.get(path)).status_code
