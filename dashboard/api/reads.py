"""The reads: queues from the shared snapshot, jobs from Redis through the herd."""

from __future__ import annotations

from core.jobs.listing import Wanted
from core.model import State
from core.query.parser import parse
from dashboard.api import job_shapes, shapes
from dashboard.api.asked import Asked, now
from dashboard.api.processing import average, sample
from dashboard.api.shapes import Json

LARGEST_FIELD = 16 * 1024 * 1024


async def queues(asked: Asked) -> Json:
    """Every queue of every instance."""
    return shapes.queues(asked.base, await asked.herd.look(), now())


async def queue(asked: Asked) -> Json:
    """One queue."""
    await asked.herd.look()
    queue = asked.herd.queue(asked.queue)
    reading = asked.herd.snapshot().reading(queue.id.instance)
    return shapes.queue(asked.base, queue, shapes.freshness(reading, now()), asked.herd.permits(queue.id))


async def metrics(asked: Asked) -> Json:
    """What a queue holds now, and what it did in the last hour."""
    await asked.herd.look()
    queue = asked.herd.queue(asked.queue)
    history = await asked.herd.history(queue.id)
    taken = await sample(asked.herd, queue.id, now())
    reading = asked.herd.snapshot().reading(queue.id.instance)
    return {
        "waiting": queue.counts.get(State.WAITING),
        "active": queue.counts.get(State.ACTIVE),
        "delayed": queue.counts.get(State.DELAYED),
        "completed": shapes.known_sum(minute.completed for minute in history.minutes),
        "failed": shapes.known_sum(minute.failed for minute in history.minutes),
        "avgProcessingTime": average(taken),
        "covered": {**shapes.last_hour(history), "processing": shapes.covered(taken.covered)},
        **shapes.freshness(reading, now()),
    }


async def jobs(asked: Asked) -> Json:
    """One page of a state, or of those of its jobs that fit a query."""
    query, state = asked.query, State(asked.query["state"])
    order, limit, cursor = query["order"], query["limit"], query["cursor"]
    if query["q"]:
        page = await asked.herd.find(asked.queue, parse(query["q"]), Wanted(state, order, limit, cursor))
    else:
        page = await asked.herd.jobs(asked.queue, state, order=order, limit=limit, cursor=cursor)
    return job_shapes.page(asked.base, asked.queue, page)


async def job(asked: Asked) -> Json:
    """One job in full."""
    job = await asked.herd.job(asked.queue, asked.job_id, limit_bytes=asked.query["bytes"])
    return job_shapes.job(asked.base, job, asked.herd.job_permits(asked.queue, job))


async def status(asked: Asked) -> Json:
    """How a job stands, in few words."""
    return job_shapes.status(await asked.herd.job(asked.queue, asked.job_id, limit_bytes=asked.query["bytes"]))


async def logs(asked: Asked) -> Json:
    """Some of a job's log lines."""
    query = asked.query
    lines = await asked.herd.logs(asked.queue, asked.job_id, start=query["start"], limit=query["limit"])
    if not lines.total:
        await asked.herd.job(asked.queue, asked.job_id)  # a job that is gone has no empty log: it is not found
    return job_shapes.logs(lines)
