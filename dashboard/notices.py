"""What an action did, carried over one redirect in a short-lived cookie that only the page after it sees."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "tickbird_notice"
LASTS = 30
# Browsers drop cookies of more than 4 KB, encoding included.
LONGEST_TEXT = 400
MOST_DETAILS = 5

Kind = Literal["done", "partly", "refused"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the person who acted, and, where some of it was refused, why, one line each. `undo` names the
    removal, where it can be undone."""

    kind: Kind
    text: str
    details: tuple[str, ...] = ()
    undo: str = ""


def leave(response: Response, notice: Notice, path: str) -> Response:
    """Put the notice where the page at `path` finds it."""
    details = list(notice.details[:MOST_DETAILS])
    if len(notice.details) > MOST_DETAILS:
        details.append(f"and {len(notice.details) - MOST_DETAILS} more")
    words = [notice.kind, notice.undo, *(_cut(text) for text in (notice.text, *details))]
    value = base64.urlsafe_b64encode(json.dumps(words, separators=(",", ":")).encode()).decode()
    response.set_cookie(COOKIE, value, max_age=LASTS, path=path, httponly=True, samesite="strict")
    return response


def find(request: Request) -> Notice | None:
    """The notice that was left for this page; None where there is none, or somebody made it up."""
    try:
        words = json.loads(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "")))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words) or len(words) < 3:
        return None
    kind, undo, text, *details = words
    return Notice(kind, text, tuple(details), undo) if kind in ("done", "partly", "refused") else None


def clear(response: Response, path: str) -> None:
    """A notice is said once."""
    response.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
