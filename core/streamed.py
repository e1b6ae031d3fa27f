"""What a BullMQ queue's event stream tells of the last hour, read backwards in bounded slices.

The first look walks back as far as the stream and a budget reach; later looks read only what is new. A look either
counts as a whole or not at all, so that one that was cut off can simply be made again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.instance import Instance, pack

MINUTE = 60_000
OUTCOMES = ("completed", "failed")
# Results stand in the events, of any size: begin small, then ask for as many as keep an answer under this.
FIRST_SLICE = 10
LARGEST_SLICE = 1000
LARGEST_ANSWER = 1_000_000
# What one look may read; a stream that is trimmed at its default holds about ten thousand events.
SLICES = 40
MOST_BYTES = 8_000_000
# A page waits for this, and Redis may be far away.
SECONDS = 0.4


@dataclass(slots=True)
class Streamed:
    """What was told so far. Nothing is missing from `since` on; None while nothing was read."""

    counts: dict[str, Counter[int]] = field(default_factory=lambda: {outcome: Counter() for outcome in OUTCOMES})
    since: int | None = None
    newest: bytes = b""

    def drop_before(self, moment: int) -> None:
        for counter in self.counts.values():
            for minute in [minute for minute in counter if minute < moment]:
                del counter[minute]
        if self.newest and milliseconds(self.newest) < moment:
            self.newest, self.since = b"", None


@dataclass(slots=True)
class _Look:
    """One walk back: what it counted, how far it came, and whether it came to where it should."""

    counts: dict[str, Counter[int]] = field(default_factory=lambda: {outcome: Counter() for outcome in OUTCOMES})
    newest: bytes = b""
    reached: int | None = None
    whole: bool = False
    bytes: int = 0

    def take(self, entries: Sequence[Any]) -> None:
        for id, fields in entries:
            outcome = dict(zip(fields[::2], fields[1::2], strict=False)).get(b"event", b"").decode("ascii", "replace")
            if outcome in self.counts:
                at = milliseconds(id)
                self.counts[outcome][at - at % MINUTE] += 1
        self.newest = self.newest or entries[0][0]
        self.reached = milliseconds(entries[-1][0])
        self.bytes += _size(entries)


def milliseconds(id: bytes) -> int:
    """The instant in a stream entry's id: the Redis server's clock."""
    return int(id.partition(b"-")[0])


async def follow(instance: Instance, key: bytes, streamed: Streamed, from_ms: int) -> None:
    """Bring `streamed` up to date with the stream at `key`, not further back than `from_ms`."""
    streamed.drop_before(from_ms)
    before = streamed.newest
    look = await _walk_back(instance, key, b"(" + before if before else b"%d" % from_ms)
    since = await _told_since(instance, key, streamed, look, from_ms)
    # Somebody else may have looked meanwhile; then it is counted already.
    if streamed.newest == before:
        for outcome, counter in look.counts.items():
            streamed.counts[outcome].update(counter)
        streamed.newest, streamed.since = look.newest or before, since


async def _walk_back(instance: Instance, key: bytes, stop: bytes) -> _Look:
    """From the newest entry back to `stop`, within the budget."""
    look, end, size, started = _Look(), b"+", FIRST_SLICE, time.monotonic()
    for _ in range(SLICES):
        (entries,) = await instance.read([pack(b"XREVRANGE", key, end, stop, b"COUNT", size)])
        if not entries:
            look.whole = True
            break
        look.take(entries)
        if look.bytes > MOST_BYTES or time.monotonic() - started > SECONDS:
            break
        end, size = b"(" + entries[-1][0], _next_size(entries)
    return look


def _next_size(entries: Sequence[Any]) -> int:
    expected = int(LARGEST_ANSWER / max(1.0, _size(entries) / len(entries)))
    return max(1, min(LARGEST_SLICE, len(entries) * 4, expected))


def _size(entries: Sequence[Any]) -> int:
    return sum(len(part) for _, fields in entries for part in fields)


async def _told_since(instance: Instance, key: bytes, streamed: Streamed, look: _Look, from_ms: int) -> int | None:
    """From when on nothing is missing, now that this look is added."""
    if not look.whole:
        return look.reached
    if streamed.newest:
        # Entries go from the far end: as long as the last one we saw is there, so are all that came after it.
        (there,) = await instance.read([pack(b"XRANGE", key, streamed.newest, streamed.newest)])
        return streamed.since if there else look.reached
    return await _begins(instance, key, from_ms)


async def _begins(instance: Instance, key: bytes, from_ms: int) -> int | None:
    """The whole time, when nothing was ever trimmed off the stream's beginning; else from its first entry on."""
    first, info = await instance.batch([pack(b"XRANGE", key, b"-", b"+", b"COUNT", 1), pack(b"XINFO", b"STREAM", key)])
    if not isinstance(first, list) or not first:
        return None
    known = dict(zip(info[::2], info[1::2], strict=False)) if isinstance(info, list) else {}
    # Redis 6.2 does not count what was ever added; then the first entry is as far back as can be told.
    if b"entries-added" in known and known[b"entries-added"] == known.get(b"length"):
        return from_ms
    return max(from_ms, milliseconds(first[0][0]))
