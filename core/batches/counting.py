"""Counts a queue's batches: its jobs state by state, those still to run and the newest first, in bounded slices."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.batches.book import Book, End
from core.batches.grouping import Grouping
from core.dialects.contract import contract
from core.instance import Instance, pack
from core.jobs.cursor import Cursor
from core.jobs.listing import Sought, list_ids
from core.model import Queue, State
from core.redaction.redaction import Redaction

# A page waits no longer for it (seconds); the next look goes further, for what is known is not read again.
PATIENCE = 0.4
SLICE = 2_000
# No larger field is looked into (bytes), and so much is shipped at once.
LARGEST_FIELD = 65_536
AT_ONCE = 2_000_000
# Of those that have vanished, so many are looked after at once, in so many of the newest events.
MOST_LOST = 2_000
EVENTS = 500
EVENT_SLICES = 6
ORDER = (
    State.ACTIVE,
    State.WAITING,
    State.PRIORITIZED,
    State.PAUSED,
    State.DELAYED,
    State.WAITING_CHILDREN,
    State.FAILED,
    State.COMPLETED,
)
_ENDS: dict[bytes, End] = {b"completed": "completed", b"failed": "failed"}
FINISHED = (State.FAILED, State.COMPLETED)


@dataclass(slots=True)
class Count:
    """One look: jobs by batch and state, what was looked at in each state, and what was too large to look into."""

    jobs: dict[str, Counter[State]] = field(default_factory=dict)
    looked_at: Counter[State] = field(default_factory=Counter)
    too_large: int = 0
    without: int = 0
    whole: bool = True
    seen: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Counting:
    """`book` has what earlier looks learned."""

    instance: Instance
    queue: Queue
    grouping: Grouping
    redaction: Redaction
    book: Book

    async def look(self) -> Count:
        """As far as the time goes. Raises Unavailable."""
        count, deadline = Count(), time.monotonic() + PATIENCE
        for state in (state for state in ORDER if state in contract(self.queue.identity).keys):
            count.whole = await self._state(state, count, deadline) and count.whole
        await self._look_after_the_lost(count)
        return count

    async def _state(self, state: State, count: Count, deadline: float) -> bool:
        """Whether the whole state was looked at."""
        cursor: Cursor | None = None
        while time.monotonic() < deadline:
            sought = Sought(state, "newest", SLICE, cursor)
            listed = await list_ids(self.instance, self.queue.id.base, contract(self.queue.identity), sought)
            ids = [id for id, _ in listed.members if id not in count.seen]
            unread = await self._learn([id for id in ids if id not in self.book.known], count, deadline)
            looked_at = [id for id in ids if id not in unread]
            count.seen.update(looked_at)
            count.looked_at[state] += len(looked_at)
            self._count(looked_at, state, count)
            cursor = listed.next
            if cursor is None or unread:
                return not unread
        return False

    def _count(self, ids: Sequence[bytes], state: State, count: Count) -> None:
        for id in ids:
            values = self.book.known.get(id, ())
            count.without += not values
            for value in values:
                count.jobs.setdefault(value, Counter())[state] += 1
        if state in FINISHED:
            self.book.unfinished.difference_update(ids)
        else:
            self.book.unfinished.update(id for id in ids if self.book.known.get(id))
        for id in ids:
            self.book.gone.pop(id, None)

    async def _learn(self, ids: Sequence[bytes], count: Count, deadline: float) -> set[bytes]:
        """Read which batches these jobs are in. Those for which there was no time are the answer."""
        base, name = self.queue.id.base, self.grouping.field
        sizes = await self.instance.read([pack("HSTRLEN", base + id, name) for id in ids])
        sized = [(id, size if isinstance(size, int) else 0) for id, size in zip(ids, sizes, strict=True)]
        readable = [(id, size) for id, size in sized if size <= LARGEST_FIELD]
        count.too_large += len(sized) - len(readable)
        pieces = list(_pieces(readable))
        while pieces and time.monotonic() < deadline:
            piece = pieces.pop(0)
            answers = await self.instance.read([pack("HGET", base + id, name) for id in piece])
            found = zip(piece, answers, strict=True)
            self.book.learn((id, self.grouping.values(raw, self.redaction)) for id, raw in found)
        return {id for piece in pieces for id in piece}

    async def _look_after_the_lost(self, count: Count) -> None:
        """Jobs that had work before them and are in no list any more: whether they are gone, and how they ended."""
        lost = [id for id in self.book.unfinished if id not in count.seen][:MOST_LOST]
        there = await self.instance.read([pack("EXISTS", self.queue.id.base + id) for id in lost])
        gone = {id for id, exists in zip(lost, there, strict=True) if not exists}
        if not gone:
            return
        ends = await self._ends(gone)
        for id in gone:
            self.book.ended(id, ends.get(id, "unknown"))

    async def _ends(self, wanted: set[bytes]) -> dict[bytes, End]:
        """What the newest events tell of these; nothing where the library keeps none."""
        ends: dict[bytes, End] = {}
        if b"events" not in contract(self.queue.identity).script_keys:
            return ends
        last: bytes = b"+"
        for _ in range(EVENT_SLICES):
            key = self.queue.id.base + b"events"
            (entries,) = await self.instance.read([pack("XREVRANGE", key, last, "-", "COUNT", EVENTS)])
            for at, fields in entries or ():
                last = at
                said = dict(zip(fields[::2], fields[1::2], strict=False))
                how = _ENDS.get(said.get(b"event", b""))
                if how is not None and said.get(b"jobId") in wanted:
                    ends.setdefault(said[b"jobId"], how)
            if len(entries or ()) < EVENTS or wanted <= ends.keys():
                break
        return ends


def _pieces(sized: Sequence[tuple[bytes, int]]) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    room = AT_ONCE
    for id, size in sized:
        if piece and size > room:
            yield piece
            piece, room = [], AT_ONCE
        piece.append(id)
        room -= size
    if piece:
        yield piece
