"""Requests that Tickbird sends by itself: only where something is configured to want them, and not into the network
it stands in unless that is allowed too.

A name is resolved once, every address it has is looked at, and the connection goes to one of those: between the look
and the connection no second answer of a name server can lead elsewhere. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Sequence

import httpx2

from core.errors import Forbidden, Unavailable

SECONDS = 10.0
_SCHEMES = frozenset({"http", "https"})
_LAST_PORT = 65_535


class Outbound(httpx2.AsyncBaseTransport):
    """The transport of every client of ours. `internal`: also to loopback, private, link-local and other addresses that
    are not of the public internet. Raises Forbidden, with the name of the setting `allowed_by`, and Unavailable."""

    def __init__(self, *, internal: bool, allowed_by: str, verify: bool | str = True) -> None:
        self._internal = internal
        self._allowed_by = allowed_by
        # Of its own: an HTTP_PROXY in the environment would resolve the name a second time, elsewhere.
        trusts = ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify
        # Connections are known by their address: one that is kept would be taken for another name's at that address.
        none = httpx2.Limits(max_keepalive_connections=0)
        self._sends = httpx2.AsyncHTTPTransport(verify=trusts, trust_env=False, limits=none)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it to an address that was looked at. The Host header and the certificate stay the name's."""
        host = request.url.host
        if request.url.scheme not in _SCHEMES:
            raise Forbidden(f"{request.url.scheme!r} is no scheme that Tickbird sends requests by.")
        address = await self._address(host, request.url.port or _port(request.url.scheme))
        extensions = {**request.extensions, "sni_hostname": host}
        url = request.url.copy_with(host=address)
        sent = httpx2.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=extensions
        )
        return await self._sends.handle_async_request(sent)

    async def _address(self, host: str, port: int) -> str:
        addresses = await _resolved(host, port)
        refused = [each for each in addresses if not is_public(each)]
        if refused and not self._internal:
            raise Forbidden(
                f"{host} is {refused[0]}, an internal address.", f"If that is meant, set {self._allowed_by}."
            )
        return addresses[0]

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        await self._sends.aclose()


def client(*, internal: bool, allowed_by: str, verify: bool | str = True) -> httpx2.AsyncClient:
    """A client for configured addresses; to be closed with `aclose()`. `verify`: True, or a CA file."""
    transport = Outbound(internal=internal, allowed_by=allowed_by, verify=verify)
    return httpx2.AsyncClient(transport=transport, timeout=SECONDS, follow_redirects=False, trust_env=False)


def is_public(address: str) -> bool:
    """Whether that is an address of the public internet, also where it is an IPv4 address in IPv6's clothes."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def _resolved(host: str, port: int) -> Sequence[str]:
    if port > _LAST_PORT:
        raise Unavailable(f"The port {port} of {host} is none: the last is {_LAST_PORT:,}.")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise Unavailable(f"The name {host} leads to no address.", str(error)) from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
