"""The queues known on one instance: found by the walk or by a worker's name, identified, and forgotten when gone."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from core.clients import Connection, waiting_commands
from core.dialects.detect import detect, pinned, remembering
from core.dialects.signals import Signals, read_signals
from core.discovery import Walk
from core.errors import Unavailable
from core.instance import Instance
from core.model import Identity, QueueId
from core.survey.watched import Watched
from core.text import printable, text

# A version may be upgraded in place without its workers changing under our eyes: look at each queue's signals again
# this often (seconds), and sooner while they leave a doubt. A look takes about ninety small commands.
LOOK_AGAIN = 900.0
LOOK_AGAIN_IN_DOUBT = 20.0
# So many new queues are taken in together: the first of ten thousand are shown while the last are still looked at.
TAKEN_AT_ONCE = 200
BROKEN = (
    "On a cluster its library cannot use it: without a hash tag its keys lie in several slots, and what you see was "
    "left behind. Give it {bull} or the like as its prefix, or {name} as its name."
)


class Register:
    """Base key → watched queue. All methods leave it consistent when Redis goes away half-way."""

    def __init__(self, instance: Instance, walk: Walk) -> None:
        self._instance = instance
        self._walk = walk
        self._watched: dict[bytes, Watched] = {}
        self._looked: dict[bytes, float] = {}
        self._waits_on: Mapping[bytes, frozenset[bytes]] = {}
        # What workers waited on when each queue of theirs was last looked at.
        self._met: dict[bytes, frozenset[bytes]] = {}
        self._channels: frozenset[bytes] = frozenset()
        self._shown: dict[bytes, bytes] = {}
        self._refused: dict[bytes, str] = {}

    @property
    def watched(self) -> list[Watched]:
        return [self._watched[base] for base in sorted(self._watched)]

    async def meet(self, connected: Sequence[Connection], channels: Collection[bytes]) -> None:
        """Take in who is connected: unknown queues are added, and known ones whose workers changed are looked at, if
        not now then once they can be."""
        self._waits_on = waiting_commands(connected)
        self._channels = frozenset(channels)
        self._shown |= {each.base: each.prefix for each in connected if self._walk.wants(each.base)}
        self._met = {base: commands for base, commands in self._met.items() if base in self._waits_on}
        changed = {base for base, commands in self._waits_on.items() if commands != self._met.get(base)}
        await self.add(base for base in changed if self._walk.wants(base))

    async def add(self, bases: Iterable[bytes]) -> None:
        """Look at these bases, and register those that are queues. Those in a part of a cluster that is away are left
        for another time; raises Unavailable where that is not why they cannot be read."""
        wanted = sorted(base for base in bases if self._instance.reaches(base))
        for start in range(0, len(wanted), TAKEN_AT_ONCE):
            await self._look_at(wanted[start : start + TAKEN_AT_ONCE])

    async def _look_at(self, bases: Sequence[bytes]) -> None:
        try:
            signals = await read_signals(self._instance, bases)
        except Unavailable:
            still = [base for base in bases if self._instance.reaches(base)]
            if len(still) == len(bases):
                raise
            return await self._look_at(still) if still else None
        for base, seen in zip(bases, signals, strict=True):
            self._take(base, self._with_clients(base, seen))
            self._met[base] = self._waits_on.get(base, frozenset())

    async def walked(self, found: Collection[bytes]) -> None:
        """Take in what a walk has found."""
        if not self._walk.is_partial:
            self._refused = {base: reason for base, reason in self._refused.items() if base in found}
        await self.add(base for base in found if base not in self._watched)

    async def look_again(self) -> None:
        """Re-read the signals of queues last looked at a while ago, a few at a time."""
        now = time.monotonic()
        due = [base for base, watched in self._watched.items() if now - self._looked[base] > _patience(watched)]
        due.sort(key=lambda base: self._looked[base])
        await self.add(due[:50])

    def forget(self, base: bytes) -> None:
        self._watched.pop(base, None)
        self._looked.pop(base, None)
        self._shown.pop(base, None)

    @property
    def refusal(self) -> str:
        """In a sentence, which queues there are that our user may not read; empty when there is none."""
        if not self._refused:
            return ""
        base, reason = min(self._refused.items())
        return f"Redis does not let us read {len(self._refused)} queues, such as {printable(text(base))!r} ({reason})."

    def is_served(self, base: bytes) -> bool:
        """Whether a worker of this queue is connected, so that it exists even without a key."""
        return bool(self._waits_on.get(base))

    def _with_clients(self, base: bytes, seen: Signals) -> Signals:
        listens = base + b"delayed" in self._channels
        return replace(seen, waits_on=self._waits_on.get(base, frozenset()), bull_channel=listens)

    def _take(self, base: bytes, signals: Signals) -> None:
        known = self._watched.get(base)
        if self._is_refused(base, signals) or (known is None and not self._is_queue(base, signals)):
            return
        identity = detect(signals, known.identity if known and not known.identity.pinned else None)
        id = self._walk.place(base, identity.dialect, shown=self._shown.get(base)).id(self._instance.name)
        identity = remembering(self._as_pinned(id, identity), known.identity if known else None)
        if self._instance.is_broken(base):
            identity = replace(identity, doubt=BROKEN)
        if known is None or known.id != id:
            known = Watched(base, id, identity)
        if not known.quick[1] or known.identity != identity:
            # A reading that is under way keeps the old one: its answers are to the old one's questions.
            known = replace(known)
            known.identify(identity)
        self._watched[base] = known
        self._looked[base] = time.monotonic()

    def _as_pinned(self, id: QueueId, found: Identity) -> Identity:
        """By the first pattern of the settings that fits the queue's name, or its prefix and name."""
        for pattern, dialect in self._instance.dialects:
            if fnmatchcase(id.name, pattern) or fnmatchcase(f"{id.prefix}:{id.name}", pattern):
                return pinned(found, dialect)
        return found

    def _is_refused(self, base: bytes, signals: Signals) -> bool:
        """A queue that our user may not read is left out and said so; it must not spoil the reading of the others."""
        self._refused.pop(base, None)
        if signals.refusal:
            self._refused[base] = signals.refusal
            self.forget(base)
        return bool(signals.refusal)

    def _is_queue(self, base: bytes, signals: Signals) -> bool:
        return signals.is_queue or (signals.counts_up and self._walk.trusts(base))


def _patience(watched: Watched) -> float:
    return LOOK_AGAIN_IN_DOUBT if watched.identity.doubt else LOOK_AGAIN
