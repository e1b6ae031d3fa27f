"""What bulk work costs Redis, ours beside the official library's on the same data, while another client asks PING.

Retry of failed jobs, clean of completed, drain of waiting ones, and a whole queue obliterated. Prints for both the
total time, the longest script and the one at p99 as Redis measured them, and what that other client saw; then ratios.
`--million` takes a million jobs; naming actions takes only those: `python -m bench.bulk retry drain`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import redis

from bench.pings import Pings
from bench.world import job_fields
from core.herd import Herd
from core.model import QueueId, State
from core.operations.operation import Operation
from core.operations.request import Action, Options, Request
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.interop.node_driver import NodeDriver, NodeQueue
from tickbird.demo.server import EmbeddedServer

ID = QueueId("default", "bull", "mail")
BASE = "bull:mail:"
MODERATE, MILLION = 100_000, 1_000_000
PAYLOAD = '{"to":"ada@example.com","orderId":4411,"body":"' + "x" * 300 + '"}'
# Redis keeps scripts slower than this in its SLOWLOG (microseconds); faster ones need not be told apart.
SLOW = 500
# What BullMQ's own documentation cleans at once.
CLEANED_AT_ONCE = 10_000
PATIENCE = 900.0
Enlist = Callable[[redis.client.Pipeline, range], object]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way of doing it took: seconds in all; else milliseconds, `ping` and `script` at p99 and at worst."""

    seconds: float
    busy: float
    script: tuple[float, float]
    ping: tuple[float, float]

    def __str__(self) -> str:
        return (
            f"{self.seconds:7.1f} s, Redis busy {self.busy:5.1f} s; a script {self.script[0]:7.1f} ms at p99,"
            f" {self.script[1]:8.1f} at most; PING elsewhere {self.ping[0]:7.1f} ms at p99, {self.ping[1]:8.1f} at most"
        )

    def against(self, other: Figures) -> str:
        return (
            f"{self.seconds / other.seconds:7.2f} x the time, {self.script[1] / other.script[1]:.3f} x the longest"
            f" script, {self.ping[1] / other.ping[1]:.3f} x the worst PING"
        )


def fill(client: redis.Redis, jobs: int, enlist: Enlist) -> None:
    """A BullMQ 6 queue with so many jobs, listed as `enlist` does it."""
    client.flushall()
    now = time.time_ns() // 1_000_000 - 60_000
    client.hset(BASE + "meta", mapping={"opts.maxLenEvents": "10000", "version": "bullmq:6.7.0"})
    client.set(BASE + "id", jobs)
    client.xadd(BASE + "events", {"event": "added", "jobId": "1", "name": "send"})
    client.zadd(BASE + "marker", {"0": 0})
    for first in range(1, jobs + 1, 5000):
        pipe, ids = client.pipeline(transaction=False), range(first, min(jobs + 1, first + 5000))
        for id in ids:
            pipe.hset(f"{BASE}{id}", mapping=job_fields(now - 1000, PAYLOAD))
        enlist(pipe, ids)
        pipe.execute()


def waiting(pipe: redis.client.Pipeline, ids: range) -> None:
    pipe.lpush(BASE + "wait", *ids)


def finished(state: str) -> Enlist:
    return lambda pipe, ids: pipe.zadd(BASE + state, {str(id): 1_700_000_000_000 + id for id in ids})


def mixed(pipe: redis.client.Pipeline, ids: range) -> None:
    half = ids[: len(ids) // 2]
    waiting(pipe, half)
    finished("completed")(pipe, ids[len(half) :])


def cleaned(queue: NodeQueue) -> None:
    while queue.call("queue.clean", 0, CLEANED_AT_ONCE, "completed", timeout=PATIENCE):
        pass


CASES: dict[Action, tuple[Enlist, Request, Callable[[NodeQueue], object]]] = {
    Action.RETRY: (
        finished("failed"),
        Request(Action.RETRY, (ID,)),
        lambda queue: queue.call("queue.retryJobs", timeout=PATIENCE),
    ),
    Action.CLEAN: (finished("completed"), Request(Action.CLEAN, (ID,), State.COMPLETED), cleaned),
    Action.DRAIN: (waiting, Request(Action.DRAIN, (ID,)), lambda queue: queue.call("queue.drain", timeout=PATIENCE)),
    Action.OBLITERATE: (
        mixed,
        Request(Action.OBLITERATE, (ID,), options=Options()),
        lambda queue: queue.call("queue.obliterate", {"force": True}, timeout=PATIENCE),
    ),
}


def measured(server: EmbeddedServer, client: redis.Redis, work: Callable[[], float]) -> Figures:
    """`work` answers how many seconds it took."""
    client.config_set("slowlog-log-slower-than", SLOW)
    client.config_set("slowlog-max-len", 100_000)
    with Pings(server.url) as pings:
        client.config_resetstat()
        client.slowlog_reset()
        seconds = work()
    slow = sorted(e["duration"] / 1000 for e in client.slowlog_get(100_000) if e["command"].upper().startswith(b"EVAL"))
    client.config_set("slowlog-log-slower-than", -1)
    scripts = [said for name, said in client.info("commandstats").items() if name.startswith("cmdstat_eval")]
    script = _p99(slow, sum(said["calls"] for said in scripts)), slow[-1] if slow else SLOW / 1000
    return Figures(seconds, sum(said["usec"] for said in scripts) / 1e6, script, (pings.at(0.99), pings.at(1)))


def _p99(slow: list[float], calls: int) -> float:
    """The slow ones are the tail: the hundredth part of all calls, counted from the slowest."""
    place = len(slow) - calls // 100 - 1
    return slow[place] if place >= 0 else SLOW / 1000


def ours(server: EmbeddedServer, request: Request) -> float:
    done = asyncio.run(_operation(server.url, request))
    assert done.done == done.total, done
    return ((done.finished or 0) - (done.started or 0)) / 1000


async def _operation(url: str, request: Request) -> Operation:
    """From a herd that does nothing but watch beside it."""
    herd = Herd(Settings(redis=(RedisSettings("default", url, ("*",)),)))
    await herd.start()
    try:
        while not herd.snapshot().queues:
            await herd.newer(herd.snapshot().version, 1)
        started = await herd.operations.start(request)
        return await herd.operations.wait(started.id)
    finally:
        await herd.stop()


def theirs(server: EmbeddedServer, work: Callable[[NodeQueue], object]) -> float:
    with NodeDriver.start(server.port) as driver:
        queue = driver.library("bullmq6").queue("mail")
        queue.open(skipMetasUpdate=True)
        started = time.perf_counter()
        work(queue)
        return time.perf_counter() - started


def compare(server: EmbeddedServer, client: redis.Redis, action: Action, jobs: int) -> None:
    enlist, request, official = CASES[action]
    fill(client, jobs, enlist)
    mine = measured(server, client, partial(ours, server, request))
    fill(client, jobs, enlist)
    their = measured(server, client, partial(theirs, server, official))
    print(f"{action:<10} Tickbird   {mine}")
    print(f"{'':10} BullMQ 6.7 {their}")
    print(f"{'':10} ratio      {mine.against(their)}", flush=True)


def main() -> None:
    jobs = MILLION if "--million" in sys.argv else MODERATE
    # The demo's limit on memory is too little for a million.
    with EmbeddedServer.start(None, "--maxmemory", "0") as server, redis.Redis.from_url(server.url) as client:
        print(f"{jobs:,} jobs, {server.binary.kind}, load {os.getloadavg()[0]:.1f}")
        for action in [action for action in CASES if action in sys.argv] or CASES:
            compare(server, client, action, jobs)


if __name__ == "__main__":
    main()
