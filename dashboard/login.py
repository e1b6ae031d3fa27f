"""The way in for people: a page with name and password, the cookie that follows, and the way out."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from core.access.asker import asker
from core.audit.entry import Ended
from core.settings import Settings
from dashboard.desk import Desk, desk_of
from dashboard.door import Door, cookie_of
from dashboard.forms import read_form
from dashboard.refusals import RateLimited
from dashboard.sessions import COOKIE, HOUR

TEMPLATE = "pages/login.html"
# Nobody is asked who they are in order to be asked who they are.
WRONG = "This name and password do not belong together."


def routes(base: str) -> list[Route]:
    """The page, what it posts, and the way out. They are open to all, so they declare no permission."""
    return [
        Route(f"{base}/login", show, methods=["GET"]),
        Route(f"{base}/login", log_in, methods=["POST"]),
        Route(f"{base}/logout", log_out, methods=["POST"]),
    ]


async def show(request: Request) -> Response:
    """The page that asks, also in place of any other that a stranger asked for."""
    desk = desk_of(request)
    wanted = request.scope.get("asked_for") or request.query_params.get("next", "")
    if asker().name and not request.scope.get("asked_for"):
        return RedirectResponse(inside(desk.base, wanted), 303)
    return _page(desk, wanted, status=request.scope.get("status", HTTPStatus.OK))


async def log_in(request: Request) -> Response:
    """Let in who knows the password, to where they wanted to go."""
    desk, form = desk_of(request), await read_form(request, largest=8192)
    door: Door = request.scope["door"]
    name, wanted = form.fields.get("name", ""), form.fields.get("next", "")
    try:
        right = await door.login.knows(name, form.fields.get("password", ""))
    except RateLimited as error:
        return _page(desk, wanted, name, f"{error.message} {error.hint}", HTTPStatus.TOO_MANY_REQUESTS)
    if not right:
        return _page(desk, wanted, name, WRONG, HTTPStatus.UNAUTHORIZED)
    cookie = await door.sessions.begin(name, "password")
    await desk.herd.audit.happened("login", Ended.DONE, "By the page, with name and password.", who=name)
    # Whoever sat at this browser before is out.
    if former := cookie_of(request.headers):
        await door.sessions.end(former)
    return let_in(request, desk, cookie, wanted)


async def log_out(request: Request) -> Response:
    """End the login; whoever came in another way is asked again by that."""
    desk, door = desk_of(request), request.scope["door"]
    if cookie := cookie_of(request.headers):
        await door.sessions.end(cookie)
    response = RedirectResponse(f"{desk.base}/login", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return response


def let_in(request: Request, desk: Desk, cookie: str, wanted: str) -> Response:
    """To where they wanted to go, with the cookie of a login."""
    response = RedirectResponse(inside(desk.base, wanted), 303)
    response.headers.append("set-cookie", session_cookie(cookie, desk.settings, request.scope))
    return response


def session_cookie(cookie: str, settings: Settings, scope: Scope) -> str:
    """The header that gives a browser its cookie: for no script, for no other site's requests, over https only where
    this is how people come."""
    secure = "; Secure" if is_secure(settings, scope) else ""
    return f"{COOKIE}={cookie}; Path=/; Max-Age={settings.session_hours * HOUR // 1000}; HttpOnly; SameSite=Lax{secure}"


def is_secure(settings: Settings, scope: Scope) -> bool:
    """Whether people come over https: as the setting says, or, behind a proxy that ends it, as their browser does."""
    said = settings.public_url or Headers(scope=scope).get("origin", "")
    return scope.get("scheme") == "https" or said.startswith("https://")


def inside(base: str, wanted: str) -> str:
    """An address of ours, whatever was asked for: never another site's."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return base
    ours = not parts.scheme and not parts.netloc and (parts.path == base or parts.path.startswith(f"{base}/"))
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return wanted if ours and plain and parts.path != f"{base}/login" else base


def _page(desk: Desk, wanted: str, name: str = "", trouble: str = "", status: int = HTTPStatus.OK) -> Response:
    values = {"wanted": inside(desk.base, wanted), "name": name, "trouble": trouble}
    return desk.rendering.page(TEMPLATE, values, status)
