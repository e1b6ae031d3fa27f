"""What the API can be asked of flows, and what it can do to one."""

from __future__ import annotations

from core.flows.front import MOST_FLIGHTS
from core.flows.tree import MOST_DEPTH, MOST_LIMIT
from core.permission import Permission
from dashboard.api import flow_shapes
from dashboard.api.asked import Asked
from dashboard.api.call import ACTING, Call
from dashboard.api.parameters import Parameter
from dashboard.api.queries import CURSOR
from dashboard.api.shapes import Json
from dashboard.budgets import Cost
from dashboard.urls import JOB

FLIGHTS = Parameter(
    "limit", "The most flows in one page.", {"type": "integer", "minimum": 1, "maximum": MOST_FLIGHTS, "default": 50}
)
PARTS = Parameter("parts", "Parents inside larger flows as well.", {"type": "boolean", "default": False})
LIMIT = Parameter(
    "limit",
    "The most children of the job in one page; of all others the tree shows a few.",
    {"type": "integer", "minimum": 1, "maximum": MOST_LIMIT, "default": 50},
)
DEPTH = Parameter(
    "depth",
    "How many levels below the job are shown, as far as there is room.",
    {"type": "integer", "minimum": 1, "maximum": MOST_DEPTH, "default": 3},
)
REST = Parameter(
    "rest",
    "Although a worker runs some of it: those stay, with all above them, and run on.",
    {"type": "boolean", "default": False},
)


async def flows(asked: Asked) -> Json:
    """A page of the flows in flight."""
    await asked.herd.look()
    query = asked.query
    page = await asked.herd.flows.in_flight(limit=query["limit"], cursor=query["cursor"], all_parents=query["parts"])
    return flow_shapes.flights(asked.base, page)


async def flow(asked: Asked) -> Json:
    """The tree around a job."""
    query = asked.query
    tree = await asked.herd.flows.tree(
        asked.queue, asked.job_id, limit=query["limit"], cursor=query["cursor"], depth=query["depth"]
    )
    return flow_shapes.flow(asked.base, tree)


async def flow_extent(asked: Asked) -> Json:
    """What a removal of the flow would take."""
    return flow_shapes.extent(asked.base, await asked.herd.flows.extent(asked.queue, asked.job_id))


async def retry_flow(asked: Asked) -> Json:
    """Retry what failed and holds the flow back."""
    return flow_shapes.done(asked.base, await asked.herd.flows.retry_failed(asked.queue, asked.job_id))


async def remove_unprocessed_children(asked: Asked) -> Json:
    """Remove the children that a job still waits for."""
    return flow_shapes.done(asked.base, await asked.herd.flows.remove_unprocessed(asked.queue, asked.job_id))


async def remove_flow(asked: Asked) -> Json:
    """Remove a job with all below it."""
    done = await asked.herd.flows.remove(asked.queue, asked.job_id, rest=asked.query["rest"])
    return flow_shapes.done(asked.base, done)


READING = ("not_found", "unsupported", "unavailable")
CALLS = (
    Call(
        "GET",
        "/flows",
        flows,
        "Flights",
        "Jobs that wait for their children, longest first",
        Permission.VIEW,
        (FLIGHTS, CURSOR, PARTS),
        (),
        costs=Cost.HEAVY,
    ),
    Call(
        "GET",
        f"{JOB}/flow",
        flow,
        "Flow",
        "The flow around a job, and what holds it back",
        Permission.VIEW,
        (LIMIT, CURSOR, DEPTH),
        READING,
        costs=Cost.HEAVY,
    ),
    Call(
        "GET",
        f"{JOB}/flow/extent",
        flow_extent,
        "FlowExtent",
        "What a removal of the flow would take",
        Permission.VIEW,
        refusals=READING,
        costs=Cost.HEAVY,
    ),
    Call(
        "POST",
        f"{JOB}/flow/retry",
        retry_flow,
        "FlowDone",
        "Retry what failed at or below a job, and let its parents wait again",
        Permission.RETRY,
        refusals=ACTING,
        costs=Cost.HEAVY,
    ),
    Call(
        "POST",
        f"{JOB}/flow/remove-unprocessed",
        remove_unprocessed_children,
        "FlowDone",
        "Remove the children that a job waits for",
        Permission.REMOVE,
        refusals=ACTING,
        costs=Cost.HEAVY,
    ),
    Call(
        "DELETE",
        f"{JOB}/flow",
        remove_flow,
        "FlowDone",
        "Remove a job and all below it",
        Permission.REMOVE,
        (REST,),
        ACTING,
        costs=Cost.HEAVY,
    ),
)
