"""Work in real time: where a second lasts a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from bullmq import Job

from tickbird.demo.fleet.desk import Json, Work
from tickbird.demo.fleet.failures import use_own_stack
from tickbird.demo.fleet.plan import Plan


@dataclass(frozen=True, slots=True)
class LiveShift:
    luck: Random

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def processor(work: Work, plan: Plan, queue: str) -> Callable[[Job, str], Awaitable[Json]]:
    """`work` as bullmq's Worker calls it, with luck of its own for each attempt at each job of `queue`."""

    async def process(job: Job, _token: str) -> Json:
        try:
            return await work(job, LiveShift(plan.luck(queue, job.id, job.attemptsStarted)))
        except Exception as error:
            use_own_stack(job, error)
            raise

    return process
