"""`tickbird token`: a new bearer token for a program, and what the settings keep of it."""

from __future__ import annotations

import hashlib
import secrets

# Found by scanners for leaked secrets, and by people.
MARK = "tickbird_"


def new_token() -> tuple[str, str]:
    """The token, and its SHA-256 in hex."""
    token = MARK + secrets.token_urlsafe(32)
    return token, hashlib.sha256(token.encode()).hexdigest()


def as_settings(name: str, role: str, digest: str) -> str:
    """The table for the settings file."""
    return f'[[tokens]]\nname = "{name}"\nsha256 = "{digest}"\nrole = "{role}"'
