"""Where the audit log is told to, as the settings say it, and how a receiver knows that it is ours."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.errors import Invalid

if TYPE_CHECKING:
    from core.settings import Settings

LEAST_SECRET = 16
_WRITABLE = re.compile(r"[!-~]+\Z")


@dataclass(frozen=True, slots=True)
class Target:
    """Where it goes. `internal`: also to an address that is not of the public internet; `ca` is the file of who signed
    the receiver's certificate, if not a public authority."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    internal: bool = False
    ca: str = ""

    @property
    def shown(self) -> str:
        """The address as far as anybody may see it: what follows the host may be a secret of its own."""
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}"


def signature(secret: str, body: bytes, at: int) -> str:
    """`t=SECONDS,v1=HEX`: the HMAC-SHA256 by `secret` of the seconds, a dot and the body."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def webhook_target(settings: Settings) -> Target | None:
    """The target that the settings mean; None where they mean none. Raises Invalid, and never says the address."""
    url, secret, ca = settings.audit_webhook, settings.audit_webhook_secret, settings.audit_webhook_ca
    if not url:
        return None
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and _WRITABLE.match(url)
    except ValueError:
        fine = None
    if not fine:
        raise Invalid("audit.webhook must be a URL such as https://audit.example.com/tickbird.")
    if len(secret) < LEAST_SECRET:
        raise Invalid(
            f"audit.webhook needs audit.webhook_secret, of at least {LEAST_SECRET} characters.",
            "It signs what is sent: `openssl rand -hex 32` makes one.",
        )
    if ca and not Path(ca).is_file():
        raise Invalid(f"audit.webhook_ca names a file that is not there: {ca}")
    return Target(url, secret, internal=settings.audit_webhook_internal, ca=ca)
