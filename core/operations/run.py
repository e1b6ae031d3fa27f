"""One operation under way: from slice to slice until it is done, paused or cancelled; it waits for its Redis."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence

from redis.exceptions import NoPermissionError

from core.errors import Conflict, TickbirdError, Unavailable
from core.ground import Ground
from core.operations.operation import LIVE, OVER, Operation, Skip, Status, Target
from core.operations.pace import Pace
from core.operations.request import Request
from core.operations.scope import Scope
from core.operations.slices import Slices, Steps, Toggle
from core.operations.tally import Book, Tally

log = logging.getLogger("tickbird.operations")
# How long to wait for a Redis that is away before it is tried again (seconds).
AWAY = 1.0


class Run:
    """An operation and its scopes, frozen when it was previewed."""

    def __init__(self, request: Request, scopes: Sequence[Scope], ground: Ground) -> None:
        self.id = secrets.token_hex(8)
        self.request, self.status, self.created = request, Status.PREVIEWED, _now()
        self.task: asyncio.Task[None] | None = None
        self._ground, self._tally, self._scopes = ground, Tally(), tuple(scopes)
        self._paces = {scope.queue.instance: Pace() for scope in scopes}
        self._books = tuple(Book(self._tally, self._paces[scope.queue.instance]) for scope in scopes)
        self._started: int | None = None
        self._finished: int | None = None
        self._trouble = ""
        self._spent = 0.0
        self._open, self._stop = asyncio.Event(), asyncio.Event()

    def begin(self) -> None:
        """Start the previewed operation, in the background."""
        self.status, self._started = Status.RUNNING, _now()
        self._open.set()
        self.task = asyncio.create_task(self._go())

    def pause(self) -> None:
        """Hold it before the next slice. Raises Conflict where it does not run."""
        if self.status not in LIVE:
            raise Conflict(f"The operation is {self.status}: there is nothing to pause.")
        self.status = Status.PAUSED
        self._open.clear()

    def resume(self) -> None:
        """Go on, or begin what was previewed. Raises Conflict where it is over."""
        if self.status is Status.PREVIEWED:
            self.begin()
        elif self.status in OVER:
            raise Conflict(f"The operation is {self.status}.", "Start a new one.")
        elif self.status is Status.PAUSED:
            self.status = Status.RUNNING
            self._open.set()

    def cancel(self) -> None:
        """No further slice; what is done stays done. Raises Conflict where it is over otherwise."""
        if self.status in (Status.DONE, Status.FAILED):
            raise Conflict(f"The operation is {self.status}: there is nothing to cancel.")
        if self.status is not Status.CANCELLED:
            self._end(Status.CANCELLED)
        self._stop.set()
        self._open.set()

    def picture(self) -> Operation:
        """How it stands."""
        handled = self._tally.done + self._tally.reasons.total()
        return Operation(
            id=self.id,
            request=self.request,
            status=self.status,
            targets=tuple(map(_target, self._scopes, self._books)),
            created=self.created,
            started=self._started,
            finished=self._finished,
            done=self._tally.done,
            unconfirmed=self._tally.unconfirmed,
            skipped=dict(self._tally.reasons),
            examples=tuple(self._tally.examples),
            rate=handled / self._spent if self._spent and handled else None,
            trouble=self._trouble,
            slices=sum(pace.slices for pace in self._paces.values()),
            largest_slice=max((pace.largest for pace in self._paces.values()), default=0),
            longest_slice=max((pace.longest * 1000 for pace in self._paces.values()), default=0.0),
        )

    async def _go(self) -> None:
        try:
            errors = [
                await self._through(s, b) for s, b in zip(self._scopes, self._books, strict=True) if not s.refusal
            ]
        except Exception as fault:  # a fault of ours must not leave an operation that seems to run
            log.exception("operation %s failed", self.id)
            self._trouble = f"Tickbird ran into a fault of its own: {fault!r}."
            self._end(Status.FAILED)
            return
        if self.status is Status.CANCELLED:
            return
        self._trouble = next(filter(None, errors), "")
        self._end(Status.FAILED if self._trouble and not self._tally.done else Status.DONE)

    async def _through(self, scope: Scope, book: Book) -> str:
        """Do one scope; what ended it early, if anything did."""
        if not scope.count:
            return ""
        try:
            steps = self._steps(scope, book)
            while not self._stop.is_set() and await self._step(scope, steps):
                pass
        except TickbirdError as refused:
            rest = max(0, scope.count - book.done - book.passed_over)
            book.skip(Skip(scope.queue, None, refused.code, str(refused)), rest)
            return str(refused)
        finally:
            self._ground.touched(scope.queue)
        return ""

    def _steps(self, scope: Scope, book: Book) -> Steps:
        kind = Toggle if self.request.on_queues else Slices
        return kind(self._ground, self.request, scope, book)

    async def _step(self, scope: Scope, steps: Steps) -> bool:
        await self._open.wait()
        if self._stop.is_set():
            return False
        started = time.monotonic()
        try:
            async with self._ground.turn(scope.queue):
                more = await steps.step()
                self._answers()
                await asyncio.sleep(self._paces[scope.queue.instance].rest)
        except Unavailable as trouble:
            if isinstance(trouble.__cause__, NoPermissionError):
                raise
            await self._away(trouble)
            return True
        self._spent += time.monotonic() - started
        return more

    def _answers(self) -> None:
        self._trouble = ""
        if self.status is Status.WAITING:
            self.status = Status.RUNNING

    async def _away(self, trouble: Unavailable) -> None:
        self._trouble = str(trouble)
        if self.status is Status.RUNNING:
            self.status = Status.WAITING
        try:
            async with asyncio.timeout(AWAY):
                await self._stop.wait()
        except TimeoutError:
            return

    def _end(self, status: Status) -> None:
        self.status, self._finished = status, _now()


def _target(scope: Scope, book: Book) -> Target:
    refused = scope.refusal
    return Target(scope.queue, scope.state, scope.count, scope.exact, refused, book.done, book.passed_over)


def _now() -> int:
    return time.time_ns() // 1_000_000
