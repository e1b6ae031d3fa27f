"""The page on which a person adds a job to a queue, beginning with what is usual there, or with a job that is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from core.errors import TickbirdError
from core.model import Queue, QueueId
from core.mutations.duplicating import ITS_OWN
from core.mutations.permits import check
from core.mutations.written import DATA_LIMIT
from core.redaction.redaction import HIDDEN
from core.usual import Names, Usual
from dashboard.desk import Desk, desk_of
from dashboard.json_edit import editable
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.urls import decode_part, encode_part, job_page, queue_id, queue_page

TEMPLATE = "pages/adding.html"
# The options that have fields of their own; all others go into the one for options.
NUMBERS = {"delay": "The delay", "priority": "The priority", "attempts": "The number of attempts"}
FLAGS = ("lifo", "removeOnComplete", "removeOnFail")
MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the form was filled from: what is usual for a name, or the job of this id."""

    usual: Usual | None = None
    original: str = ""


EMPTY = Beginning()


def why_not(queue: Queue) -> str:
    """Why nothing can be added to this queue here; empty where something can."""
    try:
        check(queue, "add")
    except TickbirdError as error:
        return error.message
    return ""


async def show(request: Request) -> Response:
    """The page: empty, or with what is usual for a `name`, or with what the job `from` carries."""
    desk, id, params = desk_of(request), queue_id(request), request.query_params
    original, name = params.get("from", ""), decode_part(params.get("name", "~"))
    try:
        if original:
            said = await _copied(desk, id, decode_part(original))
            return await page(desk, request, said, beginning=Beginning(original=decode_part(original)))
        usual = await desk.herd.usual.of(id, name) if name else None
    except TickbirdError as error:
        return await page(desk, request, {"name": name}, error)
    said = {"name": name, **as_fields(usual.given)} if usual else {}
    if usual and usual.example is not None and params.get("example") == "yes":
        said["data"] = editable(usual.example)
    return await page(desk, request, said, beginning=Beginning(usual))


async def page(
    desk: Desk,
    request: Request,
    said: Mapping[str, str],
    trouble: TickbirdError | None = None,
    beginning: Beginning = EMPTY,
) -> Response:
    """The page with what was said so far, and why it was not taken."""
    id = queue_id(request)
    queue, href = desk.herd.queue(id), queue_page(desk.base, id)
    usual, original, names = beginning.usual, beginning.original, await _names(desk, id)
    values = {
        "frame": frame(desk, request),
        "place": "adding",
        "queue": queue,
        "where": place(queue),
        "href": href,
        "why_not": why_not(queue),
        "said": {name: said.get(name, "") for name in ("name", "data", "options", "jobId", *NUMBERS, *FLAGS)},
        "names": [(name, number, _begins(href, name)) for name, number in names.names],
        "looked_at": names.looked_at,
        "with_example": _begins(href, usual.name, example="yes") if usual else "",
        "usual": usual,
        "usual_options": [(word, _written(value), times) for word, value, times in usual.options] if usual else [],
        "example": editable(usual.example)[:20_000] if usual and usual.example else "",
        "example_href": job_page(desk.base, id, usual.of) if usual and usual.of else "",
        "original": original,
        "original_href": job_page(desk.base, id, original) if original else "",
        "hidden": HIDDEN in said.get("data", "") + said.get("options", ""),
        "trouble": trouble,
    }
    return answer(desk, request, TEMPLATE, values, 400 if trouble else 200)


def as_fields(options: Mapping[str, Any]) -> dict[str, str]:
    """The options as the form has them: in fields of their own, or, all others, as JSON."""
    said: dict[str, str] = {}
    others: dict[str, Any] = {}
    for word, value in options.items():
        if word in NUMBERS and type(value) is int:
            said[word] = str(value)
        elif word in FLAGS and isinstance(value, bool):
            said[word] = "yes" if value else ""
        else:
            others[word] = value
    return said | ({"options": editable(json.dumps(others))} if others else {})


async def _copied(desk: Desk, id: QueueId, job_id: str) -> dict[str, str]:
    """What a job carries; of what cannot be shown in a form, nothing."""
    job = await desk.herd.job(id, job_id, limit_bytes=DATA_LIMIT)
    options = job.opts.value if job.opts and isinstance(job.opts.value, dict) else {}
    kept = {word: value for word, value in options.items() if word not in ITS_OWN and (word, value) != ("attempts", 0)}
    said = {"name": job.row.name or "", **as_fields(kept)}
    if job.data is not None and job.data.is_json and not job.data.cut:
        said["data"] = editable(job.data.text)
    return said


async def _names(desk: Desk, id: QueueId) -> Names:
    """What jobs are called here; nothing where it cannot be read now, which is no reason not to add one."""
    try:
        found = await desk.herd.usual.names(id)
    except TickbirdError:
        return Names((), 0)
    return Names(found.names[:MOST_NAMES], found.looked_at)


def _begins(href: str, name: str, **more: str) -> str:
    """The page, beginning with what is usual for that name."""
    return f"{href}/add?{urlencode({'name': encode_part(name), **more})}"


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:120]


def copy_href(desk: Desk, id: QueueId, job_id: str) -> str:
    """The page, with what this job carries."""
    return f"{queue_page(desk.base, id)}/add?{urlencode({'from': encode_part(job_id)})}"
