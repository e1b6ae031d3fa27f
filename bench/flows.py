"""A flow of three levels and 5,000 children: how long its page takes, how large it is, and what it asks of Redis."""

from __future__ import annotations

import asyncio
import statistics
import time
import urllib.request

import redis

from bench.world import job_fields, served
from core.herd import Herd
from core.model import QueueId
from core.redis_settings import RedisSettings
from core.settings import Settings
from tickbird.demo.server import EmbeddedServer

CHILDREN = 5_000
GROUPS = 50
ROUNDS = 7
TOP, MIDDLE, BOTTOM = "bull:report:", "bull:chapter:", "bull:picture:"


def fill(server: EmbeddedServer, *, wide: bool) -> None:
    """The flow as BullMQ 6 lays it out. `wide`: the job at the top has 5,000 children itself, and fifty of them one
    each; else it has fifty, and each of these a hundred."""
    now = int(time.time() * 1000)
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        pipe = client.pipeline(transaction=False)
        for base in (TOP, MIDDLE, BOTTOM):
            pipe.hset(base + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
            pipe.set(base + "id", CHILDREN)
            pipe.xadd(base + "events", {"event": "added", "jobId": "1", "name": "send"})
        _job(pipe, TOP, "top", now)
        pipe.zadd(TOP + "waiting-children", {"top": now})
        for group in range(CHILDREN if wide else GROUPS):
            _job(pipe, MIDDLE, f"m{group}", now, parent=(TOP, "top"))
            below = (1 if group < GROUPS else 0) if wide else CHILDREN // GROUPS
            for number in range(below):
                _job(pipe, BOTTOM, f"b{group}-{number}", now, parent=(MIDDLE, f"m{group}"))
                pipe.lpush(BOTTOM + "wait", f"b{group}-{number}")
            if below:
                pipe.zadd(MIDDLE + "waiting-children", {f"m{group}": now})
            else:
                pipe.lpush(MIDDLE + "wait", f"m{group}")
            if group % 500 == 499:
                pipe.execute()
        pipe.execute()


def _job(
    pipe: redis.client.Pipeline, base: str, job_id: str, now: int, *, parent: tuple[str, str] | None = None
) -> None:
    fields = {k: v for k, v in job_fields(now, '{"page":1}').items() if k not in ("processedOn", "finishedOn")}
    del fields["failedReason"]
    if parent is not None:
        above, parent_id = parent
        fields |= {"parentKey": above + parent_id, "parent": f'{{"id":"{parent_id}","queueKey":"{above[:-1]}"}}'}
        pipe.sadd(f"{above}{parent_id}:dependencies", base + job_id)
    pipe.hset(base + job_id, mapping=fields)


def main() -> None:
    with EmbeddedServer.start() as server:
        for wide in (False, True):
            fill(server, wide=wide)
            shape = (
                f"1 with {CHILDREN:,} children" if wide else f"1 with {GROUPS} children of {CHILDREN // GROUPS} each"
            )
            print(f"a flow of 3 levels, {shape}:")
            asyncio.run(_commands(server))
            with served(server) as base:
                job = f"{base}/queues/default/bull/report/jobs/top"
                _timed("  its page", f"{job}/flow", below=(1.0, 200_000))
                _timed("  the page of flows in flight", f"{base}/flows")


async def _commands(server: EmbeddedServer) -> None:
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)))
    await herd.read_now()
    instance, before = herd.sight.instances["default"], herd.sight.instances["default"].commands_sent
    await herd.flows.tree(QueueId("default", "bull", "report"), "top")
    print(f"  commands sent to Redis for one look at the tree: {instance.commands_sent - before:,}")
    await herd.stop()


def _timed(what: str, address: str, *, below: tuple[float, int] | None = None) -> None:
    took, size = [], 0
    for _ in range(ROUNDS):
        # Nobody shares an answer that is older than this.
        time.sleep(3.1)
        started = time.perf_counter()
        with urllib.request.urlopen(address, timeout=10) as response:
            size = len(response.read())
        took.append(time.perf_counter() - started)
    median = statistics.median(took)
    print(f"{what}: {1000 * median:.0f} ms (worst {1000 * max(took):.0f}), {size / 1000:.0f} KB of HTML uncompressed")
    if below is not None:
        assert max(took) < below[0], "longer than it may take"
        assert size < below[1], "larger than it may be"


if __name__ == "__main__":
    main()
