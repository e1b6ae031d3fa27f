"""Events for programs: one JSON object a line, as they come (`GET {base}/api/events` and `GET {href}/events`).

A line without anything in it says only that the stream is alive. A reader who is too slow for what happens is let go,
with a last line that says so.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.access.asker import asker
from core.errors import Invalid
from core.feed.event import Event
from core.feed.feed import Feed
from core.feed.ring import MOST
from core.feed.wanted import Wanted
from dashboard import live
from dashboard.desk import Desk
from dashboard.live import farewell

LINES = "application/x-ndjson"
HEARTBEAT = 15.0
# What comes within this time (seconds) goes out together.
GATHER = 0.1
AT_ONCE = 500
# A reader that takes no byte for this long (seconds) is gone or stuck.
SLOWEST_READER = 10.0
# As long as the stream of a page, and for the same reason: its reader goes on with since.
LONGEST_STREAM = live.LONGEST_STREAM
# Compressing would hold lines back until there are enough of them.
_HEADERS = {"content-encoding": "identity", "x-accel-buffering": "no"}


async def kept(feed: Feed, wanted: Wanted, since: str | None) -> Response:
    """Everything that is there, or that came since, and no more."""
    return Response(await _kept(feed, wanted, since), media_type=LINES, headers=_HEADERS)


def followed(desk: Desk, wanted: Wanted, since: str | None) -> Response:
    """What comes from now on, or came since, until the reader leaves."""
    return Lines(desk, wanted, since)


async def _kept(feed: Feed, wanted: Wanted, since: str | None) -> bytes:
    """Everything that is there, or that came since."""
    if since is None:
        events: Iterable[Event] = reversed((await feed.look(wanted, 2 * MOST)).events)
        return b"".join(line(feed, event) for event in events)
    feed.glance()
    start, missed = _start(feed, since)
    return missed + b"".join(line(feed, event) for event in feed.ring.after(start) if feed.shows(event, wanted))


def _start(feed: Feed, since: str) -> tuple[int, bytes]:
    """After which event to go on, and a line that says what is missing where something is."""
    life, _, number = since.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) < 16):
        raise Invalid(f"since is the id of an event, not {since!r:.80}.")
    oldest = feed.ring.before
    if life != feed.life:
        return oldest, note("gap", "That event is of another time: what came between is not known here.", missed=None)
    if int(number) < oldest:
        missed = _missed(feed, int(number))
        many = "Events" if missed is None else "So many events in all queues"
        return oldest, note("gap", f"{many} had to make room meanwhile.", missed=missed)
    return min(int(number), feed.ring.last), b""


def _missed(feed: Feed, after: int) -> int | None:
    """How many have made room since that event; None for who sees a part: of which queues those were is not known."""
    return max(0, feed.ring.before - after) if asker().scope.is_whole else None


class Lines(Response):
    """The lines, until the reader goes away or is too slow, this is told to end, or its time is over."""

    media_type = LINES

    def __init__(self, desk: Desk, wanted: Wanted, since: str | None) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._desk, self._feed, self._wanted = desk, desk.herd.feed, wanted
        self._feed.glance()
        self._after, self._first = (self._feed.ring.last, b"") if since is None else _start(self._feed, since)
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()

    def end(self) -> None:
        """Say no more; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._over.set)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self._desk.streams.add(self)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        tasks = [asyncio.ensure_future(each) for each in (self._speak(send), _gone(receive), self._over.wait())]
        stuck = False
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
        except TimeoutError:
            stuck = True
        except asyncio.CancelledError:
            # A server that goes down cancels what is still open. A stream always is: that is no fault to report.
            pass
        finally:
            self._desk.streams.discard(self)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not stuck:
            await farewell(send, self._end("Tickbird stops: ask again, with since.") if self._over.is_set() else b"")

    async def _speak(self, send: Send) -> None:
        # A line at once: whoever waits for the first byte knows that it is heard.
        waiting, heard = self._first or b"\n", time.monotonic()
        over = heard + LONGEST_STREAM
        while time.monotonic() < over:
            if waiting:
                await _told(send, waiting)
                heard = time.monotonic()
                await asyncio.sleep(GATHER)
            if self._after < self._feed.ring.before:
                await _told(send, self._end("You read too slowly for what happens: ask again, with since."))
                return
            await self._feed.newer(self._after, max(0.0, min(heard + HEARTBEAT, over) - time.monotonic()))
            waiting = self._next() or (b"\n" if time.monotonic() - heard >= HEARTBEAT else b"")
        await _told(send, self._end("A stream lasts so long and no longer: ask again, with since."))

    def _end(self, reason: str) -> bytes:
        """The last line, with the id to go on from."""
        id, missed = f"{self._feed.life}-{self._after}", _missed(self._feed, self._after)
        return note("end", reason, missed=missed, id=id)

    def _next(self) -> bytes:
        """The next lines; those of events that are not wanted are passed over."""
        if self._after < self._feed.ring.before:
            return b""
        events = list(islice(self._feed.ring.after(self._after), AT_ONCE))
        if events:
            self._after = events[-1].id
        return b"".join(line(self._feed, event) for event in events if self._feed.shows(event, self._wanted))


def line(feed: Feed, event: Event) -> bytes:
    """One event as JSON. Its id is null where it is from before anybody watched, so that nothing can go on from it."""
    return _line(
        {
            "id": f"{feed.life}-{event.id}" if event.id > 0 else None,
            "at": event.at,
            "event": event.kind,
            "instance": event.queue.instance,
            "prefix": event.queue.prefix,
            "queue": event.queue.name,
            "job": event.job_id,
            "name": event.name,
            "fields": {field: event.value(field) for field in event.said or ()},
            "cut": list(event.cut),
        }
    )


def note(event: str, reason: str, *, missed: int | None, id: str | None = None) -> bytes:
    """A line of ours between the events: `gap` where some are missing, `end` as the last one."""
    return _line({"id": id, "event": event, "reason": reason, "missed": missed})


def _line(value: dict[str, Any]) -> bytes:
    # ASCII only, as in the rest of the API: a name may hold bytes that are no text.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


async def _told(send: Send, body: bytes) -> None:
    """Raises TimeoutError where the reader does not take it."""
    async with asyncio.timeout(SLOWEST_READER):
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
