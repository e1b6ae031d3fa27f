"""A failed job beside the newest one of the same name that completed, with what differs in what they were given."""

from __future__ import annotations

import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from core.errors import NotFound
from core.job import Job, Payload
from core.jobs.listing import Wanted
from core.model import QueueId, State
from core.query.pattern import Pattern
from core.query.query import Like, Query, Term
from dashboard.desk import Desk, desk_of
from dashboard.differences import Line, differences
from dashboard.pages.failure_group import find, group_key
from dashboard.pages.failures import row
from dashboard.pages.frame import answer, frame
from dashboard.urls import failure_page, job_page
from dashboard.words import now

TEMPLATE = "pages/failure_comparison.html"
# Of data that are larger than this, two texts cannot be laid beside each other.
LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things that jobs are given: the lines that differ, or a sentence where none can be shown."""

    title: str
    lines: list[Line]
    note: str = ""


async def show(request: Request) -> Response:
    """The page. NotFound once no job of the group is left."""
    desk, key = desk_of(request), group_key(request)
    desk.herd.glance()
    group = await find(desk, key)
    if not group.examples:
        raise NotFound("No job of this group is left to compare.", "They were retried or removed.")
    queue, id, _ = group.examples[0]
    failed = await desk.herd.job(queue, id, limit_bytes=LARGEST)
    completed, looked = await _completed(desk, queue, failed.row.name or "")
    values = {
        "frame": frame(desk, request),
        "place": "comparison",
        "row": row(desk, group),
        "href": failure_page(desk.base, key),
        "failed": failed,
        "completed": completed,
        "hrefs": {job.row.id: job_page(desk.base, queue, job.row.id) for job in (failed, completed) if job},
        "looked": looked,
        "parts": parts(completed, failed) if completed else [],
    }
    return answer(desk, request, TEMPLATE, values)


async def _completed(desk: Desk, queue: QueueId, name: str) -> tuple[Job | None, str]:
    """The newest of that name, as far as one looks in the time of a page; and how far that was."""
    # Made here and not parsed: a name may hold anything.
    query = Query("", Term("name", (), Like(Pattern((name,), folded=False), whole=True)), now())
    found = await desk.herd.find(queue, query, Wanted(State.COMPLETED, "newest", 1))
    if not found.rows:
        return None, found.covered.note
    return await desk.herd.job(queue, found.rows[0].id, limit_bytes=LARGEST), found.covered.note


def parts(completed: Job, failed: Job) -> list[Part]:
    """What differs in their data and options."""
    pairs = (("Data", completed.data, failed.data), ("Options", completed.opts, failed.opts))
    return [_part(title, one, other) for title, one, other in pairs]


def _part(title: str, one: Payload | None, other: Payload | None) -> Part:
    if (one and one.cut) or (other and other.cut):
        return Part(title, [], "They are too large to be laid beside each other here.")
    lines = differences(_laid_out(one), _laid_out(other))
    return Part(title, lines, "" if lines else "No difference.")


def _laid_out(payload: Payload | None) -> str:
    """A line for each value, and keys in their order: what stands elsewhere is no difference."""
    if payload is None:
        return ""
    try:
        return json.dumps(json.loads(payload.text), indent=2, sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        return payload.text
