"""The cookies of a login: what they are called, to whom a browser sends them, and how they are read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from core.settings import Settings

SESSION = "tickbird_session"
ATTEMPT = "tickbird_login"
# With it a browser takes the cookie from this very host over https only: no neighbour under the same domain can slip
# one of its own in.
_OURS_ALONE = "__Host-"


def named(cookie: str, settings: Settings) -> str:
    """The name by which a browser knows the cookie. By the settings alone, so that both sides of a login agree."""
    return f"{_OURS_ALONE}{cookie}" if settings.public_url.startswith("https://") else cookie


def sent(cookie: str, headers: Headers, settings: Settings) -> str:
    """The cookie that a request carries; empty where it carries none."""
    # As browsers write them: one of another application on this host that no standard knows must not hide ours.
    return cookie_parser("; ".join(headers.getlist("cookie"))).get(named(cookie, settings), "")


def kept(cookie: str, value: str, settings: Settings, *, seconds: int, secure: bool) -> str:
    """The header that gives a browser a cookie: for no script, for no other site's requests. With `seconds` 0 it is
    taken away."""
    only = "; Secure" if secure else ""
    return f"{named(cookie, settings)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{only}"


def is_secure(settings: Settings, scope: Scope) -> bool:
    """Whether people come over https: as the setting says, or, behind a proxy that ends it, as their browser does."""
    said = settings.public_url or Headers(scope=scope).get("origin", "")
    return scope.get("scheme") == "https" or said.startswith("https://")
