"""The fields of jobs as an export has them: named as BullMQ does, without what must not be seen, of bounded size."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.instance import Instance, pack
from core.jobs.rows import Placed
from core.redaction.fields import cleaned
from core.redaction.redaction import Redaction
from core.text import integer, json_or_none, text

# A field longer than this is left out, with its size; and so much is held in memory at once (bytes).
LARGEST_FIELD = 1_000_000
AT_ONCE = 2_000_000
_NUMBERS = {
    b"timestamp": "timestamp",
    b"delay": "delay",
    b"priority": "priority",
    b"attemptsMade": "attemptsMade",
    b"atm": "attemptsMade",
    b"ats": "attemptsStarted",
    b"processedOn": "processedOn",
    b"finishedOn": "finishedOn",
    b"stalledCounter": "stalledCounter",
    b"stc": "stalledCounter",
}
_TEXTS = {
    b"name": "name",
    b"failedReason": "failedReason",
    b"pb": "processedBy",
    b"parentKey": "parentKey",
    b"rjk": "repeatJobKey",
    b"deid": "deduplicationId",
    b"defa": "deferredFailure",
}
_JSON = {
    b"data": "data",
    b"opts": "opts",
    b"progress": "progress",
    b"returnvalue": "returnvalue",
    b"stacktrace": "stacktrace",
}
READ = (*_NUMBERS, *_TEXTS, *_JSON)
# In the order in which a table has them; `omitted` says which fields were too large.
NAMES = tuple(
    dict.fromkeys(("queue", "id", "state", *_TEXTS.values(), *_NUMBERS.values(), *_JSON.values(), "omitted", "missing"))
)
_LONE = re.compile("[\ud800-\udfff]")
_LINE_ENDS = str.maketrans({"\n": " ", "\r": " ", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True, slots=True)
class Exported:
    """One job: each field as a JSON text. `missing`: its hash is gone."""

    fields: Mapping[str, str]


async def exported(
    instance: Instance, queue: str, base: bytes, placed: Sequence[Placed], redaction: Redaction
) -> list[Exported]:
    """These jobs, in order. Raises Unavailable."""
    lengths = iter(await instance.read([pack(b"HSTRLEN", base + job.id, name) for job in placed for name in READ]))
    sizes = [[size if isinstance(size := next(lengths), int) else 0 for _ in READ] for _ in placed]
    found: list[Exported] = []
    for piece in _pieces(placed, sizes):
        asked = [pack(b"HMGET", base + job.id, *_short(known)) for job, known in piece]
        for (job, known), reply in zip(piece, await instance.read(asked), strict=True):
            found.append(_exported(queue, job, dict(zip(READ, known, strict=True)), reply or (), redaction))
    return found


def _short(sizes: Sequence[int]) -> list[bytes]:
    """The fields that are there and not too large; one that nobody has where none is."""
    return [name for name, size in zip(READ, sizes, strict=True) if 0 < size <= LARGEST_FIELD] or [b""]


def _pieces(placed: Sequence[Placed], sizes: Sequence[list[int]]) -> Iterator[list[tuple[Placed, list[int]]]]:
    piece: list[tuple[Placed, list[int]]] = []
    room = AT_ONCE
    for job, known in zip(placed, sizes, strict=True):
        size = sum(size for size in known if size <= LARGEST_FIELD)
        if piece and size > room:
            yield piece
            piece, room = [], AT_ONCE
        piece.append((job, known))
        room -= size
    if piece:
        yield piece


def _exported(
    queue: str, job: Placed, sizes: Mapping[bytes, int], values: Sequence[bytes | None], redaction: Redaction
) -> Exported:
    raw = {
        n: cleaned(redaction, n, v) for n, v in zip(_short([*sizes.values()]), values, strict=False) if v is not None
    }
    fields = {"queue": json.dumps(queue), "id": json.dumps(text(job.id)), "state": json.dumps(job.state.value)}
    for names, written in ((_TEXTS, _text), (_NUMBERS, _number), (_JSON, _json)):
        fields |= {name: value for key, name in names.items() if key in raw and (value := written(raw[key]))}
    large = {name.decode(): size for name, size in sizes.items() if size > LARGEST_FIELD}
    if large:
        fields["omitted"] = json.dumps(large)
    if not raw and not large:
        fields["missing"] = "true"
    return Exported(fields)


def _text(raw: bytes) -> str:
    return json.dumps(text(raw))


def _number(raw: bytes) -> str:
    number = integer(raw)
    return "" if number is None else str(number)


def _json(raw: bytes) -> str:
    """The JSON as it stands, on one line, so that no number loses a digit; what is none becomes a text."""
    if json_or_none(raw) is None and raw.strip() != b"null":
        return json.dumps(text(raw))
    # Line ends stand only between the parts of JSON, and bytes that are no UTF-8 only within its texts.
    return _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", text(raw)).translate(_LINE_ENDS)
