"""Add a copy of a job that is there: its name, data and options, but a life of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Conflict, Invalid, TickbirdError
from core.instance import Instance, pack
from core.model import Outcome, Queue
from core.mutations.act import Answer
from core.mutations.adding import Ready, place_of, write
from core.mutations.job_options import OPTIONS_LIMIT, last_priority, placed
from core.mutations.permits import check
from core.mutations.refusals import refusal
from core.mutations.sentences import of_job
from core.mutations.written import DATA_LIMIT, json_text
from core.text import integer, json_or_none, printable, raw_bytes, text

# What made the original that one job, in that place, at that time: a copy has none of it.
ITS_OWN = frozenset(
    ("jobId", "repeat", "repeatJobKey", "prevMillis", "parent", "deduplication", "debounce", "de", "timestamp", "delay")
)
_FIELDS = ("name", "data", "opts", "priority", "timestamp")


@dataclass(frozen=True, slots=True)
class Original:
    """What is copied of a job; `data` byte for byte. `fields` are those of its hash that were read."""

    name: str
    data: str
    options: dict[str, Any]
    fields: Mapping[str, bytes | None]


async def duplicate(instance: Instance, queue: Queue, job_id: str, *, data: str | None = None) -> Outcome:
    """A new job, with the next number for its id, that runs at once; with other data if given, as JSON text."""
    check(queue, "duplicate")
    if data is not None:
        json_text("The data", data, DATA_LIMIT)
    original = await read_original(instance, queue, job_id, verb="duplicate")
    place = placed(queue.identity, original.options, time.time_ns() // 1_000_000)
    copy = Ready(original.name, original.data if data is None else data, place)
    (answer,) = await write(instance, queue, [copy])
    if answer.code != "ok":
        raise Conflict(f"{of_job(queue, job_id)} was not copied: the next numbers are ids of other jobs.")
    of = f"a copy of job {printable(job_id)}" + ("" if data is None else " with other data")
    sentence = f"{of_job(queue, answer.word(0))} was added, {of}{place_of(copy, answer)}."
    return Outcome("duplicate", queue.id, sentence, answer.word(0))


async def read_original(
    instance: Instance, queue: Queue, job_id: str, *, verb: str, more: Sequence[str] = ()
) -> Original:
    """What can be copied of it, with `more` fields of its hash; Conflict, NotFound or Invalid where it cannot be."""
    key, job = queue.id.base + raw_bytes(job_id), of_job(queue, job_id)
    kind, *sizes = await instance.read([pack("TYPE", key), *(pack("HSTRLEN", key, name) for name in ("data", "opts"))])
    if kind != b"hash":
        raise refusal(verb, job, Answer("missing" if kind == b"none" else "foreign"))
    for name, size, most in zip(("data", "options"), sizes, (DATA_LIMIT, OPTIONS_LIMIT), strict=True):
        if size > most:
            raise Invalid(f"The {name} of {job} have {size:,} bytes; at most {most:,} can be copied here.")
    names = (*_FIELDS, *more)
    (fields,) = await instance.read([pack("HMGET", key, *names)])
    found = dict(zip(names, fields or [None] * len(names), strict=True))
    if found["name"] is None or found["timestamp"] is None:
        raise refusal(verb, job, Answer("nowhere" if any(each is not None for each in found.values()) else "missing"))
    return _original(queue, job, found)


def _original(queue: Queue, job: str, fields: Mapping[str, bytes | None]) -> Original:
    options = json_or_none(fields["opts"] or b"{}")
    if not isinstance(options, dict):
        raise _unreadable(job)
    kept = {name: value for name, value in options.items() if name not in ITS_OWN}
    # A priority that was changed since is not in the options; and earlier versions bounded none.
    if (priority := integer(fields["priority"])) is not None:
        kept["priority"] = min(max(0, priority), last_priority(queue.identity)) or None
    return Original(text(fields["name"] or b""), text(fields["data"] or b"{}"), kept, fields)


def _unreadable(job: str) -> TickbirdError:
    return Conflict(f"The options of {job} are not the JSON that its library writes.", "Add a new job instead.")
