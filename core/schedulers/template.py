"""What a scheduler's jobs are made from: name, data and options, read where its library keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import Conflict
from core.instance import Instance, pack
from core.model import Queue
from core.mutations.job_options import OPTIONS_LIMIT
from core.mutations.written import DATA_LIMIT
from core.schedulers.scheduler import Head
from core.text import json_or_none, raw_bytes

# What makes an iteration that one job, at that time; the template has none of it.
OF_AN_ITERATION = frozenset(("jobId", "repeat", "repeatJobKey", "prevMillis", "timestamp", "delay", "parent"))
# What BullMQ writes where nothing was said.
_NO_ATTEMPTS = ("attempts", 0)
_FIELDS = ("data", "opts")
HASH, JOB, NOWHERE = "the scheduler", "the job that stands for its next run", ""


@dataclass(frozen=True, slots=True)
class Template:
    """`data` as JSON text, byte for byte; `options` without what is an iteration's own; `repeat` what an iteration says
    of its repetition. `source`: where it was read, empty where neither place holds anything."""

    data: bytes
    options: Mapping[str, Any]
    repeat: Mapping[str, Any] = field(default_factory=dict)
    source: str = NOWHERE
    whole: bool = True


async def read_template(instance: Instance, queue: Queue, head: Head) -> Template:
    """What its next jobs are made from. Payloads that are too large to be written here are told by `whole`."""
    base = queue.id.base
    keys = [base + b"repeat:" + raw_bytes(head.key), base + raw_bytes(head.iteration)]
    sizes = await instance.read([pack("HSTRLEN", key, name) for key in keys for name in _FIELDS])
    fits = [bool(size) and size <= most for size, most in zip(sizes, (DATA_LIMIT, OPTIONS_LIMIT) * 2, strict=True)]
    places = [(key, name) for key in keys for name in _FIELDS]
    wanted = [pack("HGET", *place) for place, fit in zip(places, fits, strict=True) if fit]
    replies = iter(await instance.read(wanted))
    data, opts, job_data, job_opts = (next(replies) if fit else None for fit in fits)
    options, of_job = _object(opts), _object(job_opts)
    repeat = of_job.get("repeat")
    has_hash = data is not None or opts is not None or head.ran is not None
    kept = of_job if opts is None else options
    return Template(
        data or job_data or b"{}",
        {name: value for name, value in kept.items() if name not in OF_AN_ITERATION and (name, value) != _NO_ATTEMPTS},
        repeat if isinstance(repeat, dict) else {},
        HASH if has_hash else JOB if sizes[2] or sizes[3] else NOWHERE,
        whole=all(fit or not size for fit, size in zip(fits, sizes, strict=True)),
    )


def writable(template: Template) -> Template:
    """The template itself; Conflict where it is not all there, so that writing it back would lose something."""
    if not template.whole:
        raise Conflict(
            f"Its data or options are larger than can be written here ({DATA_LIMIT:,} and {OPTIONS_LIMIT:,} bytes).",
            "Let its application change it.",
        )
    return template


def _object(raw: bytes | None) -> dict[str, Any]:
    value = json_or_none(raw)
    return value if isinstance(value, dict) else {}
