"""One event, for those who watch them as they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.clock import set_by
from core.events.bull import Message
from core.events.position import Id, parsed
from core.model import QueueId
from core.text import json_or_none, nearest_bytes, text

# What Bull's messages call by one word, in BullMQ's words.
_SAID = {b"completed": b"returnvalue", b"failed": b"failedReason", b"progress": b"data"}


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened at the instant `at` to a job, in the library's own word for it. `job_id` is None for an event of
    the whole queue, `name` where it is not known; `told` is what the event says besides, raw and in whole. `mark` is
    its place in the queue's stream, None where there is no stream."""

    queue: QueueId
    at: int
    event: str
    job_id: str | None = None
    name: str | None = None
    told: Mapping[bytes, bytes] = field(default_factory=dict)
    mark: Id | None = None


def happenings(
    id: QueueId, entries: Sequence[Any], since: int, named: Callable[[bytes], bytes | None]
) -> Iterator[Happening]:
    """The entries of a stream from the instant `since` on. `named` tells a job's name, where it is known."""
    added: dict[bytes, bytes | None] = {}
    for entry, fields in entries:
        mark = parsed(entry)
        told = dict(zip(fields[::2], fields[1::2], strict=False))
        event, job_id = told.pop(b"event", b""), told.pop(b"jobId", None)
        if event == b"added" and job_id is not None:
            added[job_id] = told.get(b"name")
        if mark[0] >= since:
            name = None if job_id is None else added.get(job_id) or named(job_id)
            yield Happening(id, mark[0], text(event), _text(job_id), _text(name), told, mark)


def of_message(id: QueueId, message: Message, named: Callable[[bytes], bytes | None]) -> Happening:
    """A message of Bull's, which was kept verbatim."""
    told: dict[bytes, bytes] = {}
    job_id, said = message.job_id, json_or_none(message.told) if message.event in _SAID else None
    if isinstance(said, dict):
        job_id = job_id or nearest_bytes(str(said.get("jobId", "")))
        value = said.get("val", said.get("progress"))
        as_it_is = isinstance(value, str) and message.event != b"progress"
        told[_SAID[message.event]] = nearest_bytes(str(value)) if as_it_is else json.dumps(value).encode()
    at = message.at + set_by()  # for durations it is by a clock that nobody sets
    return Happening(id, at, text(message.event), text(job_id) or None, _text(named(job_id)), told)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else text(raw)
