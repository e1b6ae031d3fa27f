"""What is in a state of a queue, from a sample: by name, by time, by any field of the data. A part opens its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import NotFound, TickbirdError
from core.model import QueueId, State
from core.permission import Permission
from core.samples.sample import Part, Sample
from core.samples.values import BY_TIME, LONGEST_PATH
from core.text import raw_bytes
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import answer, frame
from dashboard.pages.job_list import tabs, telling
from dashboard.urls import QUEUE, RawRoute, queue_id, queue_page
from dashboard.words import clock, iso

TEMPLATE = "pages/samples.html"
USUAL = (
    ("name", "name"),
    (BY_TIME, "time added"),
    ("reason", "reason"),
    ("attempts", "attempts"),
    ("worker", "worker"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A part as the page shows it: `share`, `least` and `most` are of a hundred."""

    part: Part
    title: str
    href: str
    share: float
    least: float
    most: float


def routes(base: str) -> list[Route]:
    """The page."""
    return [RawRoute(f"{base}{QUEUE}/samples", show, needs=Permission.VIEW, costs=Cost.HEAVY)]


async def show(request: Request) -> Response:
    """The page."""
    desk, id, params = desk_of(request), queue_id(request), request.query_params
    desk.herd.glance()
    queue = desk.herd.queue(id)
    state = next((state for state in queue.counts if state == params.get("state")), None) or telling(queue)
    said = params.get("by", "").strip()[: LONGEST_PATH + 1] or "name"
    seen, trouble = None, None
    try:
        seen = await desk.herd.samples.take(id, state, said)
    except NotFound:
        raise
    except TickbirdError as error:
        trouble = error
    values: dict[str, Any] = {
        "frame": frame(desk, request),
        "place": "queue",
        "queue": queue,
        "href": queue_page(desk.base, id),
        "state": state,
        "said": said,
        "tabs": [(each, _address(desk, id, each, said)) for each in tabs(queue)],
        "ways": [(words, _address(desk, id, state, way), way == said) for way, words in USUAL],
        "seen": seen,
        "trouble": trouble,
        "paths": [(path, _address(desk, id, state, path), path == said) for path in seen.paths] if seen else [],
        "lines": [_line(desk, id, state, (seen, part)) for part in seen.parts] if seen else [],
    }
    return answer(desk, request, TEMPLATE, values)


def _address(desk: Desk, id: QueueId, state: State, by: str) -> str:
    return f"{queue_page(desk.base, id)}/samples?{_written({'state': state.value, 'by': by})}"


def _written(params: dict[str, str]) -> str:
    """Names out of data may hold bytes that are no text, and halves of characters, which no address can."""
    return urlencode({name: _bytes(value) for name, value in params.items()})


def _bytes(value: str) -> bytes:
    try:
        return raw_bytes(value)
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


def _line(desk: Desk, id: QueueId, state: State, of: tuple[Sample, Part]) -> Line:
    seen, part = of
    words = _written({"state": state.value, "q": part.words}) if part.words and len(part.words) < 1000 else ""
    href = f"{queue_page(desk.base, id)}?{words}" if words else ""
    share, least, most = (100 * number / max(1, seen.total) for number in (part.about, part.low, part.high))
    return Line(part, _title(seen.by, part.value), href, share, least, most)


def _title(by: str, value: str | None) -> str:
    if value is None:
        return "(none)"
    if by != BY_TIME:
        return value or "(empty)"
    first, last = (int(at) for at in value.split(".."))
    length = last - first + 1
    day = iso(first)[:10]
    return f"{day} {clock(first)} to {clock(last)}" if length < 86_400_000 else f"{day}, {length // 86_400_000} d"
