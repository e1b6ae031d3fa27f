"""Of 1,000 schedulers over 20 queues a page of 100: the server's time, its commands and Redis' time; and how soon an
expression that is made to explode is answered."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import redis
from httpx2 import ASGITransport, AsyncClient

from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from dashboard.app import create_app
from tickbird.demo.server import EmbeddedServer

SCHEDULERS, QUEUES, RUNS, LOOKS = 1_000, 20, 60, 11
BASE = "http://localhost/admin/queues"
EXPLODING = {
    "a list of a million seconds": ",".join(str(n % 60) for n in range(1_000_000)),
    "a megabyte of nothing known": "x" * 1_000_000,
    "29 February on a fifth Monday": "0 0 29 2 1#5",
    "31 in months that have none": "0 0 31 2,4,6,9,11 *",
    "every list of every field": " ".join([",".join(map(str, range(60)))] * 6),
}


def fill(client: redis.Redis) -> None:
    """Job schedulers as BullMQ 6 lays them out, each with its next job and the last 60 that it made."""
    now = int(time.time() * 1000)
    for queue in range(QUEUES):
        base = f"bull:queue-{queue:02d}:"
        pipe = client.pipeline(transaction=False)
        pipe.hset(base + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
        pipe.set(base + "id", SCHEDULERS)
        pipe.xadd(base + "events", {"event": "added", "jobId": "1", "name": "send"})
        pipe.zadd(base + "marker", {"1": now})
        for number in range(SCHEDULERS // QUEUES):
            _scheduler(pipe, base, f"task-{number:03d}", now - now % 60_000 + 60_000, number)
        pipe.execute()


def _scheduler(pipe: redis.client.Pipeline, base: str, key: str, due: int, number: int) -> None:
    pattern = f"*/{1 + number % 5} * * * *" if number % 2 else f"{number % 60} {number % 24} * * *"
    fields: dict[Any, Any] = {
        "name": f"job{number}",
        "pattern": pattern,
        "tz": "Europe/Berlin",
        "ic": 500,
        "data": '{"a":1}',
    }
    pipe.zadd(base + "repeat", {key: due})
    pipe.hset(f"{base}repeat:{key}", mapping=fields)
    pipe.zadd(base + "delayed", {f"repeat:{key}:{due}": due * 4096})
    iteration: dict[Any, Any] = {"name": f"job{number}", "timestamp": due - 60_000, "rjk": key, "opts": "{}", "atm": 0}
    pipe.hset(f"{base}repeat:{key}:{due}", mapping=iteration)
    runs = {f"repeat:{key}:{due - each * 60_000}": due - each * 60_000 for each in range(1, RUNS + 1)}
    pipe.zadd(base + ("failed" if number % 7 == 0 else "completed"), runs)


async def measure(server: EmbeddedServer, client: redis.Redis) -> None:
    """The page as a browser asks for it, each time long enough after the last that nothing is remembered."""
    settings = Settings(redis=(RedisSettings("default", server.url),))
    app = create_app(Herd(settings), settings)
    transport = ASGITransport(app)
    async with app.router.lifespan_context(app), AsyncClient(transport=transport, base_url="http://localhost") as web:
        await asyncio.sleep(5)
        for path in ("/schedulers", "/schedulers?q=job7", "/schedulers?cursor=900", "/api/schedulers"):
            await _page(web, client, path)
        for about, pattern in EXPLODING.items():
            started = time.perf_counter()
            path = f"{BASE}/api/queues/default/bull/queue-00/schedulers"
            headers = {"sec-fetch-site": "same-origin"}
            body = {"id": "boom", "name": "boom", "pattern": pattern}
            answer = await web.post(path, json=body, headers=headers)
            said = answer.json().get("detail", answer.json().get("sentence", ""))
            print(f"{about}: {(time.perf_counter() - started) * 1000:.0f} ms, {answer.status_code}: {said[:90]}")


async def _page(web: AsyncClient, client: redis.Redis, path: str) -> None:
    took: list[float] = []
    own: list[float] = []
    commands: list[int] = []
    busy: list[float] = []
    for _ in range(LOOKS):
        await asyncio.sleep(2.2)
        calls, cpu, ours, started = _calls(client), _cpu(client), time.process_time(), time.perf_counter()
        answer = await web.get(BASE + path)
        took.append((time.perf_counter() - started) * 1000)
        own.append((time.process_time() - ours) * 1000)
        commands.append(_calls(client) - calls)
        busy.append((_cpu(client) - cpu) * 1000)
        assert answer.status_code == 200, answer.text
    print(
        f"{path}: {statistics.median(took):.0f} ms (worst {max(took):.0f}), of which our own work "
        f"{statistics.median(own):.0f} ms and Redis' {statistics.median(busy):.1f} ms; "
        f"{statistics.median(commands):,.0f} commands, {len(answer.content) / 1024:.0f} KB"
    )


def _calls(client: redis.Redis) -> int:
    return int(client.info("stats")["total_commands_processed"])


def _cpu(client: redis.Redis) -> float:
    said = client.info("cpu")
    return float(said["used_cpu_user"] + said["used_cpu_sys"])


def main() -> None:
    with EmbeddedServer.start() as server, redis.Redis.from_url(server.url) as client:
        fill(client)
        asyncio.run(measure(server, client))


if __name__ == "__main__":
    main()
