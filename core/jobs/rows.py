"""Jobs as a list shows them: the small fields at once, the ones that may be large only where they are small.

Two rounds: first the numbers and the lengths, then the texts that are short enough. A page of a hundred jobs with
1 MB of data each moves a few kilobytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.dialects.contract import contract
from core.instance import Instance, pack
from core.job import JobRow
from core.jobs.about import about
from core.model import Queue, State
from core.redaction.fields import cleaned
from core.text import integer, json_or_none, text

_NUMBERS = (
    b"timestamp",
    b"delay",
    b"priority",
    b"attemptsMade",
    b"atm",
    b"processedOn",
    b"finishedOn",
    b"stalledCounter",
    b"stc",
)
# How long a text may be to be read for a list, in bytes.
LIMITS = {b"name": 512, b"data": 4096, b"opts": 4096, b"failedReason": 4096, b"progress": 1024, b"pb": 256}
LONGEST_REASON = 400
_DUE = 4096


@dataclass(frozen=True, slots=True)
class Placed:
    """An id with the state it was found in and, in sorted sets, its score."""

    id: bytes
    state: State
    score: bytes | None = None


async def read_rows(instance: Instance, queue: Queue, placed: Sequence[Placed]) -> list[JobRow]:
    """The light rows of these jobs, in order. A job whose hash is gone comes back as a ghost."""
    base = queue.id.base
    first = await instance.read([command for job in placed for command in _first_round(base + job.id)])
    width = 1 + len(LIMITS)
    seen = [first[i * width : (i + 1) * width] for i in range(len(placed))]
    wanted = [_short_enough(replies[1:]) for replies in seen]
    asked = [pack(b"HMGET", base + job.id, *names) for job, names in zip(placed, wanted, strict=True) if names]
    second = iter(await instance.read(asked))
    texts = [dict(zip(names, next(second) or (), strict=False)) if names else {} for names in wanted]
    redaction = instance.redaction(queue.id)
    texts = [{name: raw and cleaned(redaction, name, raw) for name, raw in each.items()} for each in texts]
    default = contract(queue.identity).default_attempts
    return [
        _row(job, _Fields(replies, found), default) for job, replies, found in zip(placed, seen, texts, strict=True)
    ]


def _first_round(key: bytes) -> Iterable[bytes]:
    return (pack(b"HMGET", key, *_NUMBERS), *(pack(b"HSTRLEN", key, name) for name in LIMITS))


def _short_enough(lengths: Sequence[Any]) -> list[bytes]:
    return [
        name
        for (name, limit), length in zip(LIMITS.items(), lengths, strict=True)
        if isinstance(length, int) and 0 < length <= limit
    ]


class _Fields:
    """One job's answers, by field."""

    def __init__(self, replies: Sequence[Any], texts: dict[bytes, bytes | None]) -> None:
        numbers = replies[0] if isinstance(replies[0], list) else [None] * len(_NUMBERS)
        self._numbers = dict(zip(_NUMBERS, numbers, strict=True))
        self._lengths = dict(zip(LIMITS, replies[1:], strict=True))
        self._texts = texts

    def number(self, *names: bytes) -> int | None:
        """The first of these fields that holds a number."""
        return next((n for name in names if (n := integer(self._numbers[name])) is not None), None)

    def length(self, name: bytes) -> int:
        length = self._lengths[name]
        return length if isinstance(length, int) else 0

    def text(self, name: bytes) -> str | None:
        raw = self._texts.get(name)
        if raw is not None:
            return text(raw)
        return f"({_bytes(self.length(name))}, too long for a list)" if self.length(name) else None

    def json(self, name: bytes) -> Any:
        return json_or_none(self._texts.get(name))

    @property
    def missing(self) -> bool:
        return not any(self._lengths.values()) and all(value is None for value in self._numbers.values())


def _row(job: Placed, fields: _Fields, default_attempts: int) -> JobRow:
    opts = fields.json(b"opts")
    opts = opts if isinstance(opts, dict) else {}
    score = integer(job.score)
    reason = fields.text(b"failedReason")
    priority = fields.number(b"priority")
    timeout, started = option(opts, "timeout"), fields.number(b"processedOn")
    return JobRow(
        id=text(job.id),
        state=job.state,
        name=fields.text(b"name"),
        timestamp=fields.number(b"timestamp"),
        delay=fields.number(b"delay") or 0,
        due_at=score // _DUE if score is not None and job.state is State.DELAYED else None,
        priority=(option(opts, "priority") or 0) if priority is None else priority,
        attempts_made=fields.number(b"attemptsMade", b"atm") or 0,
        attempts=option(opts, "attempts") or default_attempts,
        processed_on=started,
        finished_on=fields.number(b"finishedOn"),
        progress=fields.json(b"progress"),
        failed_reason=reason[:LONGEST_REASON] if reason else reason,
        about=about(fields.json(b"data")),
        data_size=fields.length(b"data") or None,
        stalled=fields.number(b"stc", b"stalledCounter") or 0,
        worker=fields.text(b"pb"),
        missing=fields.missing,
        timeout=timeout,
        past_timeout=job.state is State.ACTIVE and is_past(timeout, started),
    )


def is_past(timeout: int | None, started: int | None) -> bool:
    """Whether a run that began then is longer now than its job's `timeout` allows; 0 allows any."""
    return bool(timeout and timeout > 0 and started is not None and time.time_ns() // 1_000_000 - started > timeout)


def option(opts: dict[str, Any], name: str) -> int | None:
    """An option that is a number, where it is one."""
    value = opts.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 else None


def _bytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{size / 1000:.1f} KB"
