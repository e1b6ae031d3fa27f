"""One search under way: from place to place, slice by slice, until it is through, full, told to hold or unwatched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from core.errors import NotFound, TickbirdError
from core.jobs.rows import Placed, read_rows
from core.model import Queue, QueueId
from core.query.query import Query
from core.search.bounds import only_id
from core.search.by_id import looked_up, places_by_id
from core.search.find import UNSCRIPTED
from core.search.pace import Pace
from core.search.places import Place, count_within, places_of, queues_of
from core.search.search import Hit, Search, Status, Wish
from core.search.seek import Seek, Slice
from core.search.sieve import Sieve
from core.sight import Sight
from core.words import count

# As many jobs as anybody reads of one search; who wants more narrows it, or goes on behind them.
MOST_HELD = 500
# Nobody has looked for so long: it holds (seconds).
UNWATCHED = 30.0


@dataclass(slots=True)
class Run:
    """`places` are None until it has begun; one that goes on behind another begins with what that has left."""

    id: str
    wish: Wish
    query: Query
    sight: Sight
    paces: Mapping[str, Pace]
    places: list[Place] | None = None
    status: Status = Status.PAUSED
    hits: list[Hit] = field(default_factory=list)
    seen: set[tuple[QueueId, bytes]] = field(default_factory=set)
    trouble: dict[str, str] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    begun: float = field(default_factory=time.monotonic)
    watched: float = field(default_factory=time.monotonic)
    active: float = 0.0
    unread: int = 0
    lost: bool = False
    partial: bool = False
    queues: int = 0
    sieve: Sieve = field(init=False)

    def __post_init__(self) -> None:
        self.sieve = Sieve(self.query, self.sight.redaction)

    def begin(self) -> None:
        """Look on, in the background."""
        self.status, self.trouble = Status.RUNNING, {}
        if self.partial:
            self.places = None
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._go())

    def hold(self, status: Status) -> None:
        """Look no further, after the present slice."""
        self.status = status

    def picture(self) -> Search:
        """How it stands."""
        places = self.places or []
        looked, total = sum(place.looked_at for place in places), sum(max(p.total, p.looked_at) for p in places)
        rate = looked / self.active if looked and self.active > 0.05 else None
        left = (total - looked) / rate if rate is not None and self.status is Status.RUNNING else None
        trouble = " ".join(self.trouble.values())
        return Search(
            *(self.id, self.wish, self.query.now, self.status, tuple(self.hits), looked, total, self.queues),
            rate=rate,
            seconds_left=left,
            notes=tuple(self._notes()),
            trouble=trouble,
        )

    async def _go(self) -> None:
        started, before = time.monotonic(), self.active
        try:
            await self._find_places()
            while self.status is Status.RUNNING and (left := self._left()):
                for place in left:
                    if self.status is Status.RUNNING:
                        await self._look(place)
                        self.active = before + time.monotonic() - started
            if self.status is Status.RUNNING:
                self.status = Status.FAILED if self.trouble else Status.DONE
        except TickbirdError as error:
            self.trouble[""] = error.message
            self.status = Status.FAILED

    async def _find_places(self) -> None:
        if self.places is not None:
            return
        self.trouble |= self._away()
        queues = [q for q in queues_of(self.sight, self.wish, self.query) if q.id.instance not in self.trouble]
        places = places_of(queues, self.wish, self.query)
        self.queues = len({place.queue for place in places})
        if (id := looked_up(self.query)) is not None:
            await self._look_up(queues, {(place.queue, place.state) for place in places}, id)
        if only_id(self.query) is not None:
            places = []
        await count_within(self.sight, places, self.query)
        # Where some of Redis could not be looked at, what is there is found out anew when it goes on.
        self.places, self.partial = places, bool(self.trouble)

    def _away(self) -> dict[str, str]:
        """Each Redis that cannot be asked now, or was never read, with the reason."""
        wanted = None if self.wish.queues is None else {id.instance for id in self.wish.queues}
        return {
            reading.instance: reading.trouble or f"Redis {reading.instance} has not been read yet."
            for reading in self.sight.snapshot.readings
            if wanted is None or reading.instance in wanted
            if reading.taken_at is None or reading.down_since is not None
        }

    async def _look_up(self, queues: Sequence[Queue], open_: set[tuple[QueueId, str]], id: str) -> None:
        for queue, placed in await places_by_id(self.sight, queues, id):
            if (queue.id, placed.state) in open_ or only_id(self.query) is None:
                sifted = await self.sieve.sift(self.sight.present(queue.id.instance), queue, [placed])
                await self._found(queue, sifted.fitting)

    def _left(self) -> list[Place]:
        return [p for p in self.places or () if not p.over and p.queue.instance not in self.trouble]

    async def _look(self, place: Place) -> None:
        """One slice there, and the rest after it."""
        if time.monotonic() - self.watched > UNWATCHED:
            self.status = Status.UNWATCHED
            return
        try:
            instance, queue = self.sight.present(place.queue.instance), self.sight.queue(place.queue)
            seek = Seek(instance, queue, place.state, self.sieve)
            pace = self.paces[place.queue.instance]
            async with pace.turn():
                slice, rest = await pace.slice(instance, partial(seek.step, place.cursor, self._room))
                await self._took(place, queue, slice)
                await asyncio.sleep(rest)
        except NotFound:
            place.over = True
        except TickbirdError as error:
            self.trouble[place.queue.instance] = error.message

    @property
    def _room(self) -> int:
        return max(1, MOST_HELD - len(self.hits))

    async def _took(self, place: Place, queue: Queue, slice: Slice) -> None:
        place.cursor, place.over = slice.next, slice.next is None
        place.looked_at += slice.looked_at
        if place.over:
            place.total = place.looked_at
        self.unread += slice.unread
        self.lost = self.lost or slice.lost
        await self._found(queue, slice.fitting)
        if len(self.hits) >= MOST_HELD and self.status is Status.RUNNING and self._left():
            self.status = Status.FULL

    async def _found(self, queue: Queue, fitting: Sequence[Placed]) -> None:
        """A job that moves on while we look is met twice, and shown once."""
        new = [placed for placed in fitting if (queue.id, placed.id) not in self.seen]
        self.seen |= {(queue.id, placed.id) for placed in new}
        rows = await read_rows(self.sight.present(queue.id.instance), queue, new) if new else []
        self.hits += [Hit(queue.id, row) for row in rows]

    def _notes(self) -> list[str]:
        slow = {place.queue.instance for place in self.places or () if self.paces[place.queue.instance].slow}
        said = {
            f"{count(self.unread)} jobs are too large to look into.": self.unread,
            "A list moved far meanwhile: some jobs may have been passed over.": self.lost,
            UNSCRIPTED: self.sieve.refused,
            f"Redis {', '.join(sorted(slow))} answers more slowly than before, so the search holds back.": slow,
        }
        return [note for note, holds in said.items() if holds]
