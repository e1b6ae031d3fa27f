"""Retry the 12,000 jobs that failed with ECONNRESET among 150,000 failed with 40 reasons: exactly those.

Beside it Bull Board's "retry all", which is all that it can, on the same set; its package @bull-board/api is installed
into a folder of its own for that, and where it cannot be, BullMQ's job.retry() is called in the way in which it does.
Prints what was retried, in which place, how long it took, and what another client that asks PING saw meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import redis

from bench.pings import Pings
from bench.world import job_fields
from core.herd import Herd
from core.model import QueueId
from core.operations.operation import Operation
from core.operations.request import Action, Request
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.interop.node_libraries import HERE
from tickbird.demo.server import EmbeddedServer

ID = QueueId("default", "bull", "mail")
BASE = "bull:mail:"
JOBS, MEANT, REASONS = 150_000, 12_000, 40
RESET = "connect ECONNRESET 10.0.0.7:6379"
PAYLOAD = '{"to":"ada@example.com","orderId":4411,"body":"' + "x" * 300 + '"}'
# Redis keeps commands slower than this in its SLOWLOG (microseconds).
SLOW = 500
# How long PINGs are watched while nothing is done, for what this machine makes of them by itself (seconds).
STILL = 5.0
BOARD = "@bull-board/api"
SCRIPT = Path(__file__).with_name("retry_bull_board.mjs")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was retried, of it what was not asked for and what has lost its priority; seconds; in milliseconds PINGs at
    p99 and at worst, and the longest command as Redis measured it."""

    retried: int
    others: int
    lost: int
    seconds: float
    ping: tuple[float, float]
    command: float

    def __str__(self) -> str:
        return (
            f"{self.retried:7,} retried, {self.others:7,} of them with other reasons, {self.lost:6,} without their "
            f"priority; {self.seconds:6.1f} s; the longest command {self.command:6.2f} ms; PING elsewhere "
            f"{self.ping[0]:6.2f} ms at p99, {self.ping[1]:6.2f} at most"
        )


def reason(number: int) -> str:
    """Of every hundred jobs eight failed for the reason that is looked for."""
    return RESET if number % 25 in (3, 11) else f"no such table t{number % (REASONS - 1)} in the database"


def fill(client: redis.Redis) -> None:
    """A BullMQ 6 queue of failed jobs, every third with a priority."""
    client.flushall()
    now = time.time_ns() // 1_000_000 - 3_600_000
    client.hset(BASE + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
    client.set(BASE + "id", JOBS)
    for first in range(0, JOBS, 5000):
        pipe = client.pipeline(transaction=False)
        for n in range(first, first + 5000):
            fields = {**job_fields(now + n, PAYLOAD), "failedReason": reason(n), "priority": priority(n)}
            fields["stacktrace"] = json.dumps([f"Error: {reason(n)}\n    at send (/app/mail.js:{n % 90}:7)"])
            pipe.hset(f"{BASE}{n}", mapping=fields)
        pipe.zadd(BASE + "failed", {str(n): now + n for n in range(first, first + 5000)})
        pipe.execute()


def priority(number: int) -> int:
    return 1 + number % 7 if number % 3 == 0 else 0


def measured(server: EmbeddedServer, client: redis.Redis, work: Callable[[], float]) -> Figures:
    """`work` answers how many seconds it took."""
    fill(client)
    client.config_set("slowlog-log-slower-than", SLOW)
    client.slowlog_reset()
    with Pings(server.url) as pings:
        seconds = work()
    longest = max((entry["duration"] for entry in client.slowlog_get(10_000)), default=SLOW) / 1000
    client.config_set("slowlog-log-slower-than", -1)
    retried = set(range(JOBS)) - {int(bytes(id)) for id in _members(client, "failed")}
    scores = client.zrange(BASE + "prioritized", 0, -1, withscores=True)
    urgent = {int(bytes(pair[0])): int(pair[1]) >> 32 for pair in cast("list[tuple[bytes, float]]", scores)}
    lost = sum(urgent.get(n, 0) != priority(n) for n in retried)
    others = sum(reason(n) != RESET for n in retried)
    return Figures(len(retried), others, lost, seconds, (pings.at(0.99), pings.at(1)), longest)


def _members(client: redis.Redis, state: str) -> list[bytes]:
    return cast("list[bytes]", client.zrange(BASE + state, 0, -1))


def ours(server: EmbeddedServer) -> float:
    done = asyncio.run(_operation(server.url))
    assert done.done == MEANT, (done.status, done.trouble, done.done, done.skipped)
    took = ((done.finished or 0) - (done.started or 0)) / 1000
    print(
        f"{'':11} previewed {'exactly' if done.exact else 'at least'} {done.total:,}; {done.slices} scripts, the "
        f"longest {done.longest_slice:.1f} ms of Redis"
    )
    return took


async def _operation(url: str) -> Operation:
    """From a herd that does nothing but watch beside it."""
    herd = Herd(Settings(redis=(RedisSettings("default", url, ("*",)),)))
    await herd.start()
    try:
        while not herd.snapshot().queues:
            await herd.newer(herd.snapshot().version, 1)
        request = Request(Action.RETRY, (ID,), query="reason:ECONNRESET", reason="a benchmark")
        seen = await herd.operations.preview(request)
        herd.operations.resume(seen.id, scope=seen.scope)
        return await herd.operations.wait(seen.id)
    finally:
        await herd.stop()


def theirs(server: EmbeddedServer, board: str) -> float:
    command = ["node", str(SCRIPT), str(server.port), ID.name, board]
    said = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=True).stdout
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    print(f"{'':11} {answer['how']}: {answer['retried']:,} retried")
    return float(answer["seconds"])


@contextmanager
def installed() -> Iterator[str]:
    """The folder with Bull Board's package; empty where it could not be installed."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, BOARD]
        fine = subprocess.run(command, capture_output=True, timeout=300, check=False).returncode == 0
        if fine:  # it asks for the library beside it: the one that we are tested with
            (Path(folder) / "node_modules" / "bullmq").symlink_to(HERE / "node_modules" / "bullmq6")
        yield folder if fine else ""


def main() -> None:
    # The demo's limit on memory is too little for this.
    with EmbeddedServer.start(None, "--maxmemory", "0") as server, redis.Redis.from_url(server.url) as client:
        print(f"{JOBS:,} failed jobs, {MEANT:,} of them meant; {server.binary.kind}, load {os.getloadavg()[0]:.1f}")
        with Pings(server.url) as pings:
            time.sleep(STILL)
        print(f"nothing     PING elsewhere {pings.at(0.99):6.2f} ms at p99, {pings.at(1):6.2f} at most", flush=True)
        client.config_set("slowlog-max-len", 10_000)
        mine = measured(server, client, partial(ours, server))
        print(f"Tickbird    {mine}", flush=True)
        if "--ours" in sys.argv:
            return
        with installed() as board:
            their = measured(server, client, partial(theirs, server, board))
        print(f"Bull Board  {their}")
        print(
            f"ratio       {mine.seconds / their.seconds:.2f} x the time, {mine.ping[1] / their.ping[1]:.2f} x the PING"
        )


if __name__ == "__main__":
    main()
