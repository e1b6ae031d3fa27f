"""The page on which a person makes or changes a scheduler: what it would mean is shown before it is saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from core.errors import TickbirdError
from core.model import QueueId
from core.schedulers.preview import Preview
from core.schedulers.runs import LATEST
from core.schedulers.scheduler import Scheduler
from dashboard.desk import Desk, desk_of
from dashboard.forms import UNITS
from dashboard.json_edit import editable
from dashboard.pages.frame import answer, frame
from dashboard.pages.queue_list import place
from dashboard.pages.scheduler import in_zone
from dashboard.scheduler_urls import scheduler_key, scheduler_page, schedulers_page
from dashboard.urls import queue_id, queue_page

TEMPLATE = "pages/scheduler_editing.html"
FIELDS = ("id", "name", "jobId", "pattern", "every", "unit", "tz", "limit", "start", "end", "offset", "data", "options")
_MOMENT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a person has written so far; `key` is empty for a new scheduler. `preview`: what it would mean; `trouble`:
    why it was not taken."""

    said: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    preview: Preview | None = None
    trouble: TickbirdError | None = None


async def show_new(request: Request) -> Response:
    """The page, empty."""
    return page(desk_of(request), request, Sheet())


async def show(request: Request) -> Response:
    """The page with the scheduler as it is."""
    desk, key = desk_of(request), scheduler_key(request)
    found = await desk.herd.schedulers.one(queue_id(request), key)
    return page(desk, request, Sheet(_as_it_is(found), key))


def page(desk: Desk, request: Request, sheet: Sheet) -> Response:
    """The page with this on it."""
    id = queue_id(request)
    queue = desk.herd.queue(id)
    permits = {permit.verb: permit for permit in desk.herd.permits(id)}
    values = {
        "frame": frame(desk, request),
        "place": "scheduler-editing",
        "queue": queue,
        "where": place(queue),
        "href": queue_page(desk.base, id),
        "back": _back(desk, id, sheet.key),
        "action": schedulers_page(desk.base, id) if not sheet.key else f"{_back(desk, id, sheet.key)}/changes",
        "sheet": sheet,
        "said": {name: sheet.said.get(name, "") for name in (*FIELDS, "immediately")},
        "instants": [(at, in_zone(at, sheet.said.get("tz"))) for at in sheet.preview.instants] if sheet.preview else [],
        "units": tuple(UNITS),
        "permit": permits["upsert_scheduler"],
    }
    return answer(desk, request, TEMPLATE, values, 400 if sheet.trouble else 200)


def _back(desk: Desk, id: QueueId, key: str) -> str:
    return scheduler_page(desk.base, id, key) if key else schedulers_page(desk.base, id)


def _as_it_is(found: Scheduler) -> dict[str, str]:
    head, timing = found.row.head, found.row.head.timing
    every, unit = _length(timing.every)
    shown = found.data if found.data is not None and not found.data.cut and not found.hidden else None
    options = found.options.value if found.options is not None and not found.hidden else None
    numbers = {"limit": timing.limit, "offset": timing.offset or None}
    return {
        "name": head.name,
        "pattern": timing.pattern or "",
        "every": every,
        "unit": unit,
        "tz": timing.tz or "",
        "start": _moment(timing.start),
        "end": _moment(timing.end),
        "data": editable(shown.text) if shown else "",
        "options": editable(json.dumps(options, ensure_ascii=False)) if options else "",
        **{name: "" if number is None else str(number) for name, number in numbers.items()},
    }


def _length(ms: int | None) -> tuple[str, str]:
    """A length in the largest unit that says it in whole numbers."""
    if ms is None:
        return "", "min"
    unit = next((unit for unit in reversed(UNITS) if ms % UNITS[unit] == 0), "ms")
    return str(ms // UNITS[unit]), unit


def _moment(ms: int | None) -> str:
    return "" if ms is None or ms > LATEST else datetime.fromtimestamp(ms / 1000, UTC).strftime(_MOMENT)
