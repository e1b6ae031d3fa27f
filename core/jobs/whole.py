"""One job in full: every field its library wrote, decoded and named, payloads cut at a limit with their true size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.errors import NotFound
from core.instance import Instance, pack
from core.job import Job, JobRow, Payload
from core.jobs.heads import Heads
from core.jobs.ineffective import ineffective
from core.jobs.options import spelled_out
from core.jobs.relatives import Resolve, children_of, parent_of
from core.jobs.rows import LONGEST_REASON, option, read_rows
from core.jobs.whereabouts import Whereabouts, locate
from core.model import Queue, State
from core.redaction.fields import cleaned
from core.text import integer, json_or_none, raw_bytes, text

# One look at a job moves no more than this; of fields that are beyond it, only the size is told.
MOST_BYTES = 32_000_000
# Larger stacks are shown by their beginning.
LARGEST_STACKS = 1_000_000
# A job hash has some twenty fields; one with more than this many is somebody else's.
MOST_FIELDS = 200
MOST_STACKS = 25
LONGEST_STACK = 16_384

_SHOWN = frozenset(
    (
        b"name data opts timestamp delay priority attemptsMade atm ats processedOn finishedOn stalledCounter stc pb "
        b"progress returnvalue failedReason stacktrace parent parentKey defa deid rjk"
    ).split()
)


@dataclass(frozen=True, slots=True)
class _Hash:
    """The fields that were fetched, and the true size of each field there is."""

    values: Mapping[bytes, bytes]
    sizes: Mapping[bytes, int]
    limit: int
    redacted: frozenset[bytes] = frozenset()

    def payload(self, name: bytes) -> Payload | None:
        size = self.sizes.get(name)
        if size is None:
            return None
        raw, redacted = self.values.get(name, b""), name in self.redacted
        if (len(raw) < size and not redacted) or max(size, len(raw)) > self.limit:
            return Payload(text(raw[: self.limit]), size, cut=True, redacted=redacted)
        value = json_or_none(raw)
        is_json = value is not None or raw == b"null"
        return Payload(text(raw), size, value=value, is_json=is_json, redacted=redacted)

    @property
    def options(self) -> Payload | None:
        opts = self.payload(b"opts")
        return spelled_out(opts) if opts else None

    def text(self, name: bytes) -> str | None:
        payload = self.payload(name)
        return payload.text if payload else None

    def number(self, name: bytes) -> int | None:
        return integer(self.values.get(name))


@dataclass(frozen=True, slots=True)
class Reader:
    """How a job is read: payloads cut at `limit` bytes, relatives found by `resolve`, large fields from `heads`."""

    limit: int
    resolve: Resolve
    heads: Heads


async def read_job(instance: Instance, queue: Queue, job_id: str, reader: Reader) -> Job:
    """The job, or NotFound. Reads a bounded number of fields, `MOST_BYTES` of them at most."""
    id = raw_bytes(job_id)
    place = (await locate(instance, queue, [id]))[id]
    if place is None:
        raise NotFound(f"There is no job {job_id!r} in {queue.id.name}.", "It may have been removed on completion.")
    (row,) = await read_rows(instance, queue, [place.placed])
    hash = await _read_hash(instance, queue, id, reader)
    return await _assemble(instance, queue, (place, row, hash), reader.resolve)


async def _read_hash(instance: Instance, queue: Queue, id: bytes, reader: Reader) -> _Hash:
    key, limit, heads = queue.id.base + id, reader.limit, reader.heads
    redaction = instance.redaction(queue.id)
    sizes = dict(await _sizes(instance, key))
    remembered = {n: head for n, size in sizes.items() if (head := heads.get(key, n, size)) and len(head) >= limit}
    if redaction.touches:
        # A beginning cannot be told apart any more from what must not be seen.
        remembered = {}
    wanted = _affordable({name: size for name, size in sizes.items() if name not in remembered})
    (values,) = await instance.read([pack(b"HMGET", key, *wanted)]) if wanted else [()]
    fetched = {name: value for name, value in zip(wanted, values or (), strict=False) if value is not None}
    if redaction.kin is not None:
        # What is not there for somebody is not there, and nothing that could be revealed to them.
        fetched = {name: redaction.kin.of_field(name, value) for name, value in fetched.items()}
        sizes |= {name: len(value) for name, value in fetched.items()}
    clean = {name: cleaned(redaction, name, value) for name, value in fetched.items()}
    if redaction.hides:
        changed = frozenset(name for name, value in clean.items() if value != fetched[name])
        return _Hash(clean, sizes, limit, changed)
    for name, value in fetched.items():
        # Stacks are taken apart whole, as long as that is quick.
        if len(value) > (max(limit, LARGEST_STACKS) if name == b"stacktrace" else limit):
            fetched[name] = value[:limit]
            if not redaction.touches:
                heads.keep(key, name, (len(value), value[:limit]))
    return _Hash(remembered | fetched, sizes, limit)


def _affordable(sizes: Mapping[bytes, int]) -> list[bytes]:
    """The smallest fields first, as many as are moved for one look."""
    wanted, left = [], MOST_BYTES
    for name, size in sorted(sizes.items(), key=lambda field: field[1]):
        left -= size
        if left < 0:
            break
        wanted.append(name)
    return wanted


async def _sizes(instance: Instance, key: bytes) -> dict[bytes, int]:
    """The fields there are, with their lengths; of a hash with absurdly many, only those a library writes."""
    (count,) = await instance.read([pack(b"HLEN", key)])
    many = not isinstance(count, int) or count > MOST_FIELDS
    names = sorted(_SHOWN) if many else (await instance.read([pack(b"HKEYS", key)]))[0] or []
    lengths = await instance.read([pack(b"HSTRLEN", key, name) for name in names])
    sizes = {name: size for name, size in zip(names, lengths, strict=True) if isinstance(size, int)}
    return {name: size for name, size in sizes.items() if size or not many}


async def _assemble(
    instance: Instance, queue: Queue, found: tuple[Whereabouts, JobRow, _Hash], resolve: Resolve
) -> Job:
    place, row, hash = found
    key = queue.id.base + place.placed.id
    lock, logs = await instance.read([pack(b"PTTL", key + b":lock"), pack(b"LLEN", key + b":logs")])
    stacks, cut = _stacktrace(hash)
    opts = hash.options
    return Job(
        row=_with_what_a_list_leaves_out(row, hash),
        queue=queue.id,
        data=hash.payload(b"data"),
        opts=opts,
        returnvalue=hash.payload(b"returnvalue"),
        progress=hash.payload(b"progress"),
        failed_reason=hash.payload(b"failedReason"),
        stacktrace=stacks,
        stack_cut=cut,
        attempts_started=hash.number(b"ats"),
        stalled_counter=_first(hash.number(b"stc"), hash.number(b"stalledCounter")),
        lock=lock if isinstance(lock, int) and lock > 0 else None,
        parent=parent_of(hash.values.get(b"parent"), hash.values.get(b"parentKey"), resolve),
        children=await children_of(instance, key, resolve),
        logs=logs if isinstance(logs, int) else 0,
        deferred_failure=hash.text(b"defa"),
        deduplication_id=hash.text(b"deid"),
        scheduler=hash.text(b"rjk"),
        fields={text(name): payload for name in hash.sizes if (payload := hash.payload(name)) is not None},
        ineffective=ineffective(opts.value if opts else None, queue.identity.dialect, pro=_is_pro(queue)),
        state_note=_state_note(place),
    )


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _is_pro(queue: Queue) -> bool:
    return "Pro" in queue.identity.doubt


def _state_note(place: Whereabouts) -> str:
    if place.placed.state is State.UNKNOWN:
        return "The job's hash is there, but no state of the queue lists it: no worker will ever take it."
    if not place.sure:
        return "Taken to be here: the list is too long to be searched through."
    return ""


def _with_what_a_list_leaves_out(row: JobRow, hash: _Hash) -> JobRow:
    """The row of a list, with what is too long to be read for one."""
    opts, reason = hash.options, hash.text(b"failedReason")
    attempts = option(opts.value, "attempts") if opts and isinstance(opts.value, dict) else None
    return replace(
        row,
        name=hash.text(b"name"),
        attempts=attempts or row.attempts,
        progress=json_or_none(hash.values.get(b"progress")) if row.progress is None else row.progress,
        failed_reason=reason[:LONGEST_REASON] if reason else reason,
    )


def _stacktrace(hash: _Hash) -> tuple[tuple[str, ...], bool]:
    """The stacks, one an attempt, oldest first as the libraries keep them; the last ones where there are many."""
    texts = _stacks(hash)
    cut = len(texts) > MOST_STACKS or any(len(stack) > LONGEST_STACK for stack in texts)
    return tuple(stack[:LONGEST_STACK] for stack in texts[-MOST_STACKS:]), cut


def _stacks(hash: _Hash) -> list[str]:
    raw = hash.values.get(b"stacktrace", b"")
    value = json_or_none(raw)
    if isinstance(value, list):
        return [stack if isinstance(stack, str) else json.dumps(stack) for stack in value]
    if isinstance(value, str):
        return [value]
    return [text(raw)] if raw and raw != b"null" else []
