"""How the provider is spoken to: by looked-at addresses only, in bounded time, and its answers have an end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar, cast

import httpx2

from core.access.provider import Provider
from core.errors import Invalid, TickbirdError, Unavailable
from core.outbound import SECONDS, Outbound
from dashboard.extras import library

T = TypeVar("T")
EXTRA, WHAT = "oidc", "A login by OpenID Connect"
# Documents, keys and tokens are a few kilobytes each.
LARGEST = 512 * 1024


class _Bounded(httpx2.AsyncBaseTransport):
    """Answers as they were sent, nothing unpacked, and no longer than `LARGEST`."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["accept-encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise httpx2.RemoteProtocolError("it packed an answer that it was asked not to")
        stream = _Cut(cast(httpx2.AsyncByteStream, answer.stream))
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=stream, extensions=answer.extensions)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Cut(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._inner:
            read += len(chunk)
            if read > LARGEST:
                raise httpx2.RemoteProtocolError(f"its answer is longer than {LARGEST:,} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def check_usable(provider: Provider) -> None:
    """Raise Invalid where what speaks to a provider is not installed, or `oidc.ca` is no such file."""
    library("authlib.integrations.httpx_client", EXTRA, WHAT)
    try:
        ssl.create_default_context(cafile=provider.ca or None)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(f"The file of oidc.ca, {provider.ca}, cannot be used: {error}.") from error


def options(provider: Provider) -> dict[str, Any]:
    """What every client of ours is made with. Raises Unavailable where the file of `oidc.ca` cannot be used."""
    try:
        sends = Outbound(internal=provider.internal, allowed_by="oidc.internal", verify=provider.ca or True)
    except (OSError, ssl.SSLError) as error:
        raise away(provider, f"The file of oidc.ca cannot be used: {error}.") from error
    return {"transport": _Bounded(sends), "timeout": SECONDS, "follow_redirects": False, "trust_env": False}


def away(provider: Provider, why: str) -> Unavailable:
    """What people are told, whatever is the matter: why is in the hint, which is for the log."""
    return Unavailable(f"{provider.host}, where people log in, cannot be reached or gives no sensible answer.", why)


async def fetched(provider: Provider, url: str) -> dict[str, Any]:
    """The JSON object at that address. Raises Unavailable."""
    async with httpx2.AsyncClient(**options(provider)) as client:
        answer = await reached(provider, client.get(url))
    return as_object(provider, answer)


async def reached(provider: Provider, asking: Awaitable[T]) -> T:
    """What the provider answers; Unavailable where it does not, not in time, or where it may not be asked."""
    try:
        async with asyncio.timeout(SECONDS):
            return await asking
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
        raise away(provider, f"{type(error).__name__}: {error!s:.200}") from error
    except TickbirdError as error:
        raise away(provider, f"{error.message} {error.hint}") from error


def as_object(provider: Provider, answer: httpx2.Response) -> dict[str, Any]:
    """The answer's content. Raises Unavailable where it is an error, or no JSON object."""
    if answer.status_code != httpx2.codes.OK:
        raise away(provider, f"It answers with the status {answer.status_code}.")
    try:
        content = answer.json()
    except (ValueError, RecursionError) as error:
        raise away(provider, "It answers with what is no JSON.") from error
    if not isinstance(content, dict):
        raise away(provider, "It answers with what is no JSON object.")
    return content


def check_address(provider: Provider, said: object, what: str) -> str:
    """The address that the provider names as its own. Raises Unavailable unless it can be one, as safe as the
    issuer's."""
    schemes = ("https://", "http://") if provider.issuer.startswith("http://") else ("https://",)
    if not isinstance(said, str) or not said.startswith(schemes) or any(c.isspace() for c in said) or "#" in said:
        raise away(provider, f"It names no {what} that can be used.")
    return said


def of_extra(module: str) -> Any:
    """A module of Authlib's, or of what it signs and verifies with."""
    return library(module, EXTRA, WHAT)
