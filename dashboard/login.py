"""The way in for people: a page with what there is to log in by, the cookie that follows, and the way out."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.access.asker import asker
from core.audit.entry import Ended
from core.errors import RateLimited
from dashboard.desk import Desk, desk_of
from dashboard.door import BY_PASSWORD, Door
from dashboard.forms import read_form

TEMPLATE = "pages/login.html"
# Nobody is asked who they are in order to be asked who they are.
WRONG = "This name and password do not belong together."
# So long the page waits to learn whether the provider is there (seconds).
PATIENCE = 0.5


def routes(base: str) -> list[Route]:
    """The page, what it posts, and the way out. They are open to all, so they declare no permission."""
    return [
        Route(f"{base}/login", show, methods=["GET"]),
        Route(f"{base}/login", log_in, methods=["POST"]),
        Route(f"{base}/logout", log_out, methods=["POST"]),
    ]


async def show(request: Request) -> Response:
    """The page that asks, also in place of any other that a stranger asked for."""
    desk, door = desk_of(request), door_of(request)
    instead = request.scope.get("asked_for")
    wanted = instead or request.query_params.get("next", "")
    # Who is in already, or can come in without a page, goes on to where they wanted; else they see how they are in.
    in_already = bool(asker().name) and not instead
    if not instead and ((in_already and wanted) or not door.has_page):
        return RedirectResponse(inside(desk.base, wanted), 303)
    if door.issuer and not in_already:
        await door.issuer.look(PATIENCE)
    return page(request, wanted, status=request.scope.get("status", HTTPStatus.OK))


async def log_in(request: Request) -> Response:
    """Let in who knows the password, to where they wanted to go."""
    desk, form, door = desk_of(request), await read_form(request, largest=8192), door_of(request)
    name, wanted = form.fields.get("name", ""), form.fields.get("next", "")
    try:
        right = await door.login.knows(name, form.fields.get("password", ""))
        if right:
            desk.budgets.charge_login(name)
    except RateLimited as error:
        return page(request, wanted, name, f"{error.message} {error.hint}", HTTPStatus.TOO_MANY_REQUESTS)
    if not right:
        await door.refused.tell(desk.herd.audit, WRONG, name if name in door.directory.hashes else "")
        return page(request, wanted, name, WRONG, HTTPStatus.UNAUTHORIZED)
    cookie = await door.let_in(name, request.scope, by=BY_PASSWORD)
    await desk.herd.audit.happened("login", Ended.DONE, "By the page, with name and password.", who=name)
    return admitted(desk, cookie, wanted)


async def log_out(request: Request) -> Response:
    """End the login, or all that this person has; whoever came in another way is asked again by that."""
    desk, door, form = desk_of(request), door_of(request), await read_form(request, largest=8192)
    cookie = await door.let_out(request.scope)
    if form.says("everywhere") and asker().name:
        await door.sessions.end_all(asker().name)
    response = RedirectResponse(f"{desk.base}/login", 303)
    response.headers.append("set-cookie", cookie)
    return response


def admitted(desk: Desk, cookie: str, wanted: str) -> Response:
    """To where they wanted to go, with the cookie of a login."""
    response = RedirectResponse(inside(desk.base, wanted), 303)
    response.headers.append("set-cookie", cookie)
    return response


def door_of(request: Request) -> Door:
    """The door by which this request came."""
    door: Door = request.scope["door"]
    return door


def inside(base: str, wanted: str) -> str:
    """An address of ours, whatever was asked for: never another site's."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return base
    ours = not parts.scheme and not parts.netloc and (parts.path == base or parts.path.startswith(f"{base}/"))
    # More slashes than one lead a browser to another host, and so they do behind what it strips from the front.
    ours = ours and wanted.startswith("/") and not wanted.startswith("//")
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    login = f"{base}/login"
    return wanted if ours and plain and parts.path != login and not parts.path.startswith(f"{login}/") else base


def page(request: Request, wanted: str, name: str = "", trouble: str = "", status: int = HTTPStatus.OK) -> Response:
    """The page to log in on, with what is wrong, if something is."""
    desk, door = desk_of(request), door_of(request)
    there = inside(desk.base, wanted)
    away = door.issuer.trouble if door.issuer and not asker().name else None
    values = {
        "wanted": there,
        # Where a stranger sees this page, nobody asks.
        "known": asker().name,
        "name": name,
        "trouble": trouble or (away.message if away else ""),
        "passwords": door.has_passwords,
        "button": door.issuer.provider.called if door.issuer else "",
        "start": f"{desk.base}/login/start?next={quote(there, safe='')}",
    }
    return desk.rendering.page(TEMPLATE, values, status)
