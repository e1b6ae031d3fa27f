"""The one place that lets a request in: by the host it was sent to, by where it comes from, and by who sends it.

It looks at the path exactly as it was sent and at headers, never at a URL put together from them, and trusts
neither the peer's address nor any forwarded header. The same path, still percent-encoded, is what routes then match.
"""

from __future__ import annotations

import ipaddress
import re
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access.asker import Asker, asking
from core.errors import Forbidden, RateLimited, TickbirdError
from core.permission import Permission
from core.settings import Settings
from core.store.contract import Store
from core.store.memory import MemoryStore
from dashboard.auth import bears, is_loopback
from dashboard.cookies import SESSION, named
from dashboard.door import Door, Known
from dashboard.refusals import Misdirected, Unauthorized, refusal, wants_page
from dashboard.urls import sent_path

READING = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset({"/healthz", "/readyz", "/robots.txt"})
METRICS = frozenset({"/metrics", "/metrics/jobs"})
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY_HOST = "*"

# Who asks for /metrics by its own right, or whether we are well: they see, and change nothing.
PROBE = Asker("scraper", "viewer", frozenset({Permission.VIEW}))
# For them there is no instance: a page that refuses them tells of none.
NOBODY = Asker("", "nobody", frozenset(), instances=("",))

_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]@/\s]+)(?::(?P<port>\d*))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_CHALLENGE = {"www-authenticate": 'Basic realm="Tickbird", charset="UTF-8"'}


class Gate:
    """ASGI middleware around everything but the headers. Behind it `asker()` is who asks, `scope["user"]` their name
    ("" where nobody logs in), and `scope["door"]` what logs them in and out."""

    def __init__(self, app: ASGIApp, settings: Settings, store: Store | None = None) -> None:
        self._app = app
        self._settings = settings
        self._door = Door(settings, store or MemoryStore())
        self._everybody = None if settings.login else self._door.directory.everybody
        # One user needs no more than the browser's own question; several ways in need a page that offers them.
        self._has_page = bool(settings.users or settings.oidc) and self._door.has_page
        self._cookie = named(SESSION, settings)
        self._hosts = frozenset(_host(name) for name in settings.hosts)
        below = settings.base_path
        self._unlocked = frozenset({f"{below}/login", f"{below}/login/start", f"{below}/login/return"})
        self._static = f"{below}/static/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            # Nothing here speaks it, so nothing has to be trusted to refuse strangers.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        try:
            known = await self._admitted(scope, headers)
        except Unauthorized as error:
            if not self._has_page or not wants_page(scope) or "authorization" in headers:
                await refusal(scope, error, _CHALLENGE)(scope, receive, send)
                return
            known, scope = Known(NOBODY), self._asking_first(scope)
        except RateLimited as error:
            await refusal(scope, error)(scope, receive, send)
            return
        except TickbirdError as error:
            await refusal(scope, error)(scope, receive, send)
            return
        await self._pass(known, scope, receive, send)

    def _asking_first(self, scope: Scope) -> Scope:
        """The page that asks who is there, in place of the one that was asked for."""
        path = f"{self._settings.base_path}/login"
        raw = {"path": path, "raw_path": path.encode(), "method": "GET"}
        query = scope["query_string"].decode("latin-1")
        wanted = sent_path(scope) + (f"?{query}" if query else "")
        # What was posted is not posted once more: they begin at the first page.
        asked_for = wanted if scope["method"] in READING else self._settings.base_path
        return {**scope, **raw, "query_string": b"", "asked_for": asked_for, "status": HTTPStatus.UNAUTHORIZED}

    async def _pass(self, known: Known, scope: Scope, receive: Receive, send: Send) -> None:
        path = sent_path(scope)
        inside = {**scope, "path": path, "raw_path": path.encode("latin-1"), "user": known.asker.name}
        inside["door"] = self._door

        async def renewing(message: Message) -> None:
            if message["type"] == "http.response.start" and known.cookie:
                headers = MutableHeaders(scope=message)
                # Who logs in or out just now has the last word on it.
                if not any(each.startswith(f"{self._cookie}=") for each in headers.getlist("set-cookie")):
                    headers.append("set-cookie", known.cookie)
            await send(message)

        with asking(known.asker):
            await self._app(inside, receive, renewing)

    async def _admitted(self, scope: Scope, headers: Headers) -> Known:
        """Who may come in, and as whom. Raises why nobody may."""
        reads = scope["method"] in READING
        path = sent_path(scope) if reads else None
        if path in OPEN or (path in METRICS and self._bears_metrics_token(headers)):
            return Known(PROBE)
        self._check_host(headers)
        if not reads:
            check_origin(headers, program=self._is_program(headers))
        if path in METRICS and self._settings.metrics_access == "open":
            return Known(PROBE)
        if reads:
            check_reader(headers)
        if self._everybody:
            return Known(self._everybody)
        known = await self._door.known(scope, headers)
        if known:
            return known
        if sent_path(scope) in self._unlocked or (path or "").startswith(self._static):
            return Known(NOBODY)
        raise Unauthorized("Tickbird wants to know who you are.", "Log in with the user name and password.")

    def _is_program(self, headers: Headers) -> bool:
        """A bearer token is sent by no browser of itself, so no page elsewhere can have sent this request."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._door.directory.bearer(token.strip()) is not None

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
        if self._settings.login:
            return not self._hosts
        return host in LOOPBACK_HOSTS or (not is_loopback(self._settings.host) and _is_address(host))


def check_origin(headers: Headers, *, program: bool = False) -> None:
    """Raise Forbidden unless a request that changes something comes from a page of ours, as the browser says, or from a
    program, which says nothing of it."""
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    if sites == ["same-origin"]:
        return
    if sites or (origins and not _same_host(origins, headers.getlist("host"))):
        raise Forbidden(
            "This request to change something comes from another site.",
            "If it came from a page of Tickbird's, the proxy in front must pass the Host header on unchanged.",
        )
    if not origins and not program:
        raise Forbidden(
            "This request to change something does not say where it comes from.",
            "A program says so with the header Origin: http://HOST, HOST being that of the URL it calls.",
        )


def check_reader(headers: Headers) -> None:
    """Raise Forbidden where a page of another site reads, rather than a person who follows its link: it would be told
    nothing, but its streams and searches would keep us and Redis busy."""
    if headers.get("sec-fetch-mode") == "navigate":
        return
    elsewhere = set(headers.getlist("sec-fetch-site")) - {"same-origin", "none"}
    origins = headers.getlist("origin")
    if elsewhere or (origins and not _same_host(origins, headers.getlist("host"))):
        raise Forbidden("This request to read something comes from a page of another site.")


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
