"""As many further queues as were asked for: one for each of a number of tenants, with a job now and then."""

from __future__ import annotations

import asyncio
import functools
import resource
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from random import Random

import bullmq.redis_connection
from bullmq import Job, Queue, Worker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tickbird.demo.fleet.cast import customer, token
from tickbird.demo.fleet.desk import Draft, Json, Shift
from tickbird.demo.fleet.live import processor
from tickbird.demo.fleet.plan import Plan

SHARE = 0.08
# A tenant in twenty has nobody who works for it: that has to be seen among hundreds.
UNATTENDED = 20
FIRST_JOBS = 3
BACKLOG = 20
WORKERS_A_SECOND = 60  # opening all at once would stop the rest of the company for a second
OPEN_FILES_EACH = 2
OPEN_FILES_ELSEWHERE = 200
# Beyond, idle workers alone would keep a small machine busy.
MOST_STAFFED = 1000
# Idle workers, hundreds of them: they look after themselves twice a minute, not every five seconds.
OPTIONS = {"concurrency": 1, "drainDelay": 30, "stalledInterval": 60_000, "runRetryDelay": 1000, "autorun": False}


def names(count: int) -> list[str]:
    return [f"tenant-{number:04}-sync" for number in range(1, count + 1)]


def syncs(rng: Random) -> Iterator[Draft]:
    while True:
        entity = rng.choice(("contacts", "orders", "products", "stock"))
        data = {"entity": entity, "cursor": token(rng, 10), "customer": customer(rng)}
        opts = {"attempts": 2, "backoff": {"type": "fixed", "delay": 5000}}
        yield Draft(f"sync-{entity}", data, {**opts, "removeOnComplete": {"count": 20}, "removeOnFail": {"count": 10}})


async def sync(job: Job, shift: Shift) -> Json:
    await shift.sleep(shift.luck.uniform(0.05, 0.5))
    if shift.luck.random() < 0.05:
        raise ConnectionError("remote end closed connection without response")
    return {"synced": shift.luck.randint(0, 400), "entity": job.data["entity"]}


async def settle(plan: Plan, client: Redis, count: int, *, tasks: asyncio.TaskGroup) -> list[Queue]:
    """Opens `count` tenant queues, a few jobs in each, and a worker in `tasks` for nearly all.

    Those beyond `MOST_STAFFED`, or beyond the connections that this process may open, stay without one.
    """
    _share_scripts()
    staffed = min(count, MOST_STAFFED)
    staffed = min(staffed, _allow_open_files(staffed))
    queues = []
    for number, name in enumerate(names(count), start=1):
        queue = Queue(name, {"connection": client})
        await queue.addBulk([draft.for_bulk() for draft in islice(syncs(plan.luck(name)), FIRST_JOBS)])
        if number <= staffed and number % UNATTENDED:
            options = {**OPTIONS, "connection": plan.connection(), "name": "sync-1"}
            tasks.create_task(Worker(name, processor(sync, plan, name), options).run())
            await asyncio.sleep(1 / WORKERS_A_SECOND)
        queues.append(queue)
    return queues


async def produce(plan: Plan, queues: list[Queue]) -> None:
    """Adds a job to some tenant, again and again."""
    rng = plan.luck("tenants")
    drafts = syncs(rng)
    while True:
        await asyncio.sleep(rng.uniform(0.2, 1.8) / (SHARE * plan.jobs_per_second))
        queue, draft = rng.choice(queues), next(drafts)
        with suppress(RedisError):
            if await queue.client.llen(queue.keys["wait"]) < BACKLOG:
                await queue.add(draft.name, draft.data, draft.opts)


def _share_scripts() -> None:
    # Each connection of bullmq reads all its scripts anew, half a megabyte: 100 MB for 200 workers.
    if not hasattr(bullmq.redis_connection.loadScript, "cache_info"):
        bullmq.redis_connection.loadScript = functools.cache(bullmq.redis_connection.loadScript)


def _allow_open_files(workers: int) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = workers * OPEN_FILES_EACH + OPEN_FILES_ELSEWHERE
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(0, (soft - OPEN_FILES_ELSEWHERE) // OPEN_FILES_EACH)
