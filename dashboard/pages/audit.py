"""What people did, and were kept from doing: the audit log, newest first, by person, action, queue and ending."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.access.asker import asker
from core.audit.entry import BESIDE, Ended, Entry, Sought, queue_of
from core.audit.trail import LINES
from core.errors import TickbirdError
from core.operations.operation import LIVE, Operation
from core.permission import NEEDED, Permission
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.pages.frame import answer, frame
from dashboard.refusals import status_of
from dashboard.urls import RawRoute, job_page, queue_page
from dashboard.words import now

if TYPE_CHECKING:
    from core.audit.webhook import Standing

TEMPLATE = "pages/audit.html"
PAGE = 100
# An act on one job takes five seconds at most; what began longer ago (ms) and is no operation that goes on is not
# completed any more.
UNDER_WAY = 60_000


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the list shows it, with where it was; `mark` is the shape of how it `ended`, in words."""

    entry: Entry
    href: str
    job_href: str
    mark: str
    ended: str


MARKS = {Ended.DONE: "ok", Ended.BEGUN: "warn", Ended.REFUSED: "warn", Ended.FAILED: "bad", Ended.DENIED: "bad"}


def routes(base: str) -> list[Route]:
    """The page."""
    return [RawRoute(f"{base}/audit", show, needs=Permission.AUDIT, costs=Cost.HEAVY)]


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
        "webhook": _webhook(desk),
        "looked_at": found.looked_at if found else 0,
        "older": _older(sought, found.next) if found and found.next else "",
        "trouble": trouble,
        "endings": [str(ending) for ending in Ended],
        "verbs": sorted({*NEEDED, *BESIDE}),
        "lasting": desk.herd.store.lasting,
        "most": LINES.most // 2,
    }
    return answer(desk, request, TEMPLATE, values, 200 if trouble is None else status_of(trouble))


def sought_by(params: QueryParams) -> Sought:
    """Which entries an address asks for."""
    said = {name: params.get(name, "").strip()[:200] for name in ("who", "verb", "queue", "ended")}
    return Sought(**said)


def _older(sought: Sought, mark: str) -> str:
    said = {name: getattr(sought, name) for name in ("who", "verb", "queue", "ended") if getattr(sought, name)}
    return "?" + urlencode({**said, "cursor": mark})


def _webhook(desk: Desk) -> Standing | None:
    """How the log is told elsewhere; how much of it waits is for those only for whom all of it is there."""
    standing = desk.herd.webhook.standing if desk.herd.webhook else None
    if standing is None or asker().scope.is_whole:
        return standing
    return replace(standing, waiting=0, dropped=0, lost=0, delivered_at=None)


def _row(desk: Desk, entry: Entry) -> Row:
    mark, ended = MARKS[entry.ended], _ended(desk, entry)
    if not entry.queue:
        return Row(entry, "", "", mark, ended)
    id = queue_of(entry.queue)
    return Row(entry, queue_page(desk.base, id), job_page(desk.base, id, entry.job), mark, ended)


def _ended(desk: Desk, entry: Entry) -> str:
    """In words. What began and was never completed may have happened or not: Tickbird ended in the midst of it."""
    if entry.ended is not Ended.BEGUN:
        return str(entry.ended)
    if now() - entry.at < UNDER_WAY or any(one.id == entry.id for one in desk.herd.operations.list() if _lives(one)):
        return "under way"
    return "unknown outcome"


def _lives(operation: Operation) -> bool:
    return operation.status in LIVE
