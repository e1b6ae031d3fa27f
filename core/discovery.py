"""Which queues live on an instance: an endless paced walk over the keyspace, and the names of connected workers.

There is no register of queues in any version. The walk is `SCAN` in slices that rest between each other, never
`KEYS`; a base key is what is kept, because where a prefix ends and a name begins can be ambiguous.
Source: docs/redis-layout.md 5.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import Unavailable
from core.instance import Instance, pack
from core.model import Dialect, QueueId
from core.shard import ALL, Shard
from core.snapshot import Pass
from core.text import text

# Redis spends about 0.75 ms on a slice of this size; smaller ones cost more in all, larger ones delay others.
SLICE = 1000
# The first walk rests little, so that a newcomer sees queues at once; later ones take about 2 % of Redis' time.
FIRST_REST = 0.002
REST_FACTOR = 45.0
# However long an answer took to reach us: 100,000 keys are to be walked within a few seconds.
LONGEST_REST = 0.05
# Between two walks: a small keyspace is walked again at once, because that costs next to nothing.
LONGEST_PAUSE = 5.0
SHORTEST_PAUSE = 0.5
PAUSE_PER_KEY = 1 / 20_000
_SUFFIX = re.compile(rb":(?:id|meta|meta-paused)\Z")
# Where the libraries put a queue unless told otherwise.
_USUAL = (b"bull", b"{bull}")
_GLOB = re.compile(rb"([*?\[\]\\])")


@dataclass(frozen=True, slots=True)
class Place:
    """A base key, split into the prefix and the name that people know."""

    base: bytes
    prefix: bytes
    name: bytes

    def id(self, instance: str) -> QueueId:
        return QueueId(instance, text(self.prefix), text(self.name))


class Walk:
    """The endless walk over one instance. `progress` can be read at any time. `is_partial` says whether the last pass
    left out a part of a cluster: what it did not find there may be there all the same."""

    def __init__(self, instance: Instance, shard: Shard = ALL) -> None:
        self._instance = instance
        self._shard = shard
        self._wanted = tuple(prefix.encode() for prefix in instance.prefixes)
        self._configured = sorted((prefix for prefix in self._wanted if prefix != b"*"), key=len, reverse=True)
        self.progress = Pass()
        self.is_partial = False

    async def once(self) -> set[bytes]:
        """One full pass: the base keys that look like a queue's. Raises Unavailable when Redis goes away, and nothing
        where only a part of a cluster does."""
        first = self.progress.last_seconds is None
        total = int(await self._instance.ask("DBSIZE"))
        self.progress = replace(self.progress, keys_seen=0, keys_total=total, running=True)
        started = time.monotonic()
        found: set[bytes] = set()
        self.is_partial = await self._through(found, first=first)
        seconds = time.monotonic() - started
        self.progress = Pass(total, total, seconds, running=False)
        return found

    async def _through(self, found: set[bytes], *, first: bool) -> bool:
        """Walk to the end, and say whether a master that is away was left out. Raises Unavailable where all are."""
        cursor, answered, left_out = b"0", False, False
        while True:
            try:
                cursor, answered = await self._step(cursor, found, first=first), True
            except Unavailable:
                following = self._instance.past(cursor)
                if following is None or (following == b"0" and not answered):
                    raise
                cursor, left_out = following, True
            if cursor == b"0":
                return left_out

    @property
    def pause(self) -> float:
        """Seconds to rest before the next walk."""
        return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, self.progress.keys_total * PAUSE_PER_KEY))

    async def _step(self, cursor: bytes, found: set[bytes], *, first: bool) -> bytes:
        started = time.monotonic()
        following, keys = await self._instance.ask("SCAN", cursor, "MATCH", self._pattern(), "COUNT", SLICE)
        took = time.monotonic() - started
        found |= {base for key in keys if (base := base_of(key)) and self.wants(base)}
        seen = min(self.progress.keys_total, self.progress.keys_seen + SLICE)
        self.progress = replace(self.progress, keys_seen=seen)
        if following != b"0":
            await asyncio.sleep(FIRST_REST if first else min(LONGEST_REST, took * REST_FACTOR))
        return bytes(following)

    def wants(self, base: bytes) -> bool:
        """Whether a base key lies under a prefix that the settings ask for, and in our share of the queues."""
        asked_for = b"*" in self._wanted or any(base.startswith(prefix + b":") for prefix in self._wanted)
        return asked_for and self._shard.has(base)

    def _pattern(self) -> bytes:
        if len(self._wanted) == 1 and b"*" not in self._wanted:
            return _GLOB.sub(rb"\\\1", self._wanted[0]) + b":*:[im][de]*"
        return b"*:[im][de]*"

    def trusts(self, base: bytes) -> bool:
        """Whether a counter alone makes a queue here: where one was asked for, or where the libraries put theirs."""
        place = split(base, [*self._configured, *_USUAL])
        return place.prefix in (*self._configured, *_USUAL) and b":" not in place.name

    def place(self, base: bytes, dialect: Dialect, *, shown: bytes | None) -> Place:
        """The base, split. `shown` is the prefix that a worker of this very queue has shown, which settles it."""
        if shown is not None:
            return Place(base, shown, base[len(shown) + 1 : -1])
        usual = _USUAL if dialect is Dialect.BULL else ()  # only Bull's names may hold a colon
        return split(base, [*self._configured, *usual])


def base_of(key: bytes) -> bytes | None:
    """The base key (with its colon) that a key ending in `:id`, `:meta` or `:meta-paused` belongs to."""
    base, matched = _SUFFIX.subn(b":", key)
    # BullMQ 6's relay keeps keys of its own under the same prefix; they are not queues.
    unfit = b"::relay:" in base or base.endswith(b"::")
    return base if matched and not unfit and base.count(b":") >= 2 else None


def split(base: bytes, known: Sequence[bytes]) -> Place:
    """`<prefix>:<name>:` at the first known prefix, else before the last part, as BullMQ's names have no colon."""
    whole = base[:-1]
    for prefix in known:
        if whole.startswith(prefix + b":") and len(whole) > len(prefix) + 1:
            return Place(base, prefix, whole[len(prefix) + 1 :])
    prefix, _, name = whole.rpartition(b":")
    return Place(base, prefix, name)


def connected_command() -> list[bytes]:
    """Who is connected, and on which delayed channels Bull's workers listen: two cheap commands."""
    return [pack(b"CLIENT", b"LIST", b"TYPE", b"NORMAL"), pack(b"PUBSUB", b"CHANNELS", b"*:delayed")]
