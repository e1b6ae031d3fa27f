"""Reads the registers of schedulers of one instance: every queue's members, what each is, and what stands for its next
run. A bounded number, those first that are due first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.instance import Instance, pack
from core.model import Queue
from core.schedulers.keys import FIELDS, head, others
from core.schedulers.runs import LATEST
from core.schedulers.scheduler import Head, Pending
from core.text import integer, raw_bytes

# So many of one instance are looked at, and of each of its queues at least so many: some 40 ms of Redis' and our time.
MOST = 2_000
LEAST = 20
# A member longer than this is no scheduler's, and would only fill memory.
LONGEST_KEY = 4_096


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a queue's register and when it is due next."""

    queue: Queue
    key: bytes
    score: int


@dataclass(frozen=True, slots=True)
class Register:
    """What was read of an instance: `heads`, of `total` that there are."""

    heads: tuple[Head, ...]
    total: int


async def read_register(instance: Instance, queues: Sequence[Queue], most: int = MOST) -> Register:
    """The schedulers of these queues. Raises Unavailable."""
    sizes = await instance.read([pack("ZCARD", _register(queue)) for queue in queues])
    having = [queue for queue, size in zip(queues, sizes, strict=True) if size][:most]
    share = max(LEAST, most // max(1, len(having)))
    members = await _members(instance, having, share)
    return Register(tuple(await _heads(instance, members[:most])), sum(size or 0 for size in sizes))


async def read_head(instance: Instance, queue: Queue, key: str) -> Head | None:
    """The one of that key; None where there is none (any more)."""
    member = raw_bytes(key)
    (score,) = await instance.read([pack("ZSCORE", _register(queue), member)])
    if score is None:
        return None
    return (await _heads(instance, [Member(queue, member, _due(score))]))[0]


async def _members(instance: Instance, queues: Sequence[Queue], share: int) -> list[Member]:
    replies = await instance.read([pack("ZRANGE", _register(q), 0, share - 1, "WITHSCORES") for q in queues])
    return [each for queue, reply in zip(queues, replies, strict=True) for each in _pairs(queue, reply or [])]


def _pairs(queue: Queue, reply: list[bytes]) -> Iterator[Member]:
    for key, score in zip(reply[::2], reply[1::2], strict=True):
        if len(key) <= LONGEST_KEY:
            yield Member(queue, key, _due(score))


async def _heads(instance: Instance, members: Sequence[Member]) -> list[Head]:
    hashes = await instance.read([pack("HMGET", _register(m.queue) + b":" + m.key, *FIELDS) for m in members])
    heads = [head(m.queue, m.key, m.score, _given(reply)) for m, reply in zip(members, hashes, strict=True)]
    await _rename(instance, members, heads)
    return await _with_pending(instance, heads)


def _given(reply: Any) -> dict[str, bytes]:
    return {name: raw for name, raw in zip(FIELDS, reply or [None] * len(FIELDS), strict=True) if raw is not None}


async def _rename(instance: Instance, members: Sequence[Member], heads: list[Head]) -> None:
    """Those whose iterations may be called otherwise take the name under which the next one is there."""
    dialects = [member.queue.identity.dialect for member in members]
    known = [(at, other) for at, each in enumerate(heads) for other in others(each, dialects[at])]
    there = await instance.read([pack("EXISTS", _job(other)) for _, other in known])
    for (at, other), exists in zip(known, there, strict=True):
        if exists:
            heads[at] = other


async def _with_pending(instance: Instance, heads: Sequence[Head]) -> list[Head]:
    commands: list[bytes] = []
    for each in heads:
        commands.append(pack("ZSCORE", each.queue.base + b"delayed", raw_bytes(each.iteration)))
        commands.append(pack("HMGET", _job(each), "timestamp", "finishedOn"))
    replies = await instance.read(commands)
    return [
        replace(each, pending=_pending(delayed, fields))
        for each, delayed, fields in zip(heads, replies[::2], replies[1::2], strict=True)
    ]


def _pending(delayed: Any, fields: Any) -> Pending:
    made, finished = fields or (None, None)
    if made is None:
        return Pending.MISSING
    if delayed is not None:
        return Pending.DELAYED
    return Pending.FINISHED if finished is not None else Pending.DUE


def _due(score: bytes) -> int:
    """As an instant that can be shown, whatever somebody has put there."""
    return min(max(integer(score) or 0, 0), LATEST)


def _register(queue: Queue) -> bytes:
    return queue.id.base + b"repeat"


def _job(head: Head) -> bytes:
    return head.queue.base + raw_bytes(head.iteration)
