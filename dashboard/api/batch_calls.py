"""The batches of a queue: its jobs by a field, and how far each batch has come."""

from __future__ import annotations

from collections.abc import Mapping

from core.batches.front import Batch
from core.batches.grouping import LONGEST
from core.permission import Permission
from dashboard.api.asked import Asked
from dashboard.api.call import Call
from dashboard.api.parameters import Parameter
from dashboard.api.schema_words import COUNT, INSTANT, NUMBER, TEXT, Schema, list_of, map_of, object_, ref
from dashboard.api.shapes import Json, covered
from dashboard.budgets import Cost
from dashboard.urls import QUEUE

MOST = 10_000
FIELD = Parameter(
    "field",
    "What its jobs have in common: a path such as `data.batchId` or `opts.group.id`.",
    {"type": "string", "minLength": 1, "maxLength": LONGEST, "default": "data.batchId"},
)


async def batches(asked: Asked) -> Json:
    """As far as can be looked in the time of a page; the next look goes further."""
    found = await asked.herd.batches.of(asked.queue, asked.query["field"])
    return {
        "field": found.field,
        "batches": [_batch(batch) for batch in found.batches[:MOST]],
        "total": len(found.batches),
        "without": found.without,
        "since": found.since,
        "covered": covered(found.covered),
    }


def _batch(batch: Batch) -> Json:
    return {
        "value": batch.value,
        "query": batch.query,
        "total": batch.total,
        "done": batch.done,
        "failed": batch.failed,
        "running": batch.running,
        "waiting": batch.waiting,
        "delayed": batch.delayed,
        "percent": round(batch.percent, 2),
        "counts": {state.value: number for state, number in batch.counts.items()},
        "gone": {"completed": 0, "failed": 0, "unknown": 0, **batch.gone},
    }


CALLS = (
    Call(
        "GET",
        f"{QUEUE}/batches",
        batches,
        "Batches",
        "Its jobs by a field, as batches",
        Permission.VIEW,
        (FIELD,),
        costs=Cost.HEAVY,
    ),
)
SCHEMAS: Mapping[str, Schema] = {
    "Batches": object_(
        "Batches by one field, those under way first. `without` of the jobs that were looked at are in none. Jobs that "
        "were seen since `since` and have left Redis are counted as `gone`, by how they ended as far as events tell.",
        field=TEXT,
        batches=list_of(
            object_(
                "One batch: `query` finds its jobs, `percent` is what has ended of what is known.",
                value=TEXT,
                query=TEXT,
                total=COUNT,
                done=COUNT,
                failed=COUNT,
                running=COUNT,
                waiting=COUNT,
                delayed=COUNT,
                percent=NUMBER,
                counts=map_of(COUNT),
                gone=map_of(COUNT),
            )
        ),
        total=COUNT,
        without=COUNT,
        since=INSTANT,
        covered=ref("Covered"),
    ),
}
