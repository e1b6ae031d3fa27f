"""The failed jobs of one queue, each with its fingerprint. A job is read once; of the set's ids, which are cheap, only
those that came are listed, and all of them anew when some have gone."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.dialects.contract import contract
from core.failures.fingerprint import Fingerprint
from core.failures.heads import AT_ONCE, HeadReader, fingerprints
from core.instance import Instance, pack
from core.model import Queue, State
from core.redaction.redaction import NOTHING_HIDDEN, Redaction
from core.text import integer

# The newest so many failures of a queue are grouped; older ones are counted.
MOST = 200_000
# Ids that one answer lists: about a millisecond of Redis' time.
LISTED = 5000
# Where to list all takes longer than this (seconds), a rest of so many times that follows.
LONG, REST = 0.05, 10.0
# A job by when it failed (ms since the epoch), and its id.
Member = tuple[int, bytes]


@dataclass(slots=True)
class Members:
    """Like failures of one queue, the oldest first."""

    jobs: list[Member] = field(default_factory=list)
    _unsorted: bool = False

    def add(self, member: Member) -> None:
        """Where all are known, a new one mostly belongs to the end; while they are read, newest first, to the front."""
        if not self._unsorted and self.jobs and member < self.jobs[-1]:
            self._unsorted = True
        self.jobs.append(member)

    def sorted(self) -> list[Member]:
        if self._unsorted:
            self.jobs.sort()
            self._unsorted = False
        return self.jobs


@dataclass(slots=True)
class Book:
    """`known` are the failures that were read, with their instants, `unread` those still to be, the newest first;
    `total` is what the queue holds. `gone` collects those that have left the state: retried, removed, or dropped.

    `edition` changes whenever its failures do. `unscripted`: whole stacks had to be shipped."""

    known: dict[bytes, tuple[int, Fingerprint]] = field(default_factory=dict)
    unread: deque[tuple[bytes, int]] = field(default_factory=deque)
    total: int = 0
    edition: int = 0
    unscripted: bool = False
    gone: list[tuple[Fingerprint, int]] = field(default_factory=list)
    _seen: tuple[int, bytes, bytes] | None = None
    _groups: dict[Fingerprint, Members] | None = field(default_factory=dict)
    _shared: dict[Fingerprint, Fingerprint] = field(default_factory=dict)
    _rest_until: float = 0.0

    @property
    def covered(self) -> bool:
        """Whether every failure of the queue is known."""
        return len(self.known) >= self.total

    @property
    def is_read(self) -> bool:
        """Whether every failure that is listed is known: all, or the newest `MOST`."""
        return not self.unread and bool(self.known or not self.total)

    def learn(self, id: bytes, at: int, how: Fingerprint) -> None:
        """A failure was read; it may have been before, by somebody who was about to retry it."""
        if (before := self.known.get(id)) is not None:
            if before[0] == at:
                return
            self._forget([id])
        how = self._shared.setdefault(how, how)
        self.known[id] = at, how
        if self._groups is not None:
            self._groups.setdefault(how, Members()).add((at, id))
        self.edition += 1

    def groups(self) -> dict[Fingerprint, Members]:
        """The known failures, like ones together."""
        if self._groups is None:
            self._groups = {}
            for id, (at, how) in self.known.items():
                self._groups.setdefault(how, Members()).add((at, id))
        return self._groups

    async def refresh(
        self, instance: Instance, queue: Queue, until: float, redaction: Redaction = NOTHING_HIDDEN
    ) -> None:
        """Learn what is new, and read on until all is known or the clock (`time.monotonic`) says `until`. At least one
        piece is read. Raises Unavailable."""
        key = failed_key(queue)
        reader = HeadReader(instance, queue.id.base, redaction, unscripted=self.unscripted)
        try:
            if self._seen is None and not self.known:
                await self._glance(reader, key)
            await self._list(instance, key)
            await self._read(reader, until)
        finally:
            self.unscripted = reader.unscripted

    async def hold(self, reader: HeadReader, failed: bytes, ids: Sequence[bytes]) -> None:
        """Know these, if they are failed. `failed` is the key of that state. Raises Unavailable."""
        unknown = [id for id in ids if id not in self.known]
        scores = await reader.instance.read([pack(b"ZSCORE", failed, id) for id in unknown])
        there = [(id, integer(score) or 0) for id, score in zip(unknown, scores, strict=True) if score is not None]
        for (id, at), how in zip(there, await reader.read([id for id, _ in there]), strict=True):
            self.learn(id, at, how)

    async def recheck(self, instance: Instance, failed: bytes, ids: Sequence[bytes]) -> None:
        """Which of these have left the state meanwhile. Raises Unavailable."""
        known = [id for id in ids if id in self.known]
        scores = await instance.read([pack(b"ZSCORE", failed, id) for id in known])
        now_at = {id: integer(score) for id, score in zip(known, scores, strict=True)}
        self._leave(id for id in known if id in self.known and now_at[id] != self.known[id][0])

    async def _glance(self, reader: HeadReader, key: bytes) -> None:
        """The very newest, before all are listed: a page has something to show at once, however many there are."""
        (reply,) = await reader.instance.read([pack(b"ZREVRANGE", key, 0, AT_ONCE - 1, b"WITHSCORES")])
        newest = _pairs(reply)
        for (id, at), how in zip(newest, await reader.read([id for id, _ in newest]), strict=True):
            self.learn(id, at, how)

    def drop(self) -> None:
        """The queue is gone, and all that it held."""
        self._leave(set(self.known))
        self.unread.clear()
        self.total, self._seen = 0, None

    async def _list(self, instance: Instance, key: bytes) -> None:
        """Know the ids: where nothing has gone since the last look, only those that came are listed."""
        total, newest, oldest = await instance.read(
            [
                pack(b"ZCARD", key),
                pack(b"ZRANGE", key, -1, -1, b"WITHSCORES"),
                pack(b"ZRANGE", key, 0, 0, b"WITHSCORES"),
            ]
        )
        self.total = total if isinstance(total, int) else 0
        seen = (self.total, repr(newest).encode(), repr(oldest).encode())
        if seen == self._seen or time.monotonic() < self._rest_until:
            return
        if not await self._list_new(instance, key, seen):
            started = time.monotonic()
            await self._list_all(instance, key)
            took = time.monotonic() - started
            self._rest_until = time.monotonic() + (REST * took if took > LONG else 0.0)
        self._seen = seen

    async def _list_new(self, instance: Instance, key: bytes, seen: tuple[int, bytes, bytes]) -> bool:
        """Whether all that is new since the last look stands at the end; then it is listed, and nothing has gone."""
        before = self._seen
        came = seen[0] - before[0] if before else 0
        if before is None or seen[2] != before[2] or not 0 < came <= LISTED or self.total > MOST:
            return False
        (reply,) = await instance.read([pack(b"ZREVRANGE", key, 0, came, b"WITHSCORES")])
        listed = _pairs(reply)
        # Behind those that came stands the one that was the newest then.
        if len(listed) != came + 1 or repr([listed[-1][0], b"%d" % listed[-1][1]]).encode() != before[1]:
            return False
        self.unread.extendleft(reversed(listed[:-1]))
        return True

    async def _list_all(self, instance: Instance, key: bytes) -> None:
        listed: dict[bytes, int] = {}
        while len(listed) < MOST:
            first = len(listed)
            (reply,) = await instance.read([pack(b"ZREVRANGE", key, first, first + LISTED - 1, b"WITHSCORES")])
            piece = _pairs(reply)
            listed.update(piece)
            if len(piece) < LISTED or len(listed) == first:
                break
        oldest = min(listed.values(), default=0) if len(listed) >= MOST else 0
        left = [id for id, (at, _) in self.known.items() if listed.get(id) != at]
        # What is older than the oldest that is listed has not gone: it is only no longer listed.
        beyond = {id for id in left if self.known[id][0] < oldest}
        self._leave(set(left) - beyond)
        self._forget(beyond)
        self.unread = deque((id, at) for id, at in listed.items() if id not in self.known)

    def _leave(self, ids: Iterable[bytes]) -> None:
        ids = list(ids)
        self.gone += [(how, at) for at, how in map(self.known.__getitem__, ids)]
        self._forget(ids)

    def _forget(self, ids: Iterable[bytes]) -> None:
        for id in ids:
            del self.known[id]
            self._groups = None
            self.edition += 1

    async def _read(self, reader: HeadReader, until: float) -> None:
        """While one piece is made sense of here, Redis reads the next."""
        heads, piece = None, self._next()
        try:
            heads = asyncio.create_task(reader.heads([id for id, _ in piece])) if piece else None
            while heads is not None:
                found, done = await heads, piece
                piece = self._next() if time.monotonic() < until else []
                heads = asyncio.create_task(reader.heads([id for id, _ in piece])) if piece else None
                await asyncio.sleep(0)  # so that the question goes out before the answer is taken apart
                for (id, at), how in zip(done, fingerprints(found), strict=True):
                    self.learn(id, at, how)
        except BaseException:
            self._seen, self._rest_until = None, 0.0  # what was on its way is listed again
            if heads is not None:
                heads.cancel()
            raise

    def _next(self) -> list[tuple[bytes, int]]:
        return [self.unread.popleft() for _ in range(min(AT_ONCE, len(self.unread)))]


def failed_key(queue: Queue) -> bytes:
    """Of the set of the queue's failed jobs."""
    return queue.id.base + contract(queue.identity).keys[State.FAILED]


def _pairs(reply: list[bytes] | None) -> list[tuple[bytes, int]]:
    reply = reply or []
    return [(id, integer(score) or 0) for id, score in zip(reply[::2], reply[1::2], strict=True)]
