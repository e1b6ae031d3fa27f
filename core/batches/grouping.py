"""The field that groups jobs into batches: a path into their data or options. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from core.query.matching import reached
from core.redaction.fields import cleaned
from core.redaction.redaction import Redaction
from core.text import json_or_none

# By their word in a query: the field of a job's hash.
ROOTS: Mapping[str, bytes] = {"data": b"data", "opts": b"opts", "result": b"returnvalue", "progress": b"progress"}
LONGEST = 200
# A job in more batches than these is in none of them in earnest.
MOST_OF_A_JOB = 5
LONGEST_VALUE = 200
_PLAIN = re.compile(r"[\w.-]", re.ASCII)
# What applications call such a field, as far as we have seen.
_LIKELY = re.compile(
    r"(batch|campaign|import|export|run|bulk|group|session|upload|broadcast|correlation)[-_]?(id|key|no)?$", re.I
)


@dataclass(frozen=True, slots=True)
class Grouping:
    """`data.batchId`: the words as a person writes them, the hash's field, and the path into it."""

    text: str
    field: bytes
    path: tuple[str, ...]

    def values(self, raw: bytes | None, redaction: Redaction) -> tuple[str, ...]:
        """The batches that a job with this field is in."""
        value = json_or_none(cleaned(redaction, self.field, raw)) if raw is not None else None
        found = (_written(each) for each in reached(value, self.path) if each is not None)
        return tuple(dict.fromkeys(each for each in found if 0 < len(each) <= LONGEST_VALUE))[:MOST_OF_A_JOB]

    def query(self, value: str) -> str:
        """The words of a search that finds exactly this batch."""
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        field = "".join(each if _PLAIN.match(each) else f"\\{each}" for each in self.text)
        return (
            f"{field}:{escaped}" if re.fullmatch(r"[A-Za-z0-9_-]+", value) and value != "OR" else f'{field}:"{escaped}"'
        )


def grouping(text: str, redaction: Redaction) -> Grouping:
    """What these words mean. Raises Invalid for what is no path, or may not be seen."""
    root, *path = text.strip().split(".")
    if root not in ROOTS or not path or "" in path or len(text) > LONGEST:
        raise Invalid(
            f"{text[:80]!r} is no field that can group jobs.",
            f"Write a path such as data.batchId; it begins with {', '.join(ROOTS)}.",
        )
    if redaction.hides_path(path) or redaction.hides_path((ROOTS[root].decode(),)):
        raise Invalid(f"{text.strip()} is redacted: what it holds is not shown here.")
    return Grouping(text.strip(), ROOTS[root], tuple(path))


def likely(data: Any, opts: Any) -> list[str]:
    """Fields of one job that look as if they grouped jobs."""
    found: list[str] = []
    if isinstance(opts, dict) and isinstance(opts.get("group"), dict) and "id" in opts["group"]:
        found.append("opts.group.id")
    for path in _scalars(data):
        if _LIKELY.search(path[-1]) and "." not in "".join(path):
            found.append(".".join(("data", *path)))
    return found


def _scalars(data: Any) -> list[tuple[str, ...]]:
    """The paths to small values, at most one level down."""
    if not isinstance(data, dict):
        return []
    flat: list[tuple[tuple[str, ...], Any]] = []
    for key, value in list(data.items())[:50]:
        inner = list(value.items())[:20] if isinstance(value, dict) else []
        flat += [((key, below), each) for below, each in inner] or [((key,), value)]
    small = (path for path, value in flat if isinstance(value, str | int) and not isinstance(value, bool))
    return [path for path in small if "" not in path]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)
