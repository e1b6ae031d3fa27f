"""What the API can be asked of workers."""

from __future__ import annotations

from core.permission import Permission
from dashboard.api import worker_shapes
from dashboard.api.asked import Asked
from dashboard.api.call import Call
from dashboard.api.shapes import Json
from dashboard.budgets import Cost
from dashboard.urls import QUEUE


async def workers(asked: Asked) -> Json:
    """Every worker of every instance."""
    await asked.herd.look()
    return worker_shapes.crew(asked.base, await asked.herd.workers.look())


async def workers_of_queue(asked: Asked) -> Json:
    """The workers of one queue, and the pulses of its active jobs."""
    await asked.herd.look()
    return worker_shapes.crew(asked.base, await asked.herd.workers.of_queue(asked.queue))


CALLS = (
    Call(
        "GET",
        "/workers",
        workers,
        "Crew",
        "Every connected worker, and the lock of every active job",
        Permission.VIEW,
        refusals=(),
        costs=Cost.HEAVY,
    ),
    Call(
        "GET",
        f"{QUEUE}/workers",
        workers_of_queue,
        "Crew",
        "A queue's workers, and the locks of its active jobs",
        Permission.VIEW,
        costs=Cost.HEAVY,
    ),
)
