"""What bulk work costs Redis: retrying many failed jobs and draining many waiting ones, beside another client.

Prints for each the total time, the largest slice, the longest script as Redis itself measured it, the worst PING that
another client saw, and how far the total is from the time Redis was busy. `--million` takes a million jobs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis

from bench.world import job_fields
from core.herd import Herd
from core.model import QueueId
from core.operations.operation import Operation
from core.operations.request import Action, Request
from core.redis_settings import RedisSettings
from core.settings import Settings
from tickbird.demo.server import EmbeddedServer

ID = QueueId("default", "bull", "mail")
FAILED, WAITING = 150_000, 300_000
# Cut off after so many seconds, and said so by the count: a bench does not take all day on a busy machine.
PATIENCE = 70.0
PAYLOAD = '{"to":"ada@example.com","orderId":4411,"body":"' + "x" * 300 + '"}'
# Redis keeps scripts slower than this in its SLOWLOG (microseconds).
SLOW = 1000


class Pings:
    """Another client that asks PING all the time, in a process of its own: here it would wait for us, not for Redis."""

    def __init__(self, url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.seen: list[float] = []
        self._over, self._answers = context.Event(), context.SimpleQueue()
        self._process = context.Process(target=_ping, args=(url, self._over, self._answers), daemon=True)

    def __enter__(self) -> Pings:
        self._process.start()
        self._answers.get()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.seen = sorted(self._answers.get())
        self._process.join()

    def at(self, share: float) -> float:
        """The PING that this share of them did not exceed, in milliseconds."""
        return self.seen[min(len(self.seen) - 1, int(share * len(self.seen)))]


def _ping(url: str, over: Any, answers: Any) -> None:
    seen: list[float] = []
    with redis.Redis.from_url(url) as client:
        client.ping()
        answers.put(None)
        while not over.is_set():
            started = time.perf_counter()
            client.ping()
            seen.append(1000 * (time.perf_counter() - started))
            time.sleep(0.001)
    answers.put(seen)


def fill(client: redis.Redis, jobs: int, enlist: Callable[[redis.client.Pipeline, range], None]) -> None:
    """A BullMQ 6 queue with so many jobs, listed as `enlist` does it."""
    client.flushall()
    base, now = "bull:mail:", time.time_ns() // 1_000_000 - 60_000
    client.hset(base + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
    client.set(base + "id", jobs)
    client.xadd(base + "events", {"event": "added", "jobId": "1", "name": "send"})
    client.zadd(base + "marker", {"0": 0})
    for first in range(1, jobs + 1, 5000):
        pipe, ids = client.pipeline(transaction=False), range(first, min(jobs + 1, first + 5000))
        for id in ids:
            pipe.hset(f"{base}{id}", mapping=job_fields(now - 1000, PAYLOAD))
        enlist(pipe, ids)
        pipe.execute()


def failed(pipe: redis.client.Pipeline, ids: range) -> None:
    pipe.zadd("bull:mail:failed", {str(id): 1_700_000_000_000 + id for id in ids})


def waiting(pipe: redis.client.Pipeline, ids: range) -> None:
    pipe.lpush("bull:mail:wait", *ids)


async def run(url: str, action: Action) -> Operation:
    """The operation, from a herd that does nothing but watch beside it."""
    herd = Herd(Settings(redis=(RedisSettings("default", url, ("*",)),)))
    await herd.start()
    try:
        while not herd.snapshot().queues:
            await herd.newer(herd.snapshot().version, 1)
        started = await herd.operations.start(Request(action, (ID,)))
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE if "--million" not in sys.argv else None):
                return await herd.operations.wait(started.id)
        herd.operations.cancel(started.id)
        return await herd.operations.wait(started.id)
    finally:
        await herd.stop()


def measure(server: EmbeddedServer, client: redis.Redis, action: Action) -> None:
    client.config_resetstat()
    client.config_set("slowlog-log-slower-than", SLOW)
    client.slowlog_reset()
    client.config_set("slowlog-max-len", 100_000)
    with Pings(server.url) as pings:
        done = asyncio.run(run(server.url, action))
    seconds = ((done.finished or 0) - (done.started or 0)) / 1000
    slow = sorted(e["duration"] / 1000 for e in client.slowlog_get(100_000) if e["command"].startswith(b"EVAL"))
    stats = client.info("commandstats")
    calls = stats["cmdstat_evalsha"]
    print(
        f"{action:>6} {done.done:>9,} of {done.total:,} in {seconds:.1f} s; {done.slices:,} slices of up to"
        f" {done.largest_slice}; a script took {calls['usec_per_call'] / 1000:.2f} ms on average,"
        f" {slow[-1] if slow else SLOW / 1000:.1f} ms at most,"
        f" {_p99(slow, calls['calls']):.1f} ms at p99; Redis was busy {calls['usec'] / 1e6:.1f} s with them;"
        f" PING elsewhere {pings.at(0.5):.2f} ms median, {pings.at(0.99):.2f} ms p99, {pings.at(1):.2f} ms worst"
    )


def _p99(slow: list[float], calls: int) -> float:
    """The slow ones are the tail: the hundredth part of all calls, counted from the slowest."""
    place = len(slow) - calls // 100 - 1
    return slow[place] if place >= 0 else SLOW / 1000


def main() -> None:
    scale = 1_000_000 if "--million" in sys.argv else 0
    with EmbeddedServer.start() as server, redis.Redis.from_url(server.url) as client:
        for action, jobs, enlist in ((Action.RETRY, FAILED, failed), (Action.DRAIN, WAITING, waiting)):
            fill(client, scale or jobs, enlist)
            measure(server, client, action)


if __name__ == "__main__":
    main()
