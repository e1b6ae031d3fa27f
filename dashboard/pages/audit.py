"""What people did, and were kept from doing: the audit log, newest first, by person, action, queue and ending."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.audit.entry import BESIDE, Ended, Entry, Sought
from core.audit.trail import LINES
from core.errors import TickbirdError
from core.model import QueueId
from core.permission import NEEDED, Permission
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import answer, frame
from dashboard.urls import RawRoute, job_page, queue_page

TEMPLATE = "pages/audit.html"
PAGE = 100


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the list shows it, with where it was; `mark` is the shape of how it ended."""

    entry: Entry
    href: str
    job_href: str
    mark: str


MARKS = {Ended.DONE: "ok", Ended.BEGUN: "warn", Ended.REFUSED: "warn", Ended.FAILED: "bad", Ended.DENIED: "bad"}


def routes(base: str) -> list[Route]:
    """The page."""
    return [RawRoute(f"{base}/audit", show, needs=Permission.AUDIT)]


async def show(request: Request) -> Response:
    """The page."""
    desk, params = desk_of(request), request.query_params
    sought, trouble, found = sought_by(params), None, None
    try:
        found = await desk.herd.audit.read(sought, PAGE, params.get("cursor") or None)
    except TickbirdError as error:
        trouble = error
    values = {
        "frame": frame(desk, request),
        "place": "audit",
        "sought": sought,
        "rows": [_row(desk, entry) for entry in found.entries] if found else [],
        "looked_at": found.looked_at if found else 0,
        "older": _older(sought, found.next) if found and found.next else "",
        "trouble": trouble,
        "endings": [str(ending) for ending in Ended],
        "verbs": sorted({*NEEDED, *BESIDE}),
        "lasting": desk.herd.store.lasting,
        "most": LINES.most // 2,
    }
    return answer(desk, request, TEMPLATE, values, 200 if trouble is None else 503)


def sought_by(params: QueryParams) -> Sought:
    """Which entries an address asks for."""
    said = {name: params.get(name, "").strip()[:200] for name in ("who", "verb", "queue", "ended")}
    return Sought(**said)


def _older(sought: Sought, mark: str) -> str:
    said = {name: getattr(sought, name) for name in ("who", "verb", "queue", "ended") if getattr(sought, name)}
    return "?" + urlencode({**said, "cursor": mark})


def _row(desk: Desk, entry: Entry) -> Row:
    instance, _, rest = entry.queue.partition("/")
    prefix, _, name = rest.partition("/")
    if not entry.queue:
        return Row(entry, "", "", MARKS[entry.ended])
    id = QueueId(instance, prefix, name)
    return Row(entry, queue_page(desk.base, id), job_page(desk.base, id, entry.job), MARKS[entry.ended])
