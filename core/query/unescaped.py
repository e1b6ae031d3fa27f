"""JSON as one reads it: what is written with escapes as what it stands for, so that a word is found in either."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_MEANING = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def unescaped(written: str) -> str:
    """The same with its escapes resolved; what is no escape stays."""
    resolved = _ESCAPE.sub(_resolved, written)
    # Characters beyond the first 65,536 are written as two escapes.
    return resolved.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _resolved(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _MEANING.get(escape[2], escape[2])
