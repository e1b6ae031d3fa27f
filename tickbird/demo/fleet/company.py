"""The company: opens its desks, gives them work, and never closes."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count, islice
from random import Random

from bullmq import FlowProducer, Job, Queue, Worker
from bullmq.custom_errors import UnrecoverableError
from redis.exceptions import RedisError

from tickbird.demo import lifeline
from tickbird.demo.fleet import (
    cleanup,
    dead_letter,
    email,
    extras,
    images,
    imports,
    invoicing,
    month_end,
    push,
    tenants,
    webhooks,
)
from tickbird.demo.fleet.desk import Desk, Draft, Source
from tickbird.demo.fleet.live import processor
from tickbird.demo.fleet.past import Past
from tickbird.demo.fleet.plan import Plan

DESKS = (email.DESK, push.DESK, images.DESK, webhooks.DESK, cleanup.DESK, imports.DESK, *extras.DESKS)
QUEUES = tuple(desk.queue for desk in (*DESKS, *invoicing.DESKS, dead_letter.DESK))
# Each queue shows something new in its first seconds, however seldom its jobs come.
FIRST_JOB_WITHIN = 3.0

Supplies = list[tuple[Source, Iterator[Draft]]]


class Company:
    """All desks of one plan, in one event loop."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._client = plan.client()
        self._graveyard = self._queue(dead_letter.DESK)

    async def run(self) -> None:
        """Opens everything and works until cancelled.

        An error of the company's own ends it, loudly. Redis going away does not: it may come back.
        """
        async with asyncio.TaskGroup() as self._tasks:
            async with asyncio.TaskGroup() as openings:
                openings.create_task(self._open_invoicing())
                for desk in DESKS:
                    openings.create_task(self._open(desk))
            self._tasks.create_task(self._keep_an_importer())
            await self._settle_tenants()

    async def _open(self, desk: Desk) -> None:
        queue = self._queue(desk)
        supplies = [
            (source, source.drafts(self._plan.luck(desk.queue, number))) for number, source in enumerate(desk.sources)
        ]
        if await self._is_new(queue):
            await self._live_through_the_past(desk, queue, supplies)
            if desk.opening:
                await desk.opening(queue, self._plan.luck(desk.queue, "opening"))
        self._employ(desk)
        for number, (source, drafts) in enumerate(supplies):
            rng = self._plan.luck(desk.queue, "supply", number)
            self._tasks.create_task(self._supply(queue, source, drafts, rng))

    async def _live_through_the_past(self, desk: Desk, queue: Queue, supplies: Supplies) -> None:
        if not desk.past or not desk.work:
            return
        rng = self._plan.luck(desk.queue, "past")
        for job, end, finished in await Past(queue, desk.work, rng).live_through(_mixed(supplies, rng), desk.past):
            if desk.buries and isinstance(end, Exception):
                await dead_letter.bury(self._graveyard, job, end, at=finished)

    async def _open_invoicing(self) -> None:
        queues = {desk.queue: self._queue(desk) for desk in invoicing.DESKS}
        producer = FlowProducer(opts={"connection": self._client})
        flows = invoicing.flows(self._plan.luck("invoicing"))
        if await self._is_new(queues["invoicing"]):
            await month_end.live_through_the_past(producer, flows, queues, self._plan.luck("invoicing", "past"))
        for desk in invoicing.DESKS:
            self._employ(desk)
        pace = invoicing.SHARE * self._plan.jobs_per_second / invoicing.JOBS_PER_FLOW
        self._tasks.create_task(month_end.produce(producer, flows, queues["invoicing"], pace=pace))

    def _employ(self, desk: Desk) -> None:
        if desk.work is None:
            return
        # The library's own pause after a lost connection is 15 s.
        options = {**desk.options_at(self._plan.jobs_per_second), "runRetryDelay": 1000, "autorun": False}
        process = processor(desk.work, self._plan, desk.queue)
        worker = Worker(desk.queue, process, {**options, "connection": self._plan.connection()})
        if desk.buries:
            worker.on("failed", self._bury_if_exhausted)
        self._tasks.create_task(worker.run())

    def _bury_if_exhausted(self, job: Job, error: Exception) -> None:
        if isinstance(error, UnrecoverableError) or job.attemptsMade >= job.attempts:
            self._tasks.create_task(self._bury(job, error))

    async def _bury(self, job: Job, error: Exception) -> None:
        with suppress(RedisError):
            await dead_letter.bury(self._graveyard, job, error, at=round(time.time() * 1000))

    async def _supply(self, queue: Queue, source: Source, drafts: Iterator[Draft], rng: Random) -> None:
        lot = source.lot(self._plan.jobs_per_second)
        interval = lot / (source.share * self._plan.jobs_per_second)
        await asyncio.sleep(rng.uniform(0, min(interval, FIRST_JOB_WITHIN)))
        while True:
            with suppress(RedisError):
                if await _ahead(queue) < source.backlog:
                    await queue.addBulk([draft.for_bulk() for draft in islice(drafts, lot)])
            await asyncio.sleep(interval * rng.uniform(0.5, 1.5))

    async def _keep_an_importer(self) -> None:
        """A worker that dies in the middle of its work is followed by the next one, as under any supervisor."""
        for life in count(1):
            args = ("--redis", self._plan.redis_url, "--seed", self._plan.seed, "--life", str(life))
            importer = lifeline.start("tickbird.demo.fleet.importer", *args)
            await asyncio.to_thread(importer.wait)
            lifeline.stop(importer)
            if importer.returncode != -signal.SIGKILL:
                raise RuntimeError(f"The importer ended by itself, with exit code {importer.returncode}.")
            await asyncio.sleep(self._plan.luck("importer", "pause", life).uniform(1, 3))

    async def _settle_tenants(self) -> None:
        number = self._plan.queues - len(QUEUES)
        if number > 0:
            queues = await tenants.settle(self._plan, self._client, number, tasks=self._tasks)
            self._tasks.create_task(tenants.produce(self._plan, queues))

    def _queue(self, desk: Desk) -> Queue:
        return Queue(desk.queue, {"connection": self._client, **desk.options})

    async def _is_new(self, queue: Queue) -> bool:
        return not await self._client.exists(queue.keys["id"])


async def _ahead(queue: Queue) -> int:
    pipe = queue.client.pipeline(transaction=False)
    pipe.llen(queue.keys["wait"])
    pipe.zcard(queue.keys["prioritized"])
    pipe.zcard(queue.keys["delayed"])
    return sum(await pipe.execute())


def _mixed(supplies: Supplies, rng: Random) -> Iterator[Draft]:
    shares = [source.share for source, _ in supplies]
    while True:
        _, drafts = rng.choices(supplies, shares)[0]
        yield next(drafts)
