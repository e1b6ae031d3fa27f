"""Adding jobs to a queue: one, or an array of them."""

from __future__ import annotations

from core.errors import Invalid
from core.mutations.adding import NewJob
from dashboard.api.asked import Asked
from dashboard.api.bodies import read_written
from dashboard.api.change_schemas import LONGEST_NAME, MOST_ADDED
from dashboard.api.fields import check_known
from dashboard.api.shapes import Json, outcome, outcomes
from dashboard.api.written import elements, members, value_of
from dashboard.json_edit import compact
from dashboard.refusals import TooLarge

LARGEST = 16 * 1024 * 1024


async def add_jobs(asked: Asked) -> Json:
    """Add one job, or several together; of several the first that is refused ends it."""
    written = await read_written(asked.request, LARGEST)
    value = value_of(written or "null")
    if isinstance(value, dict):
        (added,) = await asked.herd.mutations.add(asked.queue, [_job(written)])
        return outcome(asked.base, added)
    if not isinstance(value, list) or not value:
        raise Invalid('The body is a job, {"name": …, "data": …, "opts": …}, or an array of some.')
    if len(value) > MOST_ADDED:
        raise TooLarge(f"At most {MOST_ADDED:,} jobs at a time.", "Send them in parts.")
    added_all = await asked.herd.mutations.add(asked.queue, list(map(_job, elements(written))))
    return outcomes(asked.base, list(added_all))


def _job(written: str) -> NewJob:
    if not isinstance(value_of(written), dict):
        raise Invalid("A job is a JSON object.")
    parts = members(written)
    check_known(parts, ("name", "data", "opts"))
    name, options = value_of(parts.get("name", "null")), value_of(parts.get("opts", "{}"))
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise Invalid(f"name is a text of at most {LONGEST_NAME:,} characters.")
    if not isinstance(options, dict):
        raise Invalid("opts is an object, with the options by BullMQ's own names.")
    return NewJob(name, compact(parts.get("data", "{}")), options)
