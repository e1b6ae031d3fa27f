"""One queue's event stream: where we are in it, how much to ask of it at once, and the story that it tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

from core.events.position import Mark, Position
from core.events.story import Story
from core.instance import pack
from core.model import QueueId

# A light read asks many streams for this many entries each; one that has more is read alone afterwards.
LIGHT = 16
# Results and reasons stand in the events, of any size: entries are asked for in such numbers that an answer stays
# below this, going by the largest one of late. Of one whose entries are larger than `HEAVY`, only a few at a time.
LARGEST_ANSWER = 1_000_000
LARGEST_SLICE = 1000
HEAVY = 16_384
# How often (seconds) to ask for what was ever added, which comes with two whole entries.
LOOK_EVERY, LOOK_EVERY_HEAVY = 10.0, 120.0
# A default of the libraries, where a queue says nothing of its own.
KEPT = 10_000


class Stream:
    """`counts_from` is the instant before which entries only tell what is under way; with `from_now` they are not
    even read."""

    def __init__(self, id: QueueId, story: Story, counts_from: int, *, from_now: bool = False) -> None:
        self.id = id
        self.key = id.base + b"events"
        self.story = story
        self.position = Position()
        self.kept = KEPT
        self.refused = ""
        self.read = 0
        self.begun = False
        self._counts_from = counts_from
        self._from_now = from_now
        self._size = 0.0
        self._look_at = 0.0

    @property
    def heavy(self) -> bool:
        """Whether its entries are so large that it has to be read by itself."""
        return self._size > HEAVY

    @property
    def slice(self) -> int:
        """How many entries to ask for at once, when it is read alone."""
        fitting = int(LARGEST_ANSWER / max(self._size, 1.0)) if self.begun and self._size else LIGHT
        return max(1, min(LARGEST_SLICE, fitting))

    @property
    def from_id(self) -> bytes:
        return b"%d-%d" % self.position.cursor

    def question(self, count: int) -> bytes:
        return pack(b"XREAD", b"COUNT", count, b"STREAMS", self.key, self.from_id)

    def begin(self, found: Mark) -> None:
        """How it stands before the first read."""
        begin = self.position.begin_at if self._from_now else self.position.begin
        begin(found, self._counts_from)

    def begin_round(self) -> None:
        self.read = 0
        self.position.before = self.position.cursor

    def wants_look(self, now: float) -> bool:
        """Whether to ask how many were ever added: now and then, and whenever so many came that some may be gone."""
        return now >= self._look_at or self.read > self.kept // 4

    def looked(self, now: float) -> None:
        """Each stream at its own pace, so that not all are due at once."""
        pace = LOOK_EVERY_HEAVY if self.heavy else LOOK_EVERY
        self._look_at = now + pace * (0.8 + 0.4 * (crc32(self.key) % 100) / 100)

    def look_soon(self) -> None:
        """The connection was lost: a failover may be behind it."""
        self._look_at = 0.0

    def take(self, entries: Sequence[Any]) -> None:
        """Go on with these entries, which are the next ones."""
        self._weigh(entries)
        self.read += len(entries)
        if self.position.advance(entries):
            self.story.forget_times()
        old = self._before_we_count(entries)
        if old:
            self.story.warm_up(entries[:old])
        if old < len(entries):
            self.story.take(entries[old:] if old else entries)

    def _before_we_count(self, entries: Sequence[Any]) -> int:
        if _moment(entries[0]) >= self._counts_from:
            return 0
        if _moment(entries[-1]) < self._counts_from:
            return len(entries)
        return next(place for place, entry in enumerate(entries) if _moment(entry) >= self._counts_from)

    def _weigh(self, entries: Sequence[Any]) -> None:
        """The largest entry of late, forgotten slowly: one large result does not make a stream heavy for ever."""
        largest = max(sum(map(len, fields)) for _, fields in entries)
        self._size = max(largest, self._size * 0.9)


def _moment(entry: Any) -> int:
    id: bytes = entry[0]
    return int(id[: id.index(b"-")])
