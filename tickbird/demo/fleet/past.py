"""The past that a queue starts with: real jobs, through BullMQ's own scripts, dated back.

The library takes its clock from the process; here each step is given its own time. Logs, progress, results,
failures, events and per-minute metrics therefore look as if the company had worked for an hour.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import msgpack  # type: ignore[import-untyped]  # it comes with bullmq, without types
from bullmq import Job, Queue
from bullmq.backoffs import Backoffs
from bullmq.custom_errors import UnrecoverableError

from tickbird.demo.fleet.desk import Draft, Json, Work
from tickbird.demo.fleet.failures import use_own_stack

OLDEST_MS = 57 * 60 * 1000  # under the hour, so that a chart of the last hour holds all of it
NEWEST_MS = 15 * 1000
TOKEN = "before-the-demo"  # noqa: S105 - a lock's owner


@dataclass(slots=True)
class PastShift:
    """Work that takes no time: sleeping moves its clock, in milliseconds since 1970."""

    luck: Random
    clock: float

    async def sleep(self, seconds: float) -> None:
        self.clock += seconds * 1000


class Lived(NamedTuple):
    """A job at its end, how that was, and when in milliseconds since 1970."""

    job: Job
    end: Json | Exception
    finished: int


class NextAttempt(NamedTuple):
    """What a failed job waits for: `delay` milliseconds after its failure."""

    delay: int


class Times(NamedTuple):
    """When a job was added, last started and finished."""

    added: int
    started: int
    finished: int


@dataclass(slots=True)
class Past:
    """The past of one queue."""

    queue: Queue
    work: Work
    luck: Random
    _times: dict[str, Times] = field(default_factory=dict)

    async def live_through(self, drafts: Iterator[Draft], count: int) -> list[Lived]:
        """Adds `count` drafts, spread over the last hour, and works each off. Returns how they ended."""
        lived = []
        for at in moments(self.luck, count):
            draft = next(drafts)
            await self.queue.add(draft.name, draft.data, {**draft.opts, "timestamp": at})
            lived.append(await self.relive_next(at))
        await self.date_events()
        return [life for life in lived if life]

    async def relive_next(self, at: int) -> Lived | None:
        """Works off the job that is next in the queue, from `at` on; None if it is still to be tried again."""
        shift = PastShift(self.luck, at + self.luck.randint(5, 900))
        job = await take(self.queue, round(shift.clock))
        end = await self._work_until_now(job, shift)
        finished = min(round(shift.clock), round(time.time() * 1000) - 1)
        job.processedOn = min(job.processedOn, finished)
        self._times[job.id] = Times(job.timestamp, job.processedOn, finished)
        if isinstance(end, NextAttempt):
            await wait_for(end, job, failed=finished)
            return None
        await self._finish(job, end, finished)
        return Lived(job, end, finished)

    async def date_events(self) -> None:
        """Rewrites the event stream with the times at which its events would have happened."""
        key, client = self.queue.keys["events"], self.queue.client
        dated = sorted(self._dated(await client.xrange(key)), key=lambda event: event[0])
        pipe = client.pipeline(transaction=False)
        pipe.delete(key)
        taken: dict[int, int] = defaultdict(int)
        for at, event in dated:
            pipe.xadd(key, event, id=f"{at}-{taken[at]}")
            taken[at] += 1
        await pipe.execute()

    def _dated(self, entries: list[tuple[str, dict[str, str]]]) -> Iterator[tuple[int, dict[str, str]]]:
        for _, event in entries:
            times = self._times.get(event.get("jobId", ""))
            if times is None:
                continue
            match event["event"]:
                case "added" | "waiting" | "waiting-children":
                    yield times.added, event
                case "active":
                    yield times.started, event
                case "progress":
                    yield (times.started + times.finished) // 2, event
                case _:
                    yield times.finished, event

    async def _work_until_now(self, job: Job, shift: PastShift) -> Json | Exception | NextAttempt:
        if job.deferredFailure:
            job.attemptsMade += 1
            deferred: Exception = UnrecoverableError(job.deferredFailure)
            return deferred
        while True:
            job.processedOn = round(shift.clock)
            try:
                return await self.work(job, shift)
            except Exception as error:
                _note(job, error)
                if isinstance(error, UnrecoverableError) or job.attemptsMade >= job.attempts:
                    return error
                delay = await _delay_ms(job, error)
                if shift.clock + delay >= time.time() * 1000:
                    return NextAttempt(delay)
                shift.clock += delay

    async def _finish(self, job: Job, end: Json | Exception, finished: int) -> None:
        scripts = self.queue.scripts
        failed = isinstance(end, Exception)
        # The scripts count the last attempt themselves.
        made = job.attemptsMade - 1 if failed else job.attemptsMade
        await self.queue.client.hset(self.queue.toKey(job.id), mapping=_lived_through(job, made))
        if failed:
            keep = job.opts.get("removeOnFail", False)
            keys, args = scripts.moveToFailedArgs(job, str(end), keep, TOKEN, False)
        else:
            keep = job.opts.get("removeOnComplete", False)
            keys, args = scripts.moveToCompletedArgs(job, end, keep, TOKEN, False)
        args[1] = finished
        await scripts.moveToFinished(job.id, keys, args)


def moments(luck: Random, count: int) -> list[int]:
    """`count` moments of the last hour, oldest first, in milliseconds since 1970."""
    now = round(time.time() * 1000)
    return sorted(now - luck.randint(NEWEST_MS, OLDEST_MS) for _ in range(count))


async def still_retrying(queue: Queue, draft: Draft, *, made: int, error: Exception, due: int) -> None:
    """Adds a job that has failed `made` times, a second after the first and twice as long after each further
    one, and that waits for its next attempt, which is at `due` (ms).
    """
    delay = 1000 * 2 ** (made - 1)
    # Exponential delays add up to twice the last one: that is how long ago the first attempt was.
    await queue.add(draft.name, draft.data, {**draft.opts, "timestamp": due - 2 * delay})
    job = await take(queue, due - delay)
    for _ in range(made):
        _note(job, error)
    await wait_for(NextAttempt(delay), job, failed=due - delay)


async def wait_for(attempt: NextAttempt, job: Job, *, failed: int) -> None:
    """Moves an active job that failed at `failed` (ms) to delayed, as a worker would."""
    queue = job.queue
    # The script counts the last attempt itself.
    await queue.client.hset(queue.toKey(job.id), mapping=_lived_through(job, job.attemptsMade - 1))
    await queue.scripts.moveToDelayed(job.id, failed, attempt.delay, TOKEN)


async def take(queue: Queue, at: int) -> Job:
    """Moves the queue's next job to active at `at` (ms), as a worker would."""
    states = ("wait", "active", "prioritized", "events", "stalled", "limiter", "delayed", "paused")
    options = msgpack.packb({"token": TOKEN, "lockDuration": 30_000})
    script = queue.scripts.commands["moveToActive"]
    raw = await script(
        keys=queue.scripts.getKeys([*states, "meta", "pc", "marker"]), args=[queue.keys[""], at, options]
    )
    fields, job_id = raw[0], raw[1]
    return Job.fromJSON(queue, dict(zip(fields[::2], fields[1::2], strict=True)), job_id)


async def _delay_ms(job: Job, error: Exception) -> int:
    return int(await Backoffs.calculate(job.opts.get("backoff"), job.attemptsMade, error, job, None) or 0)


def _note(job: Job, error: Exception) -> None:
    use_own_stack(job, error)
    job.updateStacktrace()
    job.failedReason = str(error)
    job.attemptsMade += 1


def _lived_through(job: Job, made: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"atm": made, "ats": made + 1, "processedOn": job.processedOn}
    if job.failedReason:
        fields |= {"failedReason": job.failedReason, "stacktrace": json.dumps(job.stacktrace)}
    return fields
