"""What was removed lately, and whether it can be put back."""

from __future__ import annotations

from core.errors import NotFound
from core.permission import NEEDED, Permission
from dashboard.api.asked import Asked
from dashboard.api.call import ACTING, Call
from dashboard.api.shapes import Json, outcome
from dashboard.budgets import Cost
from dashboard.urls import decode_part, queue_href

REMOVAL = "/undo/{removal_id}"


async def removal(asked: Asked) -> Json:
    """What is kept of it."""
    id = decode_part(asked.request.path_params["removal_id"])
    about = await asked.herd.undo.find(id)
    if about is None:
        raise NotFound("Nothing is kept of that removal (any more).", "It is the id of an operation, for half an hour.")
    return {
        "id": id,
        "queues": [queue_href(asked.base, queue) for queue in about.queues],
        "at": about.at,
        "until": about.until,
        "by": about.by,
        "kept": about.kept,
        "left_out": dict(about.left_out),
        "restored": about.restored,
        "refused": dict(about.refused),
    }


async def undo_removal(asked: Asked) -> Json:
    """Put back what can be."""
    id = decode_part(asked.request.path_params["removal_id"])
    return outcome(asked.base, await asked.herd.undo.restore(id))


CALLS = (
    Call("GET", REMOVAL, removal, "Removal", "What is kept of a removal, by the id of its operation", Permission.VIEW),
    Call(
        "POST",
        REMOVAL,
        undo_removal,
        "Outcome",
        "Put back what an operation removed",
        NEEDED["restore"],
        (),
        ACTING,
        costs=Cost.HEAVY,
    ),
)
