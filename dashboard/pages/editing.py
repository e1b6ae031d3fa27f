"""The page on which a person edits a job's data: first the text, then what changes, then it is saved."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from core.errors import TickbirdError
from core.job import Job
from core.mutations.written import DATA_LIMIT
from core.text import printable
from dashboard.desk import Desk, desk_of
from dashboard.differences import Line, differences
from dashboard.json_edit import editable, escaped
from dashboard.pages.frame import answer, frame
from dashboard.urls import job_id, job_page, queue_id, queue_page

TEMPLATE = "pages/editing.html"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person has written, and over what (`seen`: a digest). `changes` is set where it is to be confirmed;
    `trouble` says why it was not taken."""

    text: str
    seen: str
    changes: tuple[Line, ...] = ()
    trouble: TickbirdError | None = None


async def show(request: Request) -> Response:
    """The page, with the data as they are."""
    desk = desk_of(request)
    job = await read(desk, request)
    return page(desk, request, job, Draft(shown(job) or "", digest(job)))


async def read(desk: Desk, request: Request) -> Job:
    """The job with all of its data, as far as data can be edited at all."""
    return await desk.herd.job(queue_id(request), job_id(request), limit_bytes=DATA_LIMIT + 1)


def page(desk: Desk, request: Request, job: Job, draft: Draft) -> Response:
    """The page with this draft on it."""
    href = job_page(desk.base, job.queue, job.row.id)
    permits = {permit.verb: permit for permit in desk.herd.job_permits(job.queue, job)}
    values = {
        "frame": frame(desk, request),
        "place": "editing",
        "job": job,
        "row": job.row,
        "href": href,
        "queue_href": queue_page(desk.base, job.queue),
        "permits": permits,
        "draft": draft,
        "text": escaped(draft.text.replace("\r\n", "\n")),
        "obstacle": obstacle(job),
        "most": DATA_LIMIT,
    }
    return answer(desk, request, TEMPLATE, values, 400 if draft.trouble else 200)


def shown(job: Job) -> str | None:
    """The data as a text that comes back from a form as it went; None where there is no such text."""
    if job.data is None or job.data.cut:
        return "{}" if job.data is None else None
    if job.data.is_json:
        return editable(job.data.text)
    return job.data.text if printable(job.data.text) == job.data.text and "\r" not in job.data.text else None


def digest(job: Job) -> str:
    """A short name for exactly these data."""
    return hashlib.sha256(job.data.text.encode("utf-8", "surrogatepass")).hexdigest() if job.data else ""


def obstacle(job: Job) -> str:
    """Why the data cannot be shown in a form; empty where they can."""
    if job.data is not None and job.data.redacted:
        return "Part of them is redacted for you, and would be lost if you saved them."
    if shown(job) is not None:
        return ""
    if job.data is not None and job.data.cut:
        return f"They are larger than {DATA_LIMIT:,} bytes."
    return "They are no JSON, and hold characters that a form does not give back as they were."


def changes(job: Job, text: str) -> tuple[Line, ...]:
    """What this text changes about the data."""
    return tuple(differences(shown(job) or "", editable(text)))
