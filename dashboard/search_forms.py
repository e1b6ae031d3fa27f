"""What belongs to a search: its page, and the buttons that hold it, end it, or go on behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.errors import TickbirdError
from core.permission import Permission
from core.search.search import Search
from core.search.searches import Searches
from dashboard.acting import back, refused
from dashboard.budgets import Cost
from dashboard.desk import desk_of
from dashboard.pages import search
from dashboard.urls import SEARCH, RawRoute, decode_part, search_page

Act = Callable[[Searches, str], Search]
_ACTS: dict[str, Act] = {
    "pauses": lambda searches, id: searches.pause(id),
    "resumptions": lambda searches, id: searches.resume(id),
    "cancellations": lambda searches, id: searches.cancel(id),
    "continuations": lambda searches, id: searches.older(id),
}


def routes(base: str) -> list[Route]:
    """The page and its buttons."""
    return [
        RawRoute(f"{base}/search", search.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        *(
            RawRoute(f"{base}{SEARCH}/{noun}", _done(act), needs=Permission.VIEW, methods=["POST"], costs=Cost.HEAVY)
            for noun, act in _ACTS.items()
        ),
    ]


def _done(act: Act) -> Callable[[Request], Any]:
    async def done(request: Request) -> Response:
        desk, id = desk_of(request), decode_part(request.path_params["search_id"])
        seen = desk.herd.searches.get(id)
        page = search_page(desk.base, seen.wish.said, id)
        try:
            after = act(desk.herd.searches, id)
        except TickbirdError as error:
            return back(page, refused(error), page.partition("?")[0])
        return RedirectResponse(search_page(desk.base, after.wish.said, after.id), 303)

    return done
