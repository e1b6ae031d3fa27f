"""What can be changed about a queue: its limits, and what they and deduplication hold back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.errors import Invalid
from dashboard.api.asked import Asked
from dashboard.api.bodies import read_body
from dashboard.api.fields import check_known, number, whole
from dashboard.api.job_changes import Change, in_order
from dashboard.api.shapes import Json, outcome, outcomes
from dashboard.urls import decode_part

LIMITS = ("concurrency", "rate_limit")


async def change_queue(asked: Asked) -> Json:
    """Set or, by null, lift its limits: how many jobs at once, and how many in how long."""
    fields = await read_body(asked.request)
    check_known(fields, LIMITS)
    if not fields:
        raise Invalid("Nothing to change is named.", f"Name one or more of {', '.join(LIMITS)}.")
    return outcomes(asked.base, await in_order(_changes(asked, fields)))


def _changes(asked: Asked, fields: Mapping[str, Any]) -> list[Change]:
    id, mutations = asked.queue, asked.herd.mutations
    most, duration = _rate(fields)
    concurrency = number(fields, "concurrency")
    changes: list[Change] = []
    if "concurrency" in fields:
        changes.append(partial(mutations.set_concurrency, id, concurrency))
    if "rate_limit" in fields:
        changes.append(partial(mutations.set_rate_limit, id, most, duration))
    return changes


def _rate(fields: Mapping[str, Any]) -> tuple[int | None, int | None]:
    limit = fields.get("rate_limit")
    if limit is None:
        return None, None
    if not isinstance(limit, dict):
        raise Invalid('rate_limit is {"max": …, "duration": …}, or null.', "The duration is in milliseconds.")
    check_known(limit, ("max", "duration"))
    return whole(limit, "max"), whole(limit, "duration")


async def release_rate_limit(asked: Asked) -> Json:
    """Let workers go on at once though the rate limit was reached."""
    return outcome(asked.base, await asked.herd.mutations.release_rate_limit(asked.queue))


async def release_deduplication(asked: Asked) -> Json:
    """Let a job with this deduplication id be added again."""
    id = decode_part(asked.request.path_params["deduplication_id"])
    return outcome(asked.base, await asked.herd.mutations.release_deduplication(asked.queue, id))


async def trim_events(asked: Asked) -> Json:
    """Shorten its stream of events to about so many."""
    fields = await read_body(asked.request)
    check_known(fields, ("keep",))
    return outcome(asked.base, await asked.herd.mutations.trim_events(asked.queue, whole(fields, "keep")))


async def mend_pause(asked: Asked) -> Json:
    """Bring together what two versions of its library paused apart."""
    return outcome(asked.base, await asked.herd.mutations.mend_pause(asked.queue))
