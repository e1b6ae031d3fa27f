"""The headers that every response carries, whatever answered: what a browser may load, frame, keep and tell others."""

from __future__ import annotations

import secrets
from contextvars import ContextVar

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Not 'self' for scripts and styles: behind a proxy the same origin serves other applications, with files of their
# users among them. The nonce lets in what the page names itself, and what those modules import; nothing else.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'nonce-{nonce}'",
        "style-src 'nonce-{nonce}'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        # Only what static/js/trusted.js has seen may become markup.
        "require-trusted-types-for 'script'",
        "trusted-types tickbird",
    )
)
ALWAYS = {
    # Not `no-referrer`: under it browsers post forms with `Origin: null`, and over plain http to a name other than
    # localhost they send no Sec-Fetch-Site either, so the gate could not tell our own pages from a stranger's.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow",
}


# New for each request; a request is one task, and outside of any there is no page that would need one.
_nonce: ContextVar[str] = ContextVar("nonce", default="")


def nonce() -> str:
    """What the scripts and styles of the page that is being answered carry; "" outside of a request."""
    return _nonce.get()


def sealing() -> dict[str, str]:
    """The headers of the response to the request that is being answered."""
    return {**ALWAYS, "content-security-policy": _POLICY.format(nonce=nonce())}


class SecurityHeaders:
    """ASGI middleware, outermost of all. A response keeps its own Cache-Control (hashed static); else no-store."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        _nonce.set(secrets.token_urlsafe(16))

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(sealing())
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, sealed)


async def _robots(_: Request) -> PlainTextResponse:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


ROBOTS = Route("/robots.txt", _robots)
