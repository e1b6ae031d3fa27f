"""Which pages live on while they are looked at, by the address of each."""

from __future__ import annotations

from core.model import QueueId
from dashboard.desk import Desk
from dashboard.pages import (
    batches,
    events,
    failure_group,
    failures,
    flow,
    flows,
    job,
    operations,
    overview,
    queue,
    redis,
    scheduler,
    schedulers,
    search,
    workers,
)
from dashboard.pages.watching import Asked, Watch


def watch_of(desk: Desk, asked: Asked, place: list[str]) -> Watch | None:
    """The page whose address has these parts below the base path, as a tab watches it; None where none lives there."""
    found: Watch | None = None
    match place:
        case []:
            found = overview.Watch(desk, asked)
        case ["errors"]:
            found = failures.WatchAll(desk, asked)
        case ["errors", key]:
            found = failure_group.Watch(desk, asked, key)
        case ["events"]:
            found = events.Watch(desk, asked)
        case ["flows"]:
            found = flows.WatchAll(desk, asked)
        case ["redis"]:
            found = redis.Watch(desk, asked)
        case ["workers"]:
            found = workers.Watch(desk, asked)
        case ["search"]:
            found = search.Watch(desk, asked)
        case ["schedulers"]:
            found = schedulers.Watch(desk, asked)
        case ["operations"]:
            found = operations.WatchAll(desk, asked)
        case ["operations", id]:
            found = operations.Watch(desk, asked, id)
        case ["queues", instance, prefix, name, *below]:
            found = _of_queue(desk, asked, QueueId(instance, prefix, name), below)
    return found


def _of_queue(desk: Desk, asked: Asked, id: QueueId, below: list[str]) -> Watch | None:
    found: Watch | None = None
    match below:
        case []:
            found = queue.Watch(desk, asked, id)
        case ["batches"]:
            found = batches.Watch(desk, asked, id)
        case ["events"]:
            found = events.Watch(desk, asked, id)
        case ["schedulers"]:
            found = schedulers.Watch(desk, asked, id)
        case ["schedulers", key]:
            found = scheduler.Watch(desk, asked, id, key)
        case ["jobs", job_id]:
            found = job.Watch(desk, asked, id, job_id=job_id)
        case ["jobs", job_id, "flow"]:
            found = flow.Watch(desk, asked, id, job=job_id)
    return found
