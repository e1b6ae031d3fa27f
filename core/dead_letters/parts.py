"""Parts of a JSON text as they are written in it: what is sent back must not have a number rounded on its way. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def written_at(text: str, path: Sequence[str]) -> str | None:
    """What stands at this path through objects, byte for byte; None where nothing does, or this is no JSON."""
    try:
        for name in path:
            part = _member(text, name)
            if part is None:
                return None
            text = part
    except (ValueError, IndexError, RecursionError):
        return None
    return text.strip(" \t\r\n")


def _member(text: str, wanted: str) -> str | None:
    at = _past(text, 0)
    if text[at] != "{":
        return None
    at, found = _past(text, at + 1), None
    while text[at] != "}":
        name, colon = _DECODER.raw_decode(text, at)
        start = _past(text, _past(text, colon) + 1)
        end = _DECODER.raw_decode(text, start)[1]
        # Of a name that stands twice the last one counts, as for everybody who reads JSON.
        found = text[start:end] if name == wanted else found
        at = _past(text, end)
        at = _past(text, at + 1) if text[at] == "," else at
    return found


def _past(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at
