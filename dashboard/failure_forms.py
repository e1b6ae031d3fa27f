"""The errors pages, and what their buttons post: what was decided about a group of failures."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.access.asker import asker
from core.errors import Forbidden, TickbirdError
from core.failures.marks import LONGEST_WHY, Mark, Standing, ignored
from core.permission import Permission
from dashboard.acting import back, refused
from dashboard.budgets import Cost
from dashboard.desk import desk_of
from dashboard.forms import Form, length, read_form, whole
from dashboard.notices import Notice
from dashboard.pages import failure_comparison, failure_group, failures
from dashboard.pages.failure_group import group_key
from dashboard.urls import FAILURE, RawRoute, failure_page
from dashboard.words import now

READ_ONLY = "This Tickbird is read-only: it was started with read_only, so nothing is decided here."


def routes(base: str) -> list[Route]:
    """The list, the page of a group, the comparison, and what is posted to them."""
    one = base + FAILURE
    return [
        RawRoute(f"{base}/errors", failures.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        RawRoute(one, failure_group.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        RawRoute(f"{one}/comparison", failure_comparison.show, needs=Permission.VIEW, costs=Cost.HEAVY),
        *(
            RawRoute(f"{one}/{noun}", _decided(mark, said), needs=Permission.RETRY, methods=["POST"])
            for noun, mark, said in (
                ("resolutions", _resolved, "It is resolved. It opens again by itself when it returns."),
                ("ignorings", _ignored, "It is ignored, and opens again by itself."),
                ("reopenings", _open, "It is open again."),
            )
        ),
    ]


def _resolved(form: Form) -> Mark:
    return Mark(Standing.RESOLVED, now(), asker().name, _why(form))


def _ignored(form: Form) -> Mark:
    span, rate = length(form, "span", "The time"), whole(form, "rate", "The failures an hour")
    return ignored(now(), by=asker().name, why=_why(form), span=span, rate=rate)


def _open(_form: Form) -> None:
    return None


def _why(form: Form) -> str:
    return form.fields.get("why", "").strip()[:LONGEST_WHY]


def _decided(mark: Callable[[Form], Mark | None], said: str) -> Callable[[Request], object]:
    async def decided(request: Request) -> Response:
        desk, key, form = desk_of(request), group_key(request), await read_form(request)
        page = failure_page(desk.base, key)
        try:
            if desk.settings.read_only:
                raise Forbidden(READ_ONLY)
            await desk.herd.failures.mark(key, mark(form))
        except TickbirdError as error:
            return back(page, refused(error), page)
        desk.shared.forget(lambda kept: isinstance(kept, tuple) and kept[0] in ("failures", "failure group"))
        return back(page, Notice("done", said), page)

    return decided
