"""The failed jobs of one queue, each with its fingerprint. A job is read once; the set's ids, which are cheap, are
listed anew when it has changed."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from core.dialects.contract import contract
from core.failures.fingerprint import Fingerprint
from core.failures.heads import AT_ONCE, read_fingerprints
from core.instance import Instance, pack
from core.model import Queue, State
from core.text import integer

# The newest so many failures of a queue are grouped; older ones are counted.
MOST = 200_000
# Ids that one answer lists: about a millisecond of Redis' time.
LISTED = 5000


@dataclass(frozen=True, slots=True)
class Failure:
    """When it failed (ms since the epoch), and how."""

    at: int
    fingerprint: Fingerprint


@dataclass(slots=True)
class Book:
    """`known` are the failures that were read, `unread` those still to be, the newest first; `total` is what the
    queue holds."""

    known: dict[bytes, Failure] = field(default_factory=dict)
    unread: deque[tuple[bytes, int]] = field(default_factory=deque)
    total: int = 0
    _seen: tuple[object, ...] = ()
    _shared: dict[Fingerprint, Fingerprint] = field(default_factory=dict)

    @property
    def covered(self) -> bool:
        """Whether every failure of the queue is known."""
        return len(self.known) >= self.total

    async def refresh(self, instance: Instance, queue: Queue, until: float) -> None:
        """Learn what is new, and read on until all is known or the clock (`time.monotonic`) says `until`. At least one
        piece is read. Raises Unavailable."""
        key = queue.id.base + contract(queue.identity).keys[State.FAILED]
        (self.total, *ends) = await instance.read(
            [pack(b"ZCARD", key), pack(b"ZRANGE", key, 0, 0), pack(b"ZRANGE", key, -1, -1, b"WITHSCORES")]
        )
        self.total = self.total or 0
        if (seen := (self.total, *map(repr, ends))) != self._seen:
            await self._list(instance, key)
            self._seen = seen
        while self.unread:
            await self._read(instance, queue)
            if time.monotonic() >= until:
                break

    async def _list(self, instance: Instance, key: bytes) -> None:
        listed: dict[bytes, int] = {}
        while len(listed) < MOST:
            first = len(listed)
            (reply,) = await instance.read([pack(b"ZREVRANGE", key, first, first + LISTED - 1, b"WITHSCORES")])
            reply = reply or ()
            listed |= {id: integer(score) or 0 for id, score in zip(reply[::2], reply[1::2], strict=True)}
            if len(reply) < 2 * LISTED or len(listed) == first:
                break
        self.known = {id: failure for id, failure in self.known.items() if listed.get(id) == failure.at}
        self.unread = deque((id, at) for id, at in listed.items() if id not in self.known)

    async def _read(self, instance: Instance, queue: Queue) -> None:
        piece = [self.unread.popleft() for _ in range(min(AT_ONCE, len(self.unread)))]
        try:
            found = await read_fingerprints(instance, queue.id.base, [id for id, _ in piece])
        except BaseException:
            self.unread.extendleft(reversed(piece))
            raise
        for (id, at), how in zip(piece, found, strict=True):
            self.known[id] = Failure(at, self._shared.setdefault(how, how))
