"""One event, for those who watch them as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.model import QueueId
from core.text import text


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened at the instant `at` to a job, in the library's own word for it. `job_id` is None for an event of
    the whole queue."""

    queue: QueueId
    at: int
    event: str
    job_id: str | None = None


def happenings(id: QueueId, entries: Sequence[Any], since: int) -> Iterator[Happening]:
    """The entries of a stream from the instant `since` on."""
    for entry, fields in entries:
        at = int(entry[: entry.index(b"-")])
        if at >= since:
            told = dict(zip(fields[::2], fields[1::2], strict=False))
            job_id = told.get(b"jobId")
            yield Happening(id, at, text(told.get(b"event", b"")), None if job_id is None else text(job_id))
