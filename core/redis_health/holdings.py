"""Which queues hold how much of a Redis: a few jobs of each state are measured, and the state's count does the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.dialects.contract import LISTS, contract, is_marker
from core.instance import Instance, pack
from core.model import Dialect, Queue, QueueId, State
from core.text import integer, json_or_none

# The queues with the most jobs are measured, and of each state this many jobs, spread over it.
MOST_QUEUES = 50
SAMPLE = 4
# Options are small; longer ones are not looked into for a list.
LONGEST_OPTIONS = 4_096
_TRIMS = {State.COMPLETED: "removeOnComplete", State.FAILED: "removeOnFail"}


@dataclass(frozen=True, slots=True)
class Finished:
    """A state of finished jobs: the `oldest` that is kept (an instant), and whether any of those looked at asks for
    removal; None where no options could be read."""

    state: State
    count: int
    oldest: int | None
    trims: bool | None


@dataclass(frozen=True, slots=True)
class Holding:
    """One queue: bytes of its jobs, by what `sampled` of them take; of its lists and sets; of its event stream."""

    queue: QueueId
    jobs: int
    jobs_bytes: int
    sampled: int
    lists_bytes: int
    events: int | None
    events_bytes: int
    max_events: int | None
    finished: tuple[Finished, ...] = ()

    @property
    def total_bytes(self) -> int:
        return self.jobs_bytes + self.lists_bytes + self.events_bytes


@dataclass(frozen=True, slots=True)
class Holdings:
    """Most first. `queues` is how many there are in all; `refusal` says why there is nothing."""

    held: tuple[Holding, ...] = ()
    queues: int = 0
    refusal: str = ""


@dataclass(slots=True)
class _Part:
    """One state of a queue while its answers come in."""

    queue: Queue
    state: State
    ids: list[bytes] = field(default_factory=list)
    oldest: int | None = None
    own: int = 0
    sizes: list[int] = field(default_factory=list)
    trims: bool | None = None

    @property
    def count(self) -> int:
        return self.queue.counts.get(self.state, 0)

    @property
    def key(self) -> bytes:
        return self.queue.id.base + contract(self.queue.identity).keys[self.state]


async def holdings(instance: Instance, queues: Sequence[Queue]) -> Holdings:
    """Measure now, in three rounds. Raises Unavailable."""
    measured = sorted(queues, key=lambda queue: -queue.total)[:MOST_QUEUES]
    parts = [_Part(queue, state) for queue in measured for state, count in queue.counts.items() if count]
    asked = [[pack(b"MEMORY", b"USAGE", part.key), *_some_ids(part)] for part in parts]
    streams = [queue for queue in measured if queue.identity.dialect is not Dialect.BULL]
    events = [pack(word, *rest, q.id.base + b"events") for q in streams for word, *rest in _OF_EVENTS]
    replies = await instance.batch([command for commands in (*asked, events) for command in commands])
    if refusal := _refusal(replies):
        return Holdings(queues=len(queues), refusal=refusal)
    answers = iter(replies)
    for part, commands in zip(parts, asked, strict=True):
        _take(part, [next(answers) for _ in commands])
    lengths = {queue.id: (_size(next(answers)), _size(next(answers))) for queue in streams}
    await _measure(instance, parts)
    held = (
        _holding(queue, [part for part in parts if part.queue is queue], lengths.get(queue.id)) for queue in measured
    )
    return Holdings(tuple(sorted(held, key=lambda one: -one.total_bytes)), len(queues))


_OF_EVENTS = ((b"XLEN",), (b"MEMORY", b"USAGE"))


def _some_ids(part: _Part) -> Iterator[bytes]:
    if part.state in LISTS:
        # Only near its ends: Redis walks a list.
        yield pack(b"LRANGE", part.key, 0, SAMPLE // 2 - 1)
        yield pack(b"LRANGE", part.key, -(SAMPLE // 2), -1)
        return
    yield pack(b"ZRANGE", part.key, 0, 0, b"WITHSCORES")
    for rank in sorted({part.count * step // (SAMPLE - 1) for step in range(1, SAMPLE)}):
        yield pack(b"ZRANGE", part.key, max(0, rank - 1), max(0, rank - 1))


def _take(part: _Part, replies: Sequence[Any]) -> None:
    own, first, *rest = replies
    part.own = _size(own)
    found = [
        *(first if isinstance(first, list) else ()),
        *(id for each in rest if isinstance(each, list) for id in each),
    ]
    if part.state not in LISTS and len(found) >= 2:
        score = found.pop(1)
        part.oldest = integer(score) if part.state in _TRIMS else None
    part.ids = [id for id in dict.fromkeys(found) if part.state not in LISTS or not is_marker(id)]


async def _measure(instance: Instance, parts: Sequence[_Part]) -> None:
    jobs = [(part, part.queue.id.base + id) for part in parts for id in part.ids]
    commands = [command for _, key in jobs for command in _of_job(key)]
    replies = iter(await instance.batch(commands))
    readable = []
    for part, key in jobs:
        hash, log, options = (_size(next(replies)) for _ in range(3))
        if hash:
            part.sizes.append(hash + log)
        if part.state in _TRIMS and 0 < options <= LONGEST_OPTIONS:
            readable.append((part, key))
    found = await instance.batch([pack(b"HGET", key, b"opts") for _, key in readable])
    for (part, _), raw in zip(readable, found, strict=True):
        opts = json_or_none(raw) if isinstance(raw, bytes) else None
        said = isinstance(opts, dict) and opts.get(_TRIMS[part.state]) not in (None, False)
        part.trims = bool(part.trims) or said


def _of_job(key: bytes) -> tuple[bytes, ...]:
    return (pack(b"MEMORY", b"USAGE", key), pack(b"MEMORY", b"USAGE", key + b":logs"), pack(b"HSTRLEN", key, b"opts"))


def _holding(queue: Queue, parts: Sequence[_Part], events: tuple[int, int] | None) -> Holding:
    jobs = sum(part.count * sum(part.sizes) // len(part.sizes) for part in parts if part.sizes)
    finished = tuple(Finished(p.state, p.count, p.oldest, p.trims) for p in parts if p.state in _TRIMS)
    return Holding(
        queue=queue.id,
        jobs=queue.total,
        jobs_bytes=jobs,
        sampled=sum(len(part.sizes) for part in parts),
        lists_bytes=sum(part.own for part in parts),
        events=events[0] if events else None,
        events_bytes=events[1] if events else 0,
        max_events=queue.max_events,
        finished=finished,
    )


def _refusal(replies: Sequence[Any]) -> str:
    refused = next(
        (reply for reply in replies if isinstance(reply, Exception) and "MEMORY" in str(reply).upper()), None
    )
    return "" if refused is None else f"Redis does not let us ask MEMORY USAGE ({refused})."


def _size(reply: Any) -> int:
    return reply if isinstance(reply, int) else 0
