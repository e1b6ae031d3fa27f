"""The deduplication ids of a queue: which jobs hold them. They are released by DELETE, in `queue_changes`."""

from __future__ import annotations

from collections.abc import Mapping

from core.deduplication.held import Held
from core.model import QueueId
from core.permission import Permission
from dashboard.api.asked import Asked
from dashboard.api.call import Call
from dashboard.api.schema_words import FLAG, HREF, SPAN, TEXT, Schema, list_of, maybe, object_, ref
from dashboard.api.shapes import Json, covered
from dashboard.budgets import Cost
from dashboard.urls import QUEUE, encode_part, job_href, queue_href


async def deduplication(asked: Asked) -> Json:
    """Those that its jobs tell of."""
    found = await asked.herd.deduplication.of(asked.queue)
    return {
        "held": [_held(asked.base, asked.queue, held) for held in found.held],
        "covered": covered(found.covered),
        "absent": found.absent,
    }


def _held(base: str, queue: QueueId, held: Held) -> Json:
    return {
        "id": held.id,
        "job_id": held.job_id,
        "job": job_href(base, queue, held.job_id),
        "left": held.left,
        "behind": held.behind,
        "job_is_gone": held.job_is_gone,
        "href": f"{queue_href(base, queue)}/deduplication/{encode_part(held.id)}",
    }


CALLS = (
    Call(
        "GET",
        f"{QUEUE}/deduplication",
        deduplication,
        "Deduplication",
        "Who holds which id",
        Permission.VIEW,
        costs=Cost.HEAVY,
    ),
)
SCHEMAS: Mapping[str, Schema] = {
    "Deduplication": object_(
        "Deduplication ids that are held, as far as the jobs that were asked tell. `absent` says why this library has "
        "no such thing, and is empty where it has.",
        held=list_of(
            object_(
                "An id and the job that holds it: for `left` ms, or, where that is null, until it has finished. "
                "`behind`: a follow-up is kept. DELETE its href releases it.",
                id=TEXT,
                job_id=TEXT,
                job=HREF,
                left=maybe(SPAN),
                behind=FLAG,
                job_is_gone=FLAG,
                href=HREF,
            )
        ),
        covered=ref("Covered"),
        absent=TEXT,
    ),
}
