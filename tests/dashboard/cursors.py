"""Where a page of a fixed herd begins."""

from __future__ import annotations

from core.errors import Invalid


def place(cursor: str | None) -> int:
    """How many rows come before it; Invalid for what is no cursor of this herd."""
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 16):
        raise Invalid(f"{cursor!r:.100} is not a cursor.", "Take `next` from the page before.")
    return int(cursor or 0)
