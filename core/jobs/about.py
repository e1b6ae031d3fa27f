"""What a job is about: the two or three fields of its data that tell one from another at a glance."""

from __future__ import annotations

import re
from typing import Any

FIELDS = 3
LONGEST_VALUE = 48
LONGEST_KEY = 32
# Never shown in a list, whatever they hold.
_SECRET = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|authori[sz]ation|credential|cookie|signature"
    r"|(api|access|private|signing|encryption)[-_]?key|^(ssn|cvv|cvc|pin|otp|jwt)$",
    re.I,
)
# Fields by which people know their jobs, most telling first.
_TELLING = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"^(to|email|recipient|address)$",
        r"(^|[a-z_])(id|uuid|key|ref|slug|number|no)$",
        r"^(type|kind|event|action|template|subject|title|name|status)$",
        r"(url|uri|path|file(name)?|bucket|host|endpoint|topic)$",
        r"(user|customer|tenant|account|order|invoice|org)",
    )
)


def about(data: Any) -> tuple[tuple[str, str], ...]:
    """Up to three short `(field, value)` pairs, the most telling first; nothing for data that is no object."""
    if not isinstance(data, dict):
        return (("", _cut(_shown(data))),) if isinstance(data, str | int | float) and data != "" else ()
    small = [(key, value) for key, value in _flat(data) if _is_small(value) and not _is_secret(key)]
    small.sort(key=lambda pair: _rank(pair[0]))
    return tuple((key[-LONGEST_KEY:], _cut(_shown(value))) for key, value in small[:FIELDS])


def _flat(data: dict[str, Any]) -> list[tuple[str, Any]]:
    """Top-level fields, and those one level down as `user.id`."""
    pairs: list[tuple[str, Any]] = []
    for key, value in list(data.items())[:50]:
        if isinstance(value, dict):
            pairs += [(f"{key}.{inner}", v) for inner, v in list(value.items())[:20]]
        else:
            pairs.append((key, value))
    return pairs


def _is_small(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and 0 < len(value) <= 200)


def _is_secret(key: str) -> bool:
    return any(_SECRET.search(part) for part in key.split("."))


def _rank(key: str) -> int:
    leaf = key.rpartition(".")[2]
    return next((place for place, pattern in enumerate(_TELLING) if pattern.search(leaf)), len(_TELLING))


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cut(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"
