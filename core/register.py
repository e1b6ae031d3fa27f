"""The queues known on one instance: found by the walk or by a worker's name, identified, and forgotten when gone."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.clients import Connection, waiting_commands
from core.dialects.detect import detect
from core.dialects.signals import Signals, read_signals
from core.discovery import Place, Walk
from core.instance import Instance
from core.survey.watched import Watched

# A version may be upgraded in place: look at each queue's signals again this often (seconds).
LOOK_AGAIN = 60.0


class Register:
    """Base key → watched queue. All methods leave it consistent when Redis goes away half-way."""

    def __init__(self, instance: Instance, walk: Walk) -> None:
        self._instance = instance
        self._walk = walk
        self._watched: dict[bytes, Watched] = {}
        self._looked: dict[bytes, float] = {}
        self._waits_on: Mapping[bytes, frozenset[bytes]] = {}
        self._channels: frozenset[bytes] = frozenset()
        self._prefixes: tuple[bytes, ...] = ()

    @property
    def watched(self) -> list[Watched]:
        return [self._watched[base] for base in sorted(self._watched)]

    async def meet(self, connected: Sequence[Connection], channels: Collection[bytes]) -> None:
        """Take in who is connected: unknown queues are added, and known ones whose workers changed are looked at."""
        before = self._waits_on
        self._waits_on = waiting_commands(connected)
        self._channels = frozenset(channels)
        self._prefixes = tuple({connection.prefix for connection in connected})
        changed = {base for base, commands in self._waits_on.items() if commands != before.get(base)}
        await self.add(base for base in changed if self._walk.wants(base))

    async def add(self, bases: Iterable[bytes]) -> None:
        """Look at these bases, and register those that are queues."""
        places = self._walk.places(bases, self._prefixes)
        signals = await read_signals(self._instance, [place.base for place in places])
        for place, seen in zip(places, signals, strict=True):
            self._take(place, self._with_clients(place.base, seen))

    async def look_again(self) -> None:
        """Re-read the signals of queues last looked at a while ago, a few at a time."""
        now = time.monotonic()
        due = [base for base in self._watched if now - self._looked[base] > LOOK_AGAIN]
        due.sort(key=lambda base: self._looked[base])
        await self.add(due[:50])

    def forget(self, base: bytes) -> None:
        self._watched.pop(base, None)
        self._looked.pop(base, None)

    def is_served(self, base: bytes) -> bool:
        """Whether a worker of this queue is connected, so that it exists even without a key."""
        return base in self._waits_on

    def _with_clients(self, base: bytes, seen: Signals) -> Signals:
        listens = base + b"delayed" in self._channels
        waits_on = self._waits_on.get(base, frozenset())
        return Signals(seen.types, seen.meta, seen.counter, seen.list_members, seen.jobs, waits_on, listens)

    def _take(self, place: Place, signals: Signals) -> None:
        known = self._watched.get(place.base)
        if not signals.is_queue and known is None:
            return
        identity = detect(signals, known.identity if known else None)
        id = place.id(self._instance.name)
        if known is None or known.id != id:
            known = self._watched[place.base] = Watched(place.base, id, identity)
        if not known.quick[1] or known.identity != identity:
            known.identify(identity)
        self._looked[place.base] = time.monotonic()
