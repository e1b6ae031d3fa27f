"""`redis+sentinel://user:password@host:26379,host:26379/name/0`: which sentinels to ask for which master."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio.connection import parse_url

from core.errors import Invalid

SCHEMES = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
PORT = 26379
Address = tuple[str, int]
_OWN = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class Named:
    """A master by its name. `options` are those of connections to it, `asking` those of connections to sentinels."""

    sentinels: tuple[Address, ...]
    name: str
    options: dict[str, Any] = field(repr=False)
    asking: dict[str, Any] = field(repr=False)


def is_named(url: str) -> bool:
    """Whether the URL names a master that sentinels know."""
    return url.partition("://")[0] in SCHEMES


def named(url: str) -> Named:
    """What the URL says. Raises Invalid, without echoing a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Invalid("A sentinel URL has a [ without its ], or brackets around what is no IPv6 address.") from None
    if parts.scheme not in SCHEMES:
        raise Invalid("A sentinel URL has something between its scheme and its hosts that makes no sense.")
    scheme = SCHEMES[parts.scheme]
    login, at, places = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    if not name:
        raise Invalid("A sentinel URL names the master: redis+sentinel://host:26379/mymaster/0.")
    said = dict(parse_qsl(parts.query))
    own = {key: said.pop(key) for key in _OWN if key in said}
    address = f"{scheme}://{login}{at}sentinel/{database}?{urlencode(said)}"
    try:
        options: dict[str, Any] = dict(parse_url(address))
    except ValueError:
        raise Invalid("A sentinel URL has an option behind its ? that makes no sense.") from None
    for key in ("host", "port"):
        options.pop(key, None)
    asking = {key: value for key, value in options.items() if key.startswith("ssl") or key == "connection_class"}
    asking |= {key.removeprefix("sentinel_"): value for key, value in own.items()}
    return Named(tuple(_address(place) for place in places.split(",")), unquote(name), options, asking)


def _address(place: str) -> Address:
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host, port = None, PORT
    if not host:
        raise Invalid(f"{place!r} is no sentinel's address.", "Write host:26379, several with commas between them.")
    return host, port
