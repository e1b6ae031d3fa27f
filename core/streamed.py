"""What a BullMQ queue's event stream tells of the last hour, read backwards in bounded slices.

The first look walks back as far as the stream and a budget reach; later looks read only what is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.instance import Instance, pack

MINUTE = 60_000
OUTCOMES = ("completed", "failed")
# Results stand in the events, of any size: begin small, then ask for as many as keep an answer under this.
FIRST_SLICE = 50
LARGEST_SLICE = 1000
LARGEST_ANSWER = 1_000_000
# What one look may read; a stream that is trimmed at its default holds about ten thousand events.
SLICES = 40


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

    def take(self, entries: Sequence[Any]) -> None:
        for id, fields in entries:
            outcome = dict(zip(fields[::2], fields[1::2], strict=False)).get(b"event", b"").decode("ascii", "replace")
            if outcome in self.counts:
                at = milliseconds(id)
                self.counts[outcome][at - at % MINUTE] += 1


def milliseconds(id: bytes) -> int:
    """The instant in a stream entry's id: the Redis server's clock."""
    return int(id.partition(b"-")[0])


async def follow(instance: Instance, key: bytes, streamed: Streamed, from_ms: int) -> None:
    """Bring `streamed` up to date with the stream at `key`, not further back than `from_ms`."""
    streamed.drop_before(from_ms)
    stop = b"(" + streamed.newest if streamed.newest else b"%d" % from_ms
    newest, reached, whole = await _walk_back(instance, key, streamed, stop)
    if not whole:
        streamed.since = reached
    elif not streamed.newest:
        streamed.since = await _told_since(instance, key, from_ms)
    streamed.newest = newest or streamed.newest


async def _walk_back(instance: Instance, key: bytes, streamed: Streamed, stop: bytes) -> tuple[bytes, int | None, bool]:
    """From the newest entry back to `stop`: the newest id, the oldest instant reached, and whether that was all."""
    newest, reached, end, size = b"", None, b"+", FIRST_SLICE
    for _ in range(SLICES):
        (entries,) = await instance.read([pack(b"XREVRANGE", key, end, stop, b"COUNT", size)])
        if not entries:
            return newest, reached, True
        streamed.take(entries)
        newest, reached = newest or entries[0][0], milliseconds(entries[-1][0])
        end, size = b"(" + entries[-1][0], _next_size(entries)
    return newest, reached, False


def _next_size(entries: Sequence[Any]) -> int:
    bytes_each = sum(len(part) for _, fields in entries for part in fields) / len(entries)
    return max(1, min(LARGEST_SLICE, int(LARGEST_ANSWER / max(1.0, bytes_each))))


async def _told_since(instance: Instance, key: bytes, from_ms: int) -> int | None:
    """From when on the stream tells everything: the whole time, when nothing was ever trimmed off its beginning."""
    first, info = await instance.batch([pack(b"XRANGE", key, b"-", b"+", b"COUNT", 1), pack(b"XINFO", b"STREAM", key)])
    if not isinstance(first, list) or not first:
        return None
    known = dict(zip(info[::2], info[1::2], strict=False)) if isinstance(info, list) else {}
    # Redis 6.2 does not count what was ever added; then the first entry is as far back as can be told.
    if b"entries-added" in known and known[b"entries-added"] == known.get(b"length"):
        return from_ms
    return max(from_ms, milliseconds(first[0][0]))
