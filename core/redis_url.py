"""Redis URLs: checked before use, and shown without their secrets."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from redis.asyncio.connection import parse_url

from core.errors import Invalid
from core.sentinel.url import SCHEMES as SENTINEL_SCHEMES
from core.sentinel.url import is_named, named

SCHEMES = ("redis", "rediss", "unix", *SENTINEL_SCHEMES)


def check_url(url: str, what: str) -> None:
    """Raise Invalid, without echoing a password, unless this is a URL that can be dialled. `what` names it."""
    if not _is_text(url):
        raise Invalid(f"{what} holds bytes that are no text.")
    if is_named(url):
        named(url)
        return
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        raise Invalid(f"{what} has a host or a port that makes no sense.") from None
    if parts.scheme not in SCHEMES:
        raise Invalid(
            f"{what} must begin with redis://, rediss://, unix:// or redis+sentinel://.",
            "For example redis://:password@redis.internal:6379/0.",
        )
    if parts.scheme != "unix":
        _check_place(what, parts, port)
    try:
        parse_url(url)
    except ValueError:
        # Its own message could carry a part of the URL that is secret.
        raise Invalid(f"{what} has an option behind its ? that makes no sense.") from None


def _is_text(url: str) -> bool:
    try:
        url.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_place(what: str, parts: SplitResult, port: int | None) -> None:
    if not parts.hostname:
        raise Invalid(f"{what} names no host.", f"Port {port} of what?" if port else "")
    database = parts.path.strip("/")
    if database and not (database.isascii() and database.isdigit()):
        raise Invalid(f"{what} must end in the number of a database, such as /0.")


def without_secrets(url: str) -> str:
    """The URL as it may be shown: scheme, host, port and database only."""
    parts = urlsplit(url)
    if is_named(url):
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    where = f"{host}:{parts.port}" if parts.port else host
    return f"{parts.scheme}://{where}{parts.path}"
