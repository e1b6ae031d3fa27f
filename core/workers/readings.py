"""What one look asks Redis: who is connected, which jobs are active, and how long their locks last; two rounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.clients import Connection, connections, nameless
from core.dialects.contract import contract, is_marker
from core.instance import Instance, pack
from core.model import Dialect, Queue, State
from core.text import integer, text

# Of one queue's active jobs the oldest are looked at, for they are the first to be in trouble; six small commands each.
MOST_OF_A_QUEUE = 100
MOST_JOBS = 1_000
# A token has some forty bytes; what stands behind a lock's key may be anybody's.
LONGEST_TOKEN = 120
_IDS = re.compile(rb"^id=(\d+) addr=(\S*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Held:
    """One active job: `left` of its lock in milliseconds (None: nobody holds it), whose `token` it is, and how far
    its log and progress have come, in lines and bytes."""

    queue: Queue
    id: bytes
    left: int | None
    token: bytes
    lines: int
    progress: int
    since: int | None

    @property
    def key(self) -> bytes:
        return self.queue.id.base + self.id

    @property
    def owner(self) -> bytes:
        """What all locks of one worker have in common; empty where each has a token of its own (BullMQ 1 and 2)."""
        if self.queue.identity.dialect is Dialect.BULL:
            return self.token
        worker, colon, _ = self.token.rpartition(b":")
        return worker if colon else b""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an instance, at the instant `at`. `connected` is None where Redis does not list its clients, and
    `refusal` then says why. `ids` are the id and address of every connection that there is, a worker's or not. Of each
    queue at most `share` jobs were looked at, and `cut` says that there were too many queues."""

    instance: str
    at: int
    held: tuple[Held, ...]
    connected: tuple[Connection, ...] | None = None
    ids: frozenset[tuple[int, str]] = frozenset()
    nameless: int = 0
    refusal: str = ""
    share: int = MOST_OF_A_QUEUE
    cut: bool = False


async def read(instance: Instance, queues: Sequence[Queue], at: int) -> Look:
    """Look now. Raises Unavailable."""
    busy = [queue for queue in queues if queue.counts.get(State.ACTIVE)]
    running, cut = busy[:MOST_JOBS], len(busy) > MOST_JOBS
    share = min(MOST_OF_A_QUEUE, MOST_JOBS // max(1, len(running)))
    lists = [pack(b"LRANGE", queue.id.base + b"active", -share, -1) for queue in running]
    clients, *active = await instance.batch([pack(b"CLIENT", b"LIST", b"TYPE", b"NORMAL"), *lists])
    jobs = [
        (queue, id)
        for queue, reply in zip(running, active, strict=True)
        for id in reversed(instance.answer(reply) or ())
        if not (contract(queue.identity).list_markers and is_marker(id))
    ]
    replies = await instance.read([command for queue, id in jobs for command in _questions(queue.id.base + id)])
    held = tuple(_held(queue, id, replies[n * 5 : n * 5 + 5]) for n, (queue, id) in enumerate(jobs))
    look = Look(instance.name, at, held, share=share, cut=cut)
    if not isinstance(clients, bytes):
        return replace(look, refusal=f"Redis {instance.name} does not list its clients ({clients}).")
    return replace(
        look,
        connected=connections(clients, instance.database),
        ids=frozenset((int(id), text(address)) for id, address in _IDS.findall(clients)),
        nameless=nameless(clients, instance.database),
    )


def _questions(key: bytes) -> tuple[bytes, ...]:
    return (
        pack(b"PTTL", key + b":lock"),
        pack(b"GETRANGE", key + b":lock", 0, LONGEST_TOKEN),
        pack(b"LLEN", key + b":logs"),
        pack(b"HSTRLEN", key, b"progress"),
        pack(b"HMGET", key, b"processedOn"),
    )


def _held(queue: Queue, id: bytes, replies: Sequence[Any]) -> Held:
    left, token, lines, progress, since = replies
    return Held(
        queue,
        id,
        left if isinstance(left, int) and left >= 0 else None,
        token if isinstance(token, bytes) else b"",
        lines if isinstance(lines, int) else 0,
        progress if isinstance(progress, int) else 0,
        integer(since[0]) if isinstance(since, list) else None,
    )


def who(connection: Connection) -> str:
    """The queue that a connection's name speaks of."""
    return text(connection.base[:-1])
