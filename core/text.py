"""Bytes from Redis as text that loses nothing, and text as something fit to be shown."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# Characters that reorder the text around them: a job name must not be able to disguise its neighbours.
_REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C], "\ufffd")
_CONTROL = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)}
_CONTROL_HIGH = dict.fromkeys(range(0x80, 0xA0), "\ufffd")
# Lone surrogates other than those that stand for a raw byte.
_UNWRITABLE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_LONE_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_UNFIT = {**_CONTROL, 0x7F: "\u2421", **_CONTROL_HIGH, **_REORDERING, **_LONE_SURROGATES}


def text(raw: bytes) -> str:
    """UTF-8 as text; bytes that are not UTF-8 survive as lone surrogates, so `raw_bytes` gives them back."""
    return raw.decode("utf-8", "surrogateescape")


def raw_bytes(value: str) -> bytes:
    """The exact bytes that `text` was made from."""
    return value.encode("utf-8", "surrogateescape")


def nearest_bytes(value: str) -> bytes:
    """The same of a text out of JSON, which may hold what Redis cannot: half a pair of surrogates becomes U+FFFD."""
    return raw_bytes(_UNWRITABLE.sub("\ufffd", value))


def printable(value: str) -> str:
    """Text for a screen: control, reordering and undecodable characters become visible marks."""
    return value if value.isascii() and value.isprintable() else value.translate(_UNFIT)


def json_or_none(raw: bytes | None) -> Any:
    """The JSON value in these bytes, or None where they hold none (absent, cut, or not JSON)."""
    if raw is None:
        return None
    try:
        return _JSON.decode(text(raw))
    except (ValueError, RecursionError):
        return None


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(literal)
    return number


# NaN and infinities are not JSON: taken for values here, they would break the JSON that we send on.
_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def integer(raw: bytes | None) -> int | None:
    """A whole number as Redis keeps it (`12`, `12.0`, `7.35e15`), or None."""
    if raw is None:
        return None
    try:
        return int(raw)
    except ValueError:
        return _rounded(raw)


def _rounded(raw: bytes) -> int | None:
    try:
        return int(float(raw))
    except (ValueError, OverflowError):
        return None
