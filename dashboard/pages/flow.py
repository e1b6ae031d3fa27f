"""The flow around one job: what holds it back, and the tree from its top down to the job and its children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from core.access.asker import asker
from core.errors import TickbirdError
from core.flows.flow import Blocker, Cause, Flow
from core.model import Queue, QueueId, State
from core.permission import Permission
from dashboard.board import Piece
from dashboard.desk import Desk, desk_of
from dashboard.pages.flow_branch import Link, branch, links, page_of
from dashboard.pages.frame import LAYOUT, Frame, answer, frame, region, still
from dashboard.pages.watching import Asked
from dashboard.urls import job_id, job_page, queue_id, queue_page

TEMPLATE = "pages/flow.html"
AROUND = ((LAYOUT, "banner"), (LAYOUT, "foot"))
REGIONS = ((TEMPLATE, "head"), (TEMPLATE, "holding"), (TEMPLATE, "tree"), (TEMPLATE, "trouble"), *AROUND)
LIMIT = 50


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing that holds the flow back: the way to it, its queue's page, and what is wrong with that queue."""

    blocker: Blocker
    path: tuple[Link, ...]
    queue_href: str
    verdict: str


async def show(request: Request) -> Response:
    """The page."""
    desk, id, job = desk_of(request), queue_id(request), job_id(request)
    desk.herd.glance()
    flow = await _read(desk, id, job, request.query_params)
    values = _values(desk, frame(desk, request), id, flow)
    values["frame"] = values["frame"].streaming("", desk.board.mark)
    return answer(desk, request, TEMPLATE, values)


async def _read(desk: Desk, id: QueueId, job: str, params: QueryParams) -> Flow:
    return await desk.herd.flows.tree(id, job, limit=LIMIT, cursor=params.get("cursor") or None)


def _values(desk: Desk, around: Frame, id: QueueId, flow: Flow) -> dict[str, Any]:
    here, root = flow.focus, flow.root
    page = job_page(desk.base, id, here.id)
    top = page_of(desk.base, root.queue, root.id)
    may = frozenset() if around.read_only else asker().may
    failed = any(blocker.cause is Cause.FAILED for blocker in flow.blocking.blockers) or root.state is State.FAILED
    pending = here.children.pending if here.children else 0
    return {
        "frame": around,
        "place": "flow",
        "trouble": None,
        "flow": flow,
        "tree": branch(desk.base, flow),
        "here": here,
        "root": root,
        "queue": id,
        "queue_href": queue_page(desk.base, id),
        "job_href": page,
        "href": f"{page}/flow",
        "top_href": top and f"{top}/flow",
        "above": links(desk.base, flow.above),
        "hindrances": [_hindrance(desk, around, blocker) for blocker in flow.blocking.blockers],
        "next_href": f"{page}/flow?{urlencode({'cursor': flow.next})}#tree" if flow.next else "",
        "paged": "cursor=" in around.at,
        "retries": top if failed and top and Permission.RETRY in may else "",
        "removes": Permission.REMOVE in may,
        "pending": pending,
    }


def _hindrance(desk: Desk, around: Frame, blocker: Blocker) -> Hindrance:
    queue: Queue | None = around.snapshot.queue(blocker.queue) if blocker.queue else None
    verdict = queue.verdict.sentence if queue and queue.verdict.needs_attention else ""
    href = queue_page(desk.base, queue.id) if queue else ""
    return Hindrance(blocker, links(desk.base, blocker.path), href, verdict)


class Watch:
    """The page as one tab keeps looking at it."""

    def __init__(self, desk: Desk, asked: Asked, id: QueueId, *, job: str) -> None:
        self._desk, self._asked, self._id, self._job = desk, asked, id, job

    async def look(self) -> list[Piece]:
        """Every piece of the page as it is now; a flow that is gone leaves its page standing, and a word."""
        try:
            return await self._desk.shared.get(("flow page", self._asked.at), self._look)
        except TickbirdError as error:
            values = {"frame": still(self._desk, self._asked.at), "place": "flow", "trouble": error}
            return [region(self._desk, self._asked.at, name, values) for name in ((TEMPLATE, "trouble"), *AROUND)]

    async def _look(self) -> list[Piece]:
        flow = await _read(self._desk, self._id, self._job, self._asked.params)
        values = _values(self._desk, still(self._desk, self._asked.at), self._id, flow)
        return [region(self._desk, self._asked.at, name, values) for name in REGIONS]
