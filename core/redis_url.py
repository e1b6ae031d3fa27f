"""Redis URLs: checked before use, and shown without their secrets."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.errors import Invalid

SCHEMES = ("redis", "rediss", "unix")


def check_url(name: str, url: str) -> None:
    """Raise Invalid, without echoing a password, unless this is a URL that can be dialled."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise Invalid(
            f"The URL of instance {name!r} must begin with redis://, rediss:// or unix://.",
            "For example redis://:password@redis.internal:6379/0.",
        )
    try:
        port = parts.port
    except ValueError:
        raise Invalid(f"The port in the URL of instance {name!r} is not a number below 65536.") from None
    if parts.scheme != "unix" and not parts.hostname:
        raise Invalid(f"The URL of instance {name!r} names no host.", f"Port {port} of what?" if port else "")


def without_secrets(url: str) -> str:
    """The URL as it may be shown: scheme, host, port and database only."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    where = f"{host}:{parts.port}" if parts.port else host
    return f"{parts.scheme}://{where}{parts.path}"
