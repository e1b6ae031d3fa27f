"""One stream a tab: what changed on the page that it shows, at most once a second, and the same by asking.

`GET {base}/live?at=…&rows=…&since=…` streams, `GET {base}/fragments?…` answers once. `at` is the page's path and query,
`rows` names the rows that it shows, `since` up to where it has seen them.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.errors import Invalid, TickbirdError
from core.permission import Permission
from dashboard.ages import fill
from dashboard.board import Piece
from dashboard.budgets import Cost
from dashboard.desk import Desk, desk_of
from dashboard.pages.watched import watch_of
from dashboard.pages.watching import Asked, Watch
from dashboard.urls import RawRoute, decode_part
from dashboard.words import now

PACE = 1.0
HEARTBEAT = 15.0
# A reader that takes no byte for this long is gone or stuck; it comes back by itself when it is not.
SLOWEST_READER = 10.0
# What a tab hears last when Tickbird stops, and how soon it asks again; who does not take it within so many seconds is
# not waited for.
BYE = b"retry: 2000\nevent: bye\ndata: Tickbird stops\n\n"
LAST_WORD = 0.5
# Who may look is only asked at the door. A stream ends by itself after this long (seconds), so that it outlives a login
# that ended, or a role that changed, by no more; a browser comes back at once, from where it was.
LONGEST_STREAM = 900.0
# A browser morphs this many rows without a stutter; the others follow with the next message, oldest first.
MOST_ROWS = 100
# Messages that are kept for the next tab: those that look at the same are mostly told the same within a second.
MOST_SAID = 64
NOWHERE = "There is no page at that address that could be kept up to date."
_LINES = re.compile(r"\r\n|\r|\n")


class Tab:
    """What one tab has got so far, and so what is new to it."""

    def __init__(self, watch: Watch, since: int) -> None:
        self._watch = watch
        self._since = since
        self._sent: dict[str, tuple[int, object]] = {}
        self.behind = False

    async def news(self) -> str:
        """The pieces that changed since the last time, as elements that replace their like; empty when none did.

        Sets `behind` where there are more of them than a browser takes at once.
        """
        sent = self._sent
        new = [piece for piece in await self._watch.look() if self._is_new(piece)]
        new.sort(key=lambda piece: (piece.is_row, sent[piece.id][0] if piece.id in sent else 0))
        chosen, self.behind = new[:MOST_ROWS], len(new) > MOST_ROWS
        sent.update((piece.id, (piece.serial, _shows(piece))) for piece in chosen)
        return _said(tuple(chosen), now() // 1000)

    def _is_new(self, piece: Piece) -> bool:
        """Whether it is not what was sent last: a board that holds less than is shown numbers the same anew."""
        if piece.id not in self._sent:
            return piece.serial > self._since
        serial, shown = self._sent[piece.id]
        if piece.serial <= serial:
            return False
        if shown == (shows := _shows(piece)):
            self._sent[piece.id] = (piece.serial, shows)
            return False
        return True


def _shows(piece: Piece) -> object:
    """What tells its value from another: HTML would be kept once more for each tab."""
    return hash(piece.value) if isinstance(piece.value, str) else piece.value


@lru_cache(maxsize=MOST_SAID)
def _said(pieces: tuple[Piece, ...], second: int) -> str:
    """The elements: written once for all tabs that are told the same within a second."""
    return fill("\n".join(f'<hx-partial id="{piece.id}">{piece.html}</hx-partial>' for piece in pieces), 1000 * second)


def watch(desk: Desk, params: QueryParams) -> Tab:
    """The tab that these parameters describe; Invalid where `at` is no page of ours that lives."""
    at = params.get("at", "")
    address = _split(at)
    asked = Asked(at, QueryParams(address.query), params.get("rows", ""))
    found = watch_of(desk, asked, parts(desk.base, address))
    if found is None:
        raise Invalid(NOWHERE)
    return Tab(found, desk.board.since(params.get("since", "")))


def _split(at: str) -> SplitResult:
    try:
        return urlsplit(at)
    except ValueError:
        raise Invalid(NOWHERE) from None


def parts(base: str, address: SplitResult) -> list[str]:
    """What stands below the base path in an address here, decoded."""
    path = address.path
    if address.scheme or address.netloc or (path != base and not path.startswith(base + "/")):
        raise Invalid(NOWHERE)
    return [decode_part(part) for part in path[len(base) :].split("/") if part]


async def fragments(request: Request) -> Response:
    """What changed since the mark, once: for those whom streams do not reach."""
    desk = desk_of(request)
    desk.herd.glance()
    tab = watch(desk, request.query_params)
    # Before looking: what others change meanwhile is then sent once too often rather than never.
    mark = desk.board.mark
    news = await tab.news()
    return Response(news, media_type="text/html", headers={} if tab.behind else {"X-Tickbird-Mark": mark})


async def live(request: Request) -> Response:
    """The stream."""
    desk, params = desk_of(request), request.query_params
    if again := request.headers.get("last-event-id"):
        params = QueryParams({**params, "since": again})
    return Stream(desk, watch(desk, params))


class Stream(Response):
    """Server-sent events for one tab, until it goes away, reads too slowly, is told to end, or its time is over."""

    media_type = "text/event-stream"

    def __init__(self, desk: Desk, tab: Tab) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._desk, self._tab = desk, tab
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()

    def end(self) -> None:
        """Say no more; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._over.set)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        tasks = [asyncio.ensure_future(each) for each in (self._speak(send), _gone(receive), self._over.wait())]
        self._desk.streams.add(self)
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
        if not stuck:  # to say good-bye to who takes nothing would be to wait for ever
            await farewell(send, BYE if self._over.is_set() else b"")

    async def _speak(self, send: Send) -> None:
        silent_since = time.monotonic()
        over = silent_since + LONGEST_STREAM
        with self._desk.herd.watching():
            while time.monotonic() < over:
                started, version = time.monotonic(), self._desk.herd.snapshot().version
                if message := await self._message(started - silent_since):
                    async with asyncio.timeout(SLOWEST_READER):
                        await send({"type": "http.response.body", "body": message, "more_body": True})
                    silent_since = started
                await self._desk.herd.newer(version, PACE)
                await asyncio.sleep(max(0.0, PACE - (time.monotonic() - started)))

    async def _message(self, silent: float) -> bytes:
        """What there is to say now; empty when there is nothing, a comment when that has been so for long."""
        mark = self._desk.board.mark
        news = ""
        # Redis is slow, or the queue gone: the tab keeps what it shows, whose ages tell how old it is, and looks again.
        with contextlib.suppress(TickbirdError):
            news = await self._tab.news()
        if news:
            return event(news, "" if self._tab.behind else mark)
        return b": still here\n\n" if silent >= HEARTBEAT else b""


@lru_cache(maxsize=MOST_SAID)
def event(html: str, id: str) -> bytes:
    """One server-sent event; HTML does not mind which line breaks it has."""
    lines = "".join(f"data: {line}\n" for line in _LINES.split(html))
    return f"{f'id: {id}{chr(10)}' if id else ''}{lines}\n".encode("utf-8", "replace")


async def farewell(send: Send, last: bytes) -> None:
    """The end of a stream, for who still takes it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORD):
            await send({"type": "http.response.body", "body": last})


def end_streams(app: Starlette) -> None:
    """End every open stream of this dashboard, so that a server which goes down need not wait for them."""
    desk: Desk = app.state.desk
    for stream in list(desk.streams):
        stream.end()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def routes(base: str) -> list[Route]:
    return [
        RawRoute(f"{base}/live", live, needs=Permission.VIEW, costs=Cost.TAB),
        RawRoute(f"{base}/fragments", fragments, needs=Permission.VIEW),
    ]
