"""Saved views on pages: the list of all, and the forms that keep, rename and remove them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import Invalid, TickbirdError, Unavailable
from core.model import State
from core.permission import Permission
from core.views.view import BUILT_IN, View
from core.views.views import LONGEST_NAME, may_share
from dashboard.acting import back, refused
from dashboard.desk import Desk, desk_of
from dashboard.forms import Form, read_form
from dashboard.notices import Notice
from dashboard.pages.frame import answer, frame
from dashboard.pages.job_list import Choice
from dashboard.urls import RawRoute, decode_part, queue_of_page, search_page

TEMPLATE = "pages/views.html"


async def show(request: Request) -> Response:
    """Every view, with what can be done about those that people made."""
    desk = desk_of(request)
    came = _page_of(desk, request.query_params.get("from", ""))
    try:
        views, trouble = await desk.herd.views.list(), None
    except Unavailable as away:
        views, trouble = BUILT_IN, away
    values: dict[str, Any] = {
        "frame": frame(desk, request),
        "place": "views",
        "rows": [(view, _here(came, view), search_page(desk.base, f"state:{view.state} ({view.q})")) for view in views],
        "came": came,
        "queue": queue_of_page(desk.base, came) if came else None,
        "trouble": trouble,
        "longest_name": LONGEST_NAME,
        "changes": not desk.settings.read_only,
        "shares": may_share(),
    }
    return answer(desk, request, TEMPLATE, values)


def _here(came: str, view: View) -> str:
    return came + Choice(view.state, q=view.q).changed() if came else ""


async def save(request: Request) -> Response:
    """Keep a query under a name, and show the list that it is of."""
    desk, form = desk_of(request), await read_form(request)
    came, q = _page_of(desk, form.fields.get("from", "")), form.fields.get("q", "").strip()
    notice = await _said(_saved(desk, form, q))
    choice = Choice(form.state, q=q).changed() if form.state else ""
    return back((came or f"{desk.base}/views") + (choice if came else ""), notice, came or f"{desk.base}/views")


async def _saved(desk: Desk, form: Form, q: str) -> str:
    if form.state is None:
        raise Invalid(f"There is no state {form.fields.get('state', '')!r:.60}.")
    personal = form.says("personal") or None
    view = await desk.herd.views.add(form.fields.get("name", ""), State(form.state), q, personal=personal)
    return f"Saved as {view.name!r}: it is among {'your own' if view.personal else 'the'} views of every queue."


async def rename(request: Request) -> Response:
    """Give one another name."""
    return await _change(request, lambda desk, id, form: _renamed(desk, id, form.fields.get("name", "")))


async def remove(request: Request) -> Response:
    """Forget one."""
    return await _change(request, lambda desk, id, _: _removed(desk, id))


async def _change(request: Request, change: Any) -> Response:
    desk, form = desk_of(request), await read_form(request)
    came = _page_of(desk, form.fields.get("from", ""))
    doing: Awaitable[str] = change(desk, decode_part(request.path_params["view_id"]), form)
    page = f"{desk.base}/views"
    return back(page + (f"?{urlencode({'from': came})}" if came else ""), await _said(doing), page)


async def _renamed(desk: Desk, id: str, name: str) -> str:
    view: View = await desk.herd.views.rename(id, name)
    return f"It is called {view.name!r} now."


async def _removed(desk: Desk, id: str) -> str:
    view = await desk.herd.views.remove(id)
    return f"Removed the view {view.name!r}: {view.state}, {view.q}"


async def _said(doing: Awaitable[str]) -> Notice:
    try:
        return Notice("done", await doing)
    except TickbirdError as error:
        return refused(error)


def _page_of(desk: Desk, said: str) -> str:
    """The page of the queue that somebody came from; empty where that is none of ours."""
    try:
        queue_of_page(desk.base, said)
    except Invalid:
        return ""
    return said


def routes(base: str) -> list[Route]:
    one = base + "/views/{view_id}"
    return [
        RawRoute(f"{base}/views", show, needs=Permission.VIEW),
        RawRoute(f"{base}/views", save, needs=Permission.VIEW, methods=["POST"]),
        RawRoute(f"{one}/renamings", rename, needs=Permission.VIEW, methods=["POST"]),
        RawRoute(f"{one}/removals", remove, needs=Permission.VIEW, methods=["POST"]),
    ]
