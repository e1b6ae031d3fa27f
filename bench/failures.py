"""Why 150,000 jobs failed: how long until the errors page shows anything, and until every job is in its group.

Forty reasons, each with numbers, addresses and ids that differ from job to job, and stacks of 2 KB; beside it what
the longest script took of Redis and what another client's PING saw. `--jobs N` for another size;
`--without-scripts` asks as a user that may not run any.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from typing import Any

import redis

from bench.bulk import BASE, SLOW
from bench.pings import Pings
from bench.world import job_fields
from core.failures.survey import Failures
from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from tickbird.demo.server import EmbeddedServer

JOBS, REASONS = 150_000, 40
# What the errors page waits for before it shows what is known (seconds).
PATIENCE = 0.5
_KINDS = ("TypeError", "RangeError", "Error", "MongoServerError")
_FRAMES = "".join(f"\n    at step{n} (/app/node_modules/lib/dist/step-{n}.js:{n}:15)" for n in range(18))


def fill(client: redis.Redis, jobs: int) -> None:
    """A BullMQ 6 queue with so many failed jobs, of the last week."""
    client.hset(BASE + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
    client.set(BASE + "id", jobs)
    dice, now = random.Random(1), time.time_ns() // 1_000_000
    for first in range(1, jobs + 1, 5000):
        pipe, ids = client.pipeline(transaction=False), range(first, min(jobs + 1, first + 5000))
        for id in ids:
            pipe.hset(f"{BASE}{id}", mapping=dict(job_fields(now - 1000, '{"to":"ada"}')) | _failure(dice))
        pipe.zadd(BASE + "failed", {str(id): now - dice.randrange(7 * 86_400_000) for id in ids})
        pipe.execute()


def _failure(dice: random.Random) -> dict[Any, Any]:
    kind = dice.randrange(REASONS)
    said = f"step {'abcdefghij'[kind % 10]} of order {dice.randrange(10**9)} refused by 10.0.{dice.randrange(99)}.7:443"
    stack = (
        f"{_KINDS[kind // 10]}: {said}\n    at send (/app/src/{'abcd'[kind // 10]}.ts:{dice.randrange(99)}:7){_FRAMES}"
    )
    return {"failedReason": said, "stacktrace": json.dumps([stack])}


def main() -> None:
    jobs = int(sys.argv[sys.argv.index("--jobs") + 1]) if "--jobs" in sys.argv else JOBS
    with EmbeddedServer.start(None, "--maxmemory", "0") as server, redis.Redis.from_url(server.url) as client:
        fill(client, jobs)
        print(f"{jobs:,} failed jobs, {server.binary.kind}, load {os.getloadavg()[0]:.1f}")
        client.config_set("slowlog-log-slower-than", SLOW)
        client.config_set("slowlog-max-len", 100_000)
        client.config_resetstat()
        client.slowlog_reset()
        with Pings(server.url) as pings:
            asyncio.run(measured(_url(server.url, client)))
        scripts = [
            e["duration"] / 1000 for e in client.slowlog_get(100_000) if e["command"].upper().startswith(b"EVAL")
        ]
        busy = sum(said["usec"] for said in client.info("commandstats").values()) / 1e6
        print(f"Redis busy {busy:.1f} s; the longest script {max(scripts, default=SLOW / 1000):.1f} ms")
        print(f"PING elsewhere {pings.at(0.99):.1f} ms at p99, {pings.at(1):.1f} at most")


def _url(url: str, client: redis.Redis) -> str:
    if "--without-scripts" not in sys.argv:
        return url
    client.acl_setuser("reader", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-eval", "-evalsha"])
    return url.replace("redis://", "redis://reader:pw@")


async def measured(url: str) -> None:
    """First what a person who opens the page waits for, then how long until all is grouped."""
    herd = Herd(Settings(redis=(RedisSettings("default", url, ("*",)),)))
    await herd.start()
    try:
        while not any(queue.counts for queue in herd.snapshot().queues):
            await herd.newer(herd.snapshot().version, 1)
        started = time.perf_counter()
        seen = await herd.failures.look(PATIENCE)
        _print("first page", started, seen)
        while seen.known < seen.total:
            seen = await herd.failures.look(PATIENCE)
        _print("everything", started, seen)
        started = time.perf_counter()
        _print("again     ", started, await herd.failures.look(PATIENCE))
    finally:
        await herd.stop()


def _print(what: str, started: float, seen: Failures) -> None:
    seconds = time.perf_counter() - started
    print(
        f"{what} after {seconds:5.2f} s: {seen.known:,} of {seen.total:,} jobs in {len(seen.groups)} groups", flush=True
    )


if __name__ == "__main__":
    main()
