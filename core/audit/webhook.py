"""The audit log told to an address of the user's choice, line by line, in order, as long as this process lives.

Nothing waits for it: lines queue up in memory, and where there are too many the oldest go, which is said. Whoever
receives it may get a line twice (its `line` is then the same), and can tell by the signature that it is ours.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import islice
from typing import Any

import httpx2

from core import outbound
from core.audit.webhook_target import Target, signature
from core.errors import TickbirdError, Unavailable

log = logging.getLogger("tickbird.audit.webhook")
# What waits for a receiver that is away: some 10 MB at most, an hour of ten acts a second.
MOST = 20_000
BATCH = 50
# How long one delivery may take in all (seconds), and how long the next waits after a failed one, at first and later.
PATIENCE = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# What is still waiting when Tickbird stops gets this long (seconds).
FAREWELL = 1.0
SIGNATURE = "tickbird-signature"
ALLOWED_BY = "audit.webhook_internal = true"


@dataclass(frozen=True, slots=True)
class Standing:
    """How it goes. `failing_since` and `delivered_at` are instants in ms; `dropped` counts the lines that were given up
    since the last delivery, `lost` all of them."""

    shown: str
    waiting: int = 0
    dropped: int = 0
    lost: int = 0
    failing_since: int | None = None
    why: str = ""
    delivered_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    serial: int
    content: Mapping[str, Any]


class Webhook:
    """Sends what it is told in the background, from the first line on. `pause` says how long to wait after so many
    failures (seconds)."""

    def __init__(self, target: Target, *, most: int = MOST, pause: Callable[[int], float] | None = None) -> None:
        self._target, self._most, self._pause = target, most, pause or _pause
        self._lines: deque[_Line] = deque()
        self._serial = self._tries = 0
        self._standing = Standing(target.shown)
        self._task: asyncio.Task[None] | None = None
        self._client: httpx2.AsyncClient | None = None
        self._news, self._ending = asyncio.Event(), asyncio.Event()

    @property
    def standing(self) -> Standing:
        """How it goes now."""
        return replace(self._standing, waiting=len(self._lines))

    def tell(self, content: Mapping[str, Any]) -> None:
        """A line of the audit log, to be sent when its turn comes. Waits for nothing."""
        self._serial += 1
        self._lines.append(_Line(self._serial, content))
        if len(self._lines) > self._most:
            self._drop()
        self._news.set()
        if self._task is None:
            # Whoever acts first is not who sends from now on.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=contextvars.Context())

    async def stop(self) -> None:
        """What waits is tried once more, for a moment; what is left is in the log of this process."""
        self._ending.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=FAREWELL)
            self._task.cancel()
            await asyncio.wait([self._task], timeout=FAREWELL / 2)
        if self._lines:
            log.warning("%d lines of the audit log were not delivered to %s", len(self._lines), self._target.shown)

    async def _run(self) -> None:
        try:
            while self._lines or not self._ending.is_set():
                if not self._lines:
                    await self._woken()
                elif not await self._delivered():
                    if self._ending.is_set():
                        return
                    await self._rest()
        finally:
            if self._client is not None:
                await self._client.aclose()

    async def _woken(self) -> None:
        self._news.clear()
        waits = [asyncio.ensure_future(event.wait()) for event in (self._news, self._ending)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _rest(self) -> None:
        """Until it is time for another try, or Tickbird stops."""
        try:
            async with asyncio.timeout(self._pause(self._tries)):
                await self._ending.wait()
        except TimeoutError:
            return

    async def _delivered(self) -> bool:
        # After a failure one at a time, lest it was the size of what was sent.
        batch = tuple(islice(self._lines, BATCH if not self._tries else 1))
        dropped = self._standing.dropped
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send(batch, dropped)
        except Exception as error:  # the boundary: whatever a receiver does, the next line is told nevertheless
            self._failed(_reason(error))
            return False
        # Of those that were delivered, some may have been dropped meanwhile: they were not lost.
        gone = sum(not self._lines or line.serial < self._lines[0].serial for line in batch)
        while self._lines and self._lines[0].serial <= batch[-1].serial:
            self._lines.popleft()
        self._succeeded(dropped, gone)
        return True

    async def _send(self, batch: tuple[_Line, ...], dropped: int) -> None:
        body = json.dumps({"lines": [_shaped(line.content) for line in batch], "dropped": dropped}).encode()
        headers = {
            "content-type": "application/json",
            "user-agent": "Tickbird",
            SIGNATURE: signature(self._target.secret, body, int(time.time())),
        }
        # What it answers besides the status is never read.
        async with self._open().stream("POST", self._target.url, content=body, headers=headers) as answer:
            if not HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
                raise Unavailable(_answered(answer.status_code))

    def _open(self) -> httpx2.AsyncClient:
        if self._client is None:
            verify = self._target.ca or True
            self._client = outbound.client(internal=self._target.internal, allowed_by=ALLOWED_BY, verify=verify)
        return self._client

    def _drop(self) -> None:
        if not self._standing.dropped:
            log.warning("%s is too slow: the oldest lines of the audit log are not sent there", self._target.shown)
        self._lines.popleft()
        self._standing = replace(self._standing, dropped=self._standing.dropped + 1, lost=self._standing.lost + 1)

    def _failed(self, why: str) -> None:
        self._tries += 1
        since = self._standing.failing_since
        if since is None:
            log.warning("the audit log cannot be sent to %s: %s", self._target.shown, why)
        self._standing = replace(self._standing, failing_since=since or _now(), why=why)

    def _succeeded(self, told: int, gone: int) -> None:
        standing, self._tries = self._standing, 0
        if standing.failing_since is not None:
            log.warning("the audit log is sent to %s again; %d lines were given up", standing.shown, standing.dropped)
        self._standing = replace(
            standing,
            failing_since=None,
            why="",
            delivered_at=_now(),
            dropped=standing.dropped - told - gone,
            lost=standing.lost - gone,
        )


def _shaped(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry is told twice, when it begins and when it is over: each of the two has a name of its own."""
    return {"line": f"{content['id']}-{content['ended']}", **content}


def _answered(status: int) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"it answers {status}, and redirects are not followed."
    return f"it answers {status}."


def _reason(error: Exception) -> str:
    """In a sentence that quotes neither the address nor what was answered."""
    if isinstance(error, TickbirdError):
        return f"{error.message} {error.hint}".strip()
    if isinstance(error, (TimeoutError, httpx2.TimeoutException)):
        return "it does not answer in time."
    if isinstance(error, httpx2.ConnectError):
        return f"no connection: {str(error)[:200]}"
    return f"it cannot be spoken with ({type(error).__name__})."


def _pause(tries: int) -> float:
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 10)))


def _now() -> int:
    return time.time_ns() // 1_000_000
