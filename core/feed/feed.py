"""What happens in all queues, as it comes: kept while somebody looks and a little longer, in a ring of a fixed size.

Nobody looks: nothing is followed for it and nothing is kept. What the streams of Redis still hold is read once, when
somebody comes; the messages of Bull are told once and never again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from heapq import nlargest

from core.access.asker import ITSELF, asker, asking
from core.errors import Unavailable
from core.events.engine import TINY
from core.events.front import Events
from core.events.happening import Happening
from core.events.position import Id
from core.feed.event import Event, event_of
from core.feed.past import read_past
from core.feed.ring import Ring
from core.feed.wanted import Wanted
from core.model import Dialect, Queue, QueueId
from core.redaction.kin import Kin
from core.redaction.redaction import Redaction
from core.sight import Sight, now

# Who comes back within this time (seconds) finds everything from in between.
LINGER = 60.0
# Of what Redis keeps from before: of so many queues, those that move most, a few events each; of one queue more.
QUEUES, FEW, MANY = 100, 20, 200
# How long one waits (seconds) until the first round of following has begun.
PATIENCE = 0.5
# Queues whose past is remembered, beside the hundred.
MOST_PASTS = 300


@dataclass(frozen=True, slots=True)
class Look:
    """Events, newest first. `more`: older ones are there. `newer` counts those wanted that came after the place that
    was asked for. `kept` of `dropped + kept` that came since `since` are still here; `past` were read from the streams,
    which held them from before: all of the queues that are there for who asks. `notes` say what is not told."""

    events: tuple[Event, ...]
    more: bool
    newer: int
    kept: int
    dropped: int
    since: int
    past: int = 0
    notes: tuple[str, ...] = ()


class Feed:
    """`glance` says that somebody looks; everything else says it too."""

    def __init__(self, sight: Sight, events: Events) -> None:
        self._sight, self._events = sight, events
        self._begin()
        self._watching: AbstractContextManager[None] | None = None
        self._looked = 0.0
        self._news = asyncio.Event()
        self._waiting = 0

    def glance(self) -> None:
        """Somebody looks: follow, unless that is done already, and for a while longer."""
        self._looked = time.monotonic()
        if self._watching is None:
            self._begin()
            self._watching = self._events.watching(self._take)
            # Who comes first must not decide what there is for those who come later.
            with asking(ITSELF):
                self._watching.__enter__()
                asyncio.get_running_loop().call_later(LINGER, self._end_unless_looked_at)

    async def look(self, wanted: Wanted, limit: int, upto: tuple[int, int] | None = None) -> Look:
        """The newest of the events that are wanted, or those up to a place: the instant and id of an event."""
        self.glance()
        with asking(ITSELF):
            troubles = await self._read_past(wanted)
        found = [event for event in self._all() if self.shows(event, wanted)]
        newer = 0
        if upto is not None:
            before = [event for event in found if place(event) <= upto]
            newer, found = len(found) - len(before), before
        shown = nlargest(limit, found, key=place)
        scope = asker().scope
        away = (said for name, said in troubles.items() if scope.has_instance(name))
        notes = (*away, *self._untold(wanted))
        kept, dropped = _there(self.ring.kept_of), _there(self.ring.dropped_of)
        past = _there({id: len(events) for id, events in self._past.items()})
        return Look(tuple(shown), len(found) > limit, newer, kept, dropped, self.since, past, notes)

    def shows(self, event: Event, wanted: Wanted) -> bool:
        """Whether the event is one of those, and of a queue that is there for who asks."""
        return wanted.takes(event) and asker().scope.has(event.queue)

    async def newer(self, id: int, wait: float) -> None:
        """Return as soon as there is an event after that one, or after `wait` seconds."""
        self.glance()
        if self.ring.last > id:
            return
        self._waiting += 1
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    def _begin(self) -> None:
        self.ring = Ring()
        self.since = now()
        # Ids of another time mean nothing here.
        self.life = secrets.token_hex(4)
        self._past: dict[QueueId, tuple[Event, ...]] = {}
        self._deep: set[QueueId] = set()
        self._first: dict[QueueId, Id] = {}
        self._redactions: dict[QueueId, Redaction] = {}
        self._surveyed = False
        self._past_ids = -(2**52)

    def _end_unless_looked_at(self) -> None:
        left = self._looked + LINGER - time.monotonic()
        if left > 0:
            asyncio.get_running_loop().call_later(left, self._end_unless_looked_at)
        elif self._watching is not None:
            self._watching.__exit__(None, None, None)
            self._watching = None
            self._begin()

    def _take(self, happening: Happening) -> None:
        if happening.mark is not None:
            self._first.setdefault(happening.queue, happening.mark)
        self.ring.put(event_of(happening, self.ring.last + 1, self._redaction(happening.queue)))
        if self._waiting:
            self._news.set()
            self._news = asyncio.Event()

    def _redaction(self, id: QueueId) -> Redaction:
        found = self._redactions.get(id)
        if found is None:
            # One feed for all, so what is hidden from anybody is hidden from everybody.
            with asking(ITSELF):
                hides, owner = self._sight.redaction(id), partial(self._sight.owned_by, id.instance)
            # The same goes for jobs of other queues, which not everybody may know of.
            found = self._redactions[id] = replace(hides, kin=Kin(id.__eq__, owner, b"[a job of another queue]"))
        return found

    def _all(self) -> Iterable[Event]:
        yield from self.ring
        for id, events in self._past.items():
            first = self._first.get(id)
            # What is followed by now must not be told twice.
            yield from (e for e in events if first is None or (e.mark is not None and e.mark < first))

    async def _read_past(self, wanted: Wanted) -> Mapping[str, str]:
        """Learn what the streams hold of the queues that are wanted; of which instances not, and why."""
        one = wanted.queue
        if one is not None:
            wants = [] if one in self._deep else [queue for queue in self._sight.queues() if queue.id == one]
        else:
            busiest = [] if self._surveyed else sorted(self._sight.queues(), key=_moves, reverse=True)[:QUEUES]
            wants = [queue for queue in busiest if queue.id not in self._past]
        names = {queue.id.instance for queue in wants}
        await self._has_begun(names)
        told = {name: await self._read_of(name, wants, FEW if one is None else MANY) for name in sorted(names)}
        troubles = {name: trouble for name, trouble in told.items() if trouble}
        if not troubles:
            self._surveyed = self._surveyed or (one is None and bool(wants))
            self._deep.update(queue.id for queue in wants if queue.id == one)
        return troubles

    async def _has_begun(self, instances: set[str]) -> None:
        """Until these are followed: what comes between reading the past and following would be lost."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            there = [name for name in instances if self._sight.reading(name).down_since is None]
            known = [self._events.following(name) for name in there]
            if all(following is None or following.since is not None for following in known):
                return
            await asyncio.sleep(0.01)

    async def _read_of(self, name: str, queues: list[Queue], most: int) -> str:
        """Read it of those of an instance; what went wrong."""
        mine = [queue for queue in queues if queue.id.instance == name]
        ids = tuple(queue.id for queue in mine)
        try:
            found = await self._sight.read_of(name, ("past", ids, most), lambda i: read_past(i, mine, most))
        except Unavailable as away:
            return f"What {name} keeps from before is not here: {away.message}"
        for id, told in found.items():
            self._past[id] = tuple(event_of(each, self._next_past_id(), self._redaction(id)) for each in told)
        while len(self._past) > MOST_PASTS:
            gone = next(iter(self._past))
            del self._past[gone]
            self._deep.discard(gone)
        return ""

    def _next_past_id(self) -> int:
        self._past_ids += 1
        return self._past_ids

    def _untold(self, wanted: Wanted) -> Iterable[str]:
        """What a queue, or its Redis, does not let be told."""
        for reading in self._sight.snapshot.readings:
            following = self._events.following(reading.instance)
            if (
                following is not None
                and following.refusals
                and (not wanted.queue or wanted.queue.instance == reading.instance)
            ):
                yield f"Redis {reading.instance} refuses some of it: {following.refusals[0]}"
        known = [q for q in self._sight.queues() if wanted.queue in (None, q.id)]
        short = [queue for queue in known if queue.max_events is not None and queue.max_events < TINY]
        if short:
            which = "This queue keeps" if wanted.queue else f"{len(short):,} queues keep"
            yield f"{which} fewer than {TINY} events (streams.events.maxLen): too few to be followed."
        if wanted.queue and known and known[0].identity.dialect is Dialect.BULL:
            yield "Bull tells of events once, while one listens: earlier ones are not to be had, and none of adding."


def place(event: Event) -> tuple[int, int]:
    """Where an event stands among all: by its instant, then in the order in which it came."""
    return event.at, event.id


def _there(counts: Mapping[QueueId, int]) -> int:
    """How many of these there are for who asks."""
    scope = asker().scope
    return sum(number for id, number in counts.items() if number and scope.has(id))


def _moves(queue: Queue) -> float:
    return (queue.traffic.out_per_minute or 0) + (queue.traffic.in_per_minute or 0)
