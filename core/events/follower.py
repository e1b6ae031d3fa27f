"""Follows the event streams of an instance: polled in slices of a bounded size, never blocking, never all at once.

One blocking read over 200 streams costs Redis a quarter of a core; polling them four times a second, half a percent.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from redis.exceptions import ResponseError

from core.events.position import mark
from core.events.stream import LIGHT, Stream
from core.events.unsettled import question
from core.instance import Instance, pack

log = logging.getLogger("tickbird.core.events")

# Streams in one light read: with small entries, an answer of some hundred kilobytes at most.
TOGETHER = 64
# Of jobs whose names or ends have to be asked, this many in one round trip.
ASKED = 500
# How long one round may take (seconds) before others have their turn; what is left is read in the next.
ROUND = 2.0
# A stream that Redis does not let us read is tried again this often (seconds).
TRY_AGAIN = 60.0

Listener = Callable[[Stream, Sequence[Any]], None]


class Follower:
    """Polls the streams of one instance. `streams` may change between rounds."""

    def __init__(self, instance: Instance, listen: Listener) -> None:
        self._instance = instance
        self._listen = listen
        self._refused_until: dict[bytes, float] = {}
        self.streams: dict[bytes, Stream] = {}
        self.lag = 0
        self.hurry = False

    async def round(self) -> int:
        """Read what is new in all streams; how many entries that was. Raises Unavailable."""
        streams = [stream for stream in self.streams.values() if self._may_read(stream)]
        for stream in streams:
            stream.begin_round()
        await self._begin([stream for stream in streams if not stream.begun])
        await self._look([stream for stream in streams if stream.wants_look(time.monotonic())])
        more = [stream for stream in streams if stream.heavy]
        light = [stream for stream in streams if not stream.heavy]
        for start in range(0, len(light), TOGETHER):
            more += await self._read_together(light[start : start + TOGETHER])
        left = await self._read_on(more)
        unread = {stream.key for stream in left}
        await self._settle(stream for stream in streams if stream.key not in unread)
        self._note(streams, left)
        return sum(stream.read for stream in streams)

    def look_soon(self) -> None:
        """The connection was lost: ask every stream again how it stands."""
        for stream in self.streams.values():
            stream.look_soon()

    def _may_read(self, stream: Stream) -> bool:
        allowed = not stream.refused or self._refused_until.get(stream.key, 0.0) <= time.monotonic()
        return allowed and self._instance.reaches(stream.key)

    async def _begin(self, streams: Sequence[Stream]) -> None:
        """Streams that are new to us: how they stand before the first read."""
        for stream, reply in zip(streams, await self._marks(streams), strict=True):
            found = mark(reply)
            stream.begun = True
            stream.looked(time.monotonic())
            if found is not None:
                stream.begin(found)

    async def _look(self, streams: Sequence[Stream]) -> None:
        for stream, reply in zip(streams, await self._marks(streams), strict=True):
            stream.looked(time.monotonic())
            found = mark(reply)
            if found is not None and stream.position.look(found):
                stream.story.forget_times()

    async def _marks(self, streams: Sequence[Stream]) -> list[Any]:
        """An error, such as for a key that is not there, tells no more than nothing."""
        return await self._instance.batch([pack(b"XINFO", b"STREAM", stream.key) for stream in streams])

    async def _read_together(self, streams: Sequence[Stream]) -> list[Stream]:
        """A few entries of each; the streams that have more."""
        keys, ids = [stream.key for stream in streams], [stream.from_id for stream in streams]
        (reply,) = await self._instance.batch([pack(b"XREAD", b"COUNT", LIGHT, b"STREAMS", *keys, *ids)])
        if isinstance(reply, ResponseError):
            return await self._find_refused(streams)
        by_key = {stream.key: stream for stream in streams}
        return [by_key[key] for key, entries in reply or () if await self._take(by_key[key], entries) == LIGHT]

    async def _find_refused(self, streams: Sequence[Stream]) -> list[Stream]:
        """One of these may not be read, or is no stream, and so none was: ask each by itself."""
        replies = await self._instance.batch([stream.question(1) for stream in streams])
        for stream, reply in zip(streams, replies, strict=True):
            stream.refused = str(reply) if isinstance(reply, ResponseError) else ""
            self._refused_until[stream.key] = time.monotonic() + TRY_AGAIN
        return [stream for stream in streams if not stream.refused]

    async def _read_on(self, streams: Sequence[Stream]) -> list[Stream]:
        """Read these to their ends, a slice of each in turn; those that could not be in time."""
        left, until = deque(streams), time.monotonic() + ROUND
        while left and time.monotonic() < until:
            stream = left.popleft()
            if await self._read_slice(stream):
                left.append(stream)
        return list(left)

    async def _read_slice(self, stream: Stream) -> bool:
        """The next entries of one stream; whether there are more."""
        count = stream.slice
        if stream.wants_look(0.0):
            await self._look([stream])
        (reply,) = await self._instance.batch([stream.question(count)])
        if isinstance(reply, ResponseError):
            stream.refused = str(reply)
            self._refused_until[stream.key] = time.monotonic() + TRY_AGAIN
        return bool(reply) and isinstance(reply, list) and await self._take(stream, reply[0][1]) == count

    async def _take(self, stream: Stream, entries: Sequence[Any]) -> int:
        """Hand entries to their story, after asking the names of jobs that it has never heard of."""
        strangers = stream.story.strangers(entries)[:ASKED]
        if strangers:
            names = await self._instance.read([pack(b"HGET", stream.id.base + job_id, b"name") for job_id in strangers])
            stream.story.introduce(dict(zip(strangers, names, strict=True)))
        stream.refused = ""
        # Before the story goes on: it forgets who has finished.
        self._listen(stream, entries)
        stream.take(entries)
        return len(entries)

    async def _settle(self, streams: Iterable[Stream]) -> None:
        """Ask how attempts ended, where events alone do not tell."""
        for stream in streams:
            while doubtful := stream.story.doubtful(ASKED):
                questions = [question(stream.id.base, job_id) for job_id in doubtful]
                replies = await self._instance.read(questions)
                stream.story.settle(dict(zip(doubtful, replies, strict=True)))

    def _note(self, streams: Sequence[Stream], left: Sequence[Stream]) -> None:
        now = time.time_ns() // 1_000_000
        self.lag = max((now - stream.position.cursor[0] for stream in left), default=0)
        self.hurry = any(stream.read > stream.kept // 4 for stream in streams)
