"""Since which version something is so, asked of what a queue's own keys claim."""

from __future__ import annotations

from core.model import Identity


def at_least(identity: Identity, *version: int) -> bool | None:
    """Whether the queue claims to be of this version or a later one; None where it claims none."""
    if identity.version is None:
        return None
    claimed = tuple(int(part) for part in identity.version.split(".") if part.isdecimal())
    return claimed >= version
