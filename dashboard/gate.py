"""The one place that lets a request in: by the host it was sent to, by where it comes from, and by who sends it.

It looks at the path exactly as it was sent and at headers, never at a URL put together from them, and trusts
neither the peer's address nor any forwarded header. The same path, still percent-encoded, is what routes then match.
"""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import Forbidden, TickbirdError
from core.settings import Settings
from dashboard.auth import Login, bears, is_loopback
from dashboard.refusals import Misdirected, RateLimited, Unauthorized, refusal
from dashboard.urls import sent_path

READING = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset({"/healthz", "/readyz", "/robots.txt"})
METRICS = frozenset({"/metrics", "/metrics/jobs"})
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY_HOST = "*"

_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]@/\s]+)(?::(?P<port>\d*))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_CHALLENGE = {"www-authenticate": 'Basic realm="Tickbird", charset="UTF-8"'}


class Gate:
    """ASGI middleware around everything but the headers. Sets `scope["user"]`: the name, "" where nobody logs in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._login = Login(settings) if settings.login else None
        self._hosts = frozenset(_host(name) for name in settings.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            # Nothing here speaks it, so nothing has to be trusted to refuse strangers.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._admit(scope, Headers(scope=scope))
        except Unauthorized as error:
            await refusal(scope, error, _CHALLENGE)(scope, receive, send)
        except RateLimited as error:
            await refusal(scope, error, {"retry-after": "5"})(scope, receive, send)
        except TickbirdError as error:
            await refusal(scope, error)(scope, receive, send)
        else:
            path = sent_path(scope)
            user = self._settings.user if self._login else ""
            await self._app({**scope, "path": path, "raw_path": path.encode("latin-1"), "user": user}, receive, send)

    async def _admit(self, scope: Scope, headers: Headers) -> None:
        reads = scope["method"] in READING
        path = sent_path(scope) if reads else None
        if path in OPEN or (path in METRICS and self._bears_metrics_token(headers)):
            return
        self._check_host(headers)
        if not reads:
            check_origin(headers)
        if path in METRICS and self._settings.metrics_access == "open":
            return
        await self._check_login(headers)

    def _bears_metrics_token(self, headers: Headers) -> bool:
        return bears(headers.get("authorization", ""), self._settings.metrics_token)

    def _check_host(self, headers: Headers) -> None:
        sent = headers.getlist("host")
        host = _host(sent[0]) if len(sent) == 1 else ""
        if not host or not self._is_ours(host):
            raise Misdirected(
                f"Tickbird does not answer to the name {host!r}." if host else "The request names no single host.",
                "If this name is yours, add it to the setting hosts (TICKBIRD_HOSTS).",
            )

    def _is_ours(self, host: str) -> bool:
        if host in self._hosts or ANY_HOST in self._hosts:
            return True
        if self._login:
            return not self._hosts
        return host in LOOPBACK_HOSTS or (not is_loopback(self._settings.host) and _is_address(host))

    async def _check_login(self, headers: Headers) -> None:
        if self._login and not await self._login.admits(headers.get("authorization", "")):
            raise Unauthorized("Tickbird wants to know who you are.", "Log in with the user name and password.")


def check_origin(headers: Headers) -> None:
    """Raise Forbidden unless a request that changes something comes from a page of ours, as the browser says."""
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    if sites == ["same-origin"]:
        return
    if sites or (origins and not _same_host(origins, headers.getlist("host"))):
        raise Forbidden(
            "This request to change something comes from another site.",
            "If it came from a page of Tickbird's, the proxy in front must pass the Host header on unchanged.",
        )
    if not origins:
        raise Forbidden(
            "This request to change something does not say where it comes from.",
            "A program says so with the header Origin: http://HOST, HOST being that of the URL it calls.",
        )


def _same_host(origins: list[str], hosts: list[str]) -> bool:
    if len(origins) != 1 or len(hosts) != 1:
        return False
    scheme, _, authority = origins[0].partition("://")
    default = _DEFAULT_PORTS.get(scheme)
    return default is not None and _with_port(authority, default) == _with_port(hosts[0], default) != ""


def _with_port(authority: str, default: str) -> str:
    match = _AUTHORITY.fullmatch(authority.lower())
    return f"{match['host']}:{match['port'] or default}" if match else ""


def _host(authority: str) -> str:
    match = _AUTHORITY.fullmatch(authority.strip().lower())
    return match["host"] if match else ""


def _is_address(host: str) -> bool:
    # A page elsewhere can point a name of its own at us, but not a number.
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
