"""Why jobs fail: groups, the jobs of one, and what is decided about it."""

from __future__ import annotations

from core.access.asker import asker
from core.errors import Forbidden, Invalid
from core.failures.marks import LONGEST_WHY, Mark, Standing, ignored
from core.failures.survey import MOST_LISTED
from core.permission import Permission
from dashboard.api import failure_shapes
from dashboard.api.asked import Asked, now
from dashboard.api.bodies import read_body
from dashboard.api.call import HOLDING, Call
from dashboard.api.failure_shapes import SPANS, window
from dashboard.api.fields import check_known, number
from dashboard.api.parameters import Parameter
from dashboard.api.shapes import Json
from dashboard.budgets import Cost
from dashboard.urls import FAILURE, decode_part

# A program waits longer than a page does for what is still to be read (seconds).
PATIENCE = 2.0
READ_ONLY = "This Tickbird is read-only: it was started with read_only, so nothing is decided here."
STANDING = Parameter(
    "standing", "which groups", {"type": "string", "enum": [*map(str, Standing), "all"], "default": "open"}
)
WITHIN = Parameter("within", "only those that failed within so long", {"type": "string", "enum": list(SPANS)})
START = Parameter("start", "how many to pass over", {"type": "integer", "minimum": 0, "maximum": 10**9, "default": 0})
LIMIT = Parameter("limit", "how many", {"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": 50})


async def failures(asked: Asked) -> Json:
    """The groups, those with the most failures in the last hour first."""
    seen, wanted = await asked.herd.failures.look(PATIENCE), asked.query["standing"]
    groups = seen.groups if wanted == "all" else seen.standing(Standing(wanted))
    return failure_shapes.failures(asked.base, seen, groups)


async def failure_group(asked: Asked) -> Json:
    """One group."""
    return failure_shapes.group(asked.base, await asked.herd.failures.group(_key(asked), PATIENCE))


async def failure_jobs(asked: Asked) -> Json:
    """Its jobs, as far as they were read."""
    group, query = await asked.herd.failures.group(_key(asked), PATIENCE), asked.query
    since = now() - window(query["within"]) + 1 if query["within"] else 0
    found = asked.herd.failures.jobs(group.key, since=since, limit=query["limit"], start=query["start"])
    return failure_shapes.listed(asked.base, found, query["start"] + len(found.jobs))


async def resolve_failures(asked: Asked) -> Json:
    """It opens again by itself when it returns."""
    fields = await read_body(asked.request)
    check_known(fields, ("why",))
    return await _decide(asked, Mark(Standing.RESOLVED, now(), asker().name, _why(fields)))


async def ignore_failures(asked: Asked) -> Json:
    """For a time, or until there are too many."""
    fields = await read_body(asked.request)
    check_known(fields, ("for", "rate", "why"))
    span, rate = number(fields, "for"), number(fields, "rate")
    return await _decide(asked, ignored(now(), by=asker().name, why=_why(fields), span=span, rate=rate))


async def reopen_failures(asked: Asked) -> Json:
    """What was decided is forgotten."""
    return await _decide(asked, None)


async def _decide(asked: Asked, mark: Mark | None) -> Json:
    if asked.herd.settings.read_only:
        raise Forbidden(READ_ONLY)
    return failure_shapes.group(asked.base, await asked.herd.failures.mark(_key(asked), mark))


def _key(asked: Asked) -> str:
    return decode_part(asked.request.path_params["group"])


def _why(fields: dict[str, object]) -> str:
    why = fields.get("why", "")
    if not isinstance(why, str) or len(why) > LONGEST_WHY:
        raise Invalid(f"why is a text of at most {LONGEST_WHY} characters.")
    return why


CALLS = (
    Call(
        "GET",
        "/errors",
        failures,
        "Failures",
        "Why jobs fail",
        Permission.VIEW,
        (STANDING,),
        (),
        costs=Cost.HEAVY,
    ),
    Call(
        "GET", FAILURE, failure_group, "FailureGroup", "Like failures across queues", Permission.VIEW, costs=Cost.HEAVY
    ),
    Call(
        "GET",
        f"{FAILURE}/jobs",
        failure_jobs,
        "FailureJobs",
        "The jobs of a group",
        Permission.VIEW,
        (WITHIN, START, LIMIT),
        costs=Cost.HEAVY,
    ),
    *(
        Call("POST", f"{FAILURE}/{verb}", answer, "FailureGroup", about, Permission.RETRY, (), HOLDING, body)
        for verb, answer, about, body in (
            ("resolve", resolve_failures, "Resolve a group of failures", "FailureResolution"),
            ("ignore", ignore_failures, "Ignore a group of failures for a while", "FailureIgnoring"),
            ("reopen", reopen_failures, "Open a group of failures again", ""),
        )
    ),
)
