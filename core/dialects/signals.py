"""The signs by which a queue's library is known: which keys there are, what `meta` says, what jobs carry.

Reads a bounded handful of commands per queue; writes nothing. Source: docs/redis-layout.md 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from redis.exceptions import NoPermissionError

from core.dialects.contract import is_marker
from core.instance import Instance, pack

# Where BullMQ Pro keeps the groups of a queue.
GROUPS = (b"groups", b"groups:active")
# Each key's type, as far as it tells generations apart.
TYPED = (
    *GROUPS,
    b"id",
    b"meta",
    b"wait",
    b"active",
    b"delayed",
    b"completed",
    b"failed",
    b"paused",
    b"events",
    b"prioritized",
    b"pc",
    b"priority",
    b"marker",
    b"delay",
    b"meta-paused",
    b"waiting-children",
    b"stalled-check",
)
_LISTS = (b"wait", b"active", b"paused")
_SORTED = (b"delayed", b"completed", b"failed", b"prioritized", b"priority", b"waiting-children")
_KINDS = {**dict.fromkeys(_LISTS, b"list"), **dict.fromkeys(_SORTED, b"zset"), b"events": b"stream"}
META = (b"version", b"opts.maxLenEvents", b"paused", b"concurrency")
# An id that a stranger's key holds may be of any length; a counter has not more digits than this.
_LONGEST_COUNTER = 20
_JOB_FIELDS = (b"name", b"atm", b"ats", b"attemptsMade", b"retriedOn", b"stc", b"pb", b"gid", b"nrjid")
_SAMPLES = (
    (b"ZREVRANGE", b"completed", 0, 1),
    (b"ZREVRANGE", b"failed", 0, 1),
    (b"LRANGE", b"wait", -2, -1),
    (b"LRANGE", b"active", 0, 1),
    (b"LRANGE", b"paused", -2, -1),
    (b"ZRANGE", b"delayed", 0, 0),
    (b"ZRANGE", b"prioritized", 0, 0),
)
# Bounds one round trip: a thousand new queues are probed in slices, so that neither side stalls.
_SLICE = 50


@dataclass(frozen=True, slots=True)
class Signals:
    """What was seen of one queue. `jobs` has, for each sampled job, its non-empty telling fields.

    `refusal` is what Redis said where our user may not read these keys.
    """

    types: Mapping[bytes, bytes] = field(default_factory=dict)
    meta: Mapping[bytes, bytes] = field(default_factory=dict)
    counter: bytes | None = None
    list_members: tuple[bytes, ...] = ()
    jobs: tuple[Mapping[bytes, bytes], ...] = ()
    waits_on: frozenset[bytes] = frozenset()
    bull_channel: bool = False
    refusal: str = ""

    def has(self, key: bytes) -> bool:
        return key in self.types

    @property
    def job_fields(self) -> frozenset[bytes]:
        return frozenset(name for job in self.jobs for name in job)

    @property
    def counts_up(self) -> bool:
        """Whether `id` is the counter that every library keeps. Strangers have counters of that name too."""
        return self.types.get(b"id") == b"string" and self.counter is not None

    @property
    def is_queue(self) -> bool:
        """Whether these keys are a queue's without question, and not somebody else's of such names."""
        if self.waits_on or self.bull_channel or self.types.get(b"meta-paused") == b"string":
            return True
        if b"opts.maxLenEvents" in self.meta or self.meta.get(b"version", b"").startswith(b"bullmq"):
            return True
        return self.counts_up and any(self.types.get(key) == kind for key, kind in _KINDS.items())


async def read_signals(instance: Instance, bases: Sequence[bytes]) -> list[Signals]:
    """The signals of each base key, in order."""
    found: list[Signals] = []
    for start in range(0, len(bases), _SLICE):
        found += await _slice(instance, bases[start : start + _SLICE])
    return found


async def _slice(instance: Instance, bases: Sequence[bytes]) -> list[Signals]:
    commands = [command for base in bases for command in _probe(base)]
    replies = await instance.batch(commands)
    width = len(commands) // len(bases)
    seen = [_seen(replies[i * width : (i + 1) * width]) for i in range(len(bases))]
    jobs, refusal = await _sampled_jobs(instance, bases, [sample for _, sample in seen])
    return [
        replace(signals, jobs=tuple(found), refusal=signals.refusal or refusal)
        for (signals, _), found in zip(seen, jobs, strict=True)
    ]


def _probe(base: bytes) -> list[bytes]:
    types = [pack(b"TYPE", base + key) for key in TYPED]
    samples = [pack(verb, base + key, start, stop) for verb, key, start, stop in _SAMPLES]
    counter = pack(b"GETRANGE", base + b"id", 0, _LONGEST_COUNTER)
    return [*types, counter, pack(b"HMGET", base + b"meta", *META), *samples]


def _seen(replies: Sequence[Any]) -> tuple[Signals, list[bytes]]:
    count = len(TYPED)
    types = {key: kind for key, kind in zip(TYPED, replies, strict=False) if isinstance(kind, bytes)}
    counter, meta, samples = replies[count], replies[count + 1], replies[count + 2 :]
    values = meta if isinstance(meta, list) else [None] * len(META)
    members = [member for sample in samples if isinstance(sample, list) for member in sample]
    signals = Signals(
        types={key: kind for key, kind in types.items() if kind != b"none"},
        meta={name: value for name, value in zip(META, values, strict=True) if value is not None},
        counter=_counter(counter),
        list_members=tuple(members),
        refusal=_refusal(replies),
    )
    return signals, [member for member in members if not is_marker(member)][:8]


def _counter(reply: Any) -> bytes | None:
    return reply if isinstance(reply, bytes) and reply.isdigit() and len(reply) <= _LONGEST_COUNTER else None


async def _sampled_jobs(
    instance: Instance, bases: Sequence[bytes], samples: Sequence[list[bytes]]
) -> tuple[list[list[Mapping[bytes, bytes]]], str]:
    """The telling fields of each queue's samples, and what Redis said if we may not ask for them."""
    wanted = [(base, id) for base, ids in zip(bases, samples, strict=True) for id in ids]
    # Lengths first: a field that only tells by its presence is never worth its bytes.
    replies = await instance.batch([pack(b"HSTRLEN", base + id, name) for base, id in wanted for name in _JOB_FIELDS])
    lengths = iter(replies)
    present = iter([[name for name in _JOB_FIELDS if _positive(next(lengths))] for _ in wanted])
    jobs: list[list[Mapping[bytes, bytes]]] = [[dict.fromkeys(next(present), b"") for _ in ids] for ids in samples]
    return jobs, _refusal(replies)


def _refusal(replies: Sequence[Any]) -> str:
    return next((str(reply) for reply in replies if isinstance(reply, NoPermissionError)), "")


def _positive(reply: Any) -> bool:
    return isinstance(reply, int) and reply > 0
