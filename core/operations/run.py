"""One operation under way: from slice to slice until it is done, paused or cancelled; it waits for its Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from functools import partial

from redis.exceptions import NoPermissionError

from core.errors import Conflict, NotFound, TickbirdError, Unavailable
from core.ground import Ground
from core.operations.journal import Journal
from core.operations.operation import LIVE, OVER, Operation, Skip, Status, Target
from core.operations.pace import Pace
from core.operations.place import START, Place
from core.operations.record import FREE, Cost, Frozen, Progress
from core.operations.scope import Scope
from core.operations.slices import Steps
from core.operations.steps import steps_through
from core.operations.tally import Book, Tally

log = logging.getLogger("tickbird.operations")
# How long to wait for a Redis that is away before it is tried again (seconds).
AWAY = 1.0
# How long one that goes on after a restart waits until its queue has been found again (seconds).
PATIENCE = 15.0
INTERRUPTED = "Tickbird was restarted; resume to go on."
TAKEN = "Another Tickbird runs it."


class Run:
    """An operation and its scopes, frozen when it was previewed; and how far an earlier process came."""

    def __init__(self, id: str, frozen: Frozen, ground: Ground, journal: Journal) -> None:
        self.id, self.frozen, self.status = id, frozen, Status.PREVIEWED
        self.task: asyncio.Task[None] | None = None
        self._ground, self._journal, self._tally = ground, journal, Tally()
        self._paces = {scope.queue.instance: Pace() for scope in frozen.scopes}
        recorded = partial(journal.before_slice, self)
        self._books = tuple(
            Book(self._tally, self._paces[scope.queue.instance], before_slice=recorded) for scope in frozen.scopes
        )
        self._started: int | None = None
        self._finished: int | None = None
        self._trouble = self._error = ""
        self._at, self._spent, self._before = 0, 0.0, FREE
        self._steps: Steps | None = None
        self._patient_until = 0.0
        self._open, self._stop = asyncio.Event(), asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in OVER

    @property
    def still(self) -> bool:
        """Whether no slice of it is under way."""
        return self.task is None or self.task.done()

    @property
    def begins(self) -> bool:
        """Whether it was told to begin, and it is not known yet whether it may."""
        return self._started is None and not self.still

    def restore(self, progress: Progress) -> None:
        """Stand where the record says."""
        self._patient_until = time.monotonic() + PATIENCE
        self.status, self._started, self._finished = progress.status, progress.started, progress.finished
        self._trouble, self._error, self._before = progress.trouble, progress.error, progress.cost
        self._tally.done, self._tally.unconfirmed = progress.done, progress.unconfirmed
        self._tally.reasons, self._tally.examples = Counter(progress.skipped), list(progress.examples)
        for number, (done, passed_over) in progress.books.items():
            book = self._books[int(number)]
            book.done, book.passed_over = done, passed_over
        self._at = progress.at
        if self._books:
            self._books[self._at].begun = progress.place

    def interrupt(self) -> None:
        """Whoever ran it does so no more."""
        if self.status in LIVE:
            self.status, self._trouble = Status.PAUSED, INTERRUPTED

    def say(self, trouble: str) -> None:
        """What people should know of it."""
        self._trouble = trouble

    def check(self, act: str) -> None:
        """Raises Conflict where it cannot be told to `pause`, `resume` or `cancel`."""
        if act == "pause" and self.status not in LIVE:
            raise Conflict(f"The operation is {self.status}: there is nothing to pause.")
        if act == "resume" and self.status in OVER:
            raise Conflict(f"The operation is {self.status}.", "Start a new one.")
        if act == "cancel" and self.status in (Status.DONE, Status.FAILED):
            raise Conflict(f"The operation is {self.status}: there is nothing to cancel.")

    def told(self, act: str) -> None:
        """Do one of these. Raises Conflict as `check` does."""
        self.check(act)
        {"pause": self.pause, "resume": self.resume, "cancel": self.cancel}[act]()

    def pause(self) -> None:
        """Hold it before the next slice."""
        self._open.clear()
        self._become(Status.PAUSED)

    def resume(self) -> None:
        """Go on, or begin what was previewed."""
        if self.status in (Status.PREVIEWED, Status.PAUSED):
            self._trouble = ""
            self._become(Status.RUNNING)
            self._open.set()
        if self.task is None:
            self.task = asyncio.create_task(self._go())
            self.task.add_done_callback(lambda _: self._journal.changed(self))

    def cancel(self) -> None:
        """No further slice; what is done stays done."""
        if self.status is not Status.CANCELLED:
            self._end(Status.CANCELLED)
        self._halt()

    def park(self) -> None:
        """No further slice in this process: another may go on."""
        self.interrupt()
        self._halt()

    def picture(self) -> Operation:
        """How it stands."""
        cost, handled = self._costs(), self._tally.done + self._tally.reasons.total()
        return Operation(
            id=self.id,
            request=self.frozen.request,
            status=self.status,
            targets=tuple(map(_target, self.frozen.scopes, self._books)),
            created=self.frozen.created,
            started=self._started,
            finished=self._finished,
            done=self._tally.done,
            unconfirmed=self._tally.unconfirmed,
            skipped=dict(self._tally.reasons),
            examples=tuple(self._tally.examples),
            rate=handled / cost.spent if cost.spent and handled else None,
            trouble=self._trouble,
            slices=cost.slices,
            largest_slice=cost.largest,
            longest_slice=cost.longest * 1000,
        )

    def progress(self, before: Progress | None = None) -> Progress:
        """What is to be recorded; of books only those that may have changed since `before`."""
        first = before.at if before else 0
        books = enumerate(self._books[first : self._at + 1], first)
        return Progress(
            status=self.status,
            started=self._started,
            finished=self._finished,
            trouble=self._trouble,
            error=self._error,
            done=self._tally.done,
            unconfirmed=self._tally.unconfirmed,
            skipped=dict(self._tally.reasons),
            examples=tuple(self._tally.examples),
            books={
                str(number): (book.done, book.passed_over) for number, book in books if book.done or book.passed_over
            },
            at=self._at,
            place=self._place(),
            cost=self._costs(),
        )

    async def _go(self) -> None:
        if self._started is None and not await self._journal.begin_run(self):
            self.status, self._trouble = Status.PREVIEWED, TAKEN
            return
        self._started = self._started or _now()
        try:
            await self._through_all()
        except Exception as fault:  # a fault of ours must not leave an operation that seems to run
            log.exception("operation %s failed", self.id)
            self._trouble = f"Tickbird ran into a fault of its own: {fault!r}."
            self._end(Status.FAILED)
            return
        if not self._stop.is_set():
            self._trouble = self._error
            self._end(Status.FAILED if self._trouble and not self._tally.done else Status.DONE)

    async def _through_all(self) -> None:
        for number in range(self._at, len(self._books)):
            self._at, self._steps = number, None
            error = await self._through(self.frozen.scopes[number], self._books[number])
            self._error = self._error or error
            if self._stop.is_set():
                return

    async def _through(self, scope: Scope, book: Book) -> str:
        """Do one scope; what ended it early, if anything did."""
        if scope.refusal or not scope.count:
            return ""
        try:
            self._steps = await self._begun(scope, book)
            while self._steps and not self._stop.is_set() and await self._step(scope, self._steps):
                pass
        except TickbirdError as refused:
            rest = max(0, scope.count - book.done - book.passed_over)
            book.skip(Skip(scope.queue, None, refused.code, str(refused)), rest)
            return str(refused)
        finally:
            self._ground.touched(scope.queue)
        return ""

    async def _begun(self, scope: Scope, book: Book) -> Steps | None:
        """The way through it, as soon as its queue is known; None when it is stopped before."""
        while not self._stop.is_set():
            try:
                return steps_through(self._ground, self.frozen.request, scope, book)
            except Unavailable as trouble:
                await self._away(trouble)
            except NotFound as missing:
                if time.monotonic() > self._patient_until:
                    raise
                await self._away(missing)
        return None

    async def _step(self, scope: Scope, steps: Steps) -> bool:
        await self._open.wait()
        if self._stop.is_set():
            return False
        started = time.monotonic()
        try:
            async with self._ground.turn(scope.queue):
                more = await steps.step()
                self._answers()
                await asyncio.sleep(self._paces[scope.queue.instance].left())
        except Unavailable as trouble:
            if isinstance(trouble.__cause__, NoPermissionError):
                raise
            await self._away(trouble)
            return True
        self._spent += time.monotonic() - started
        return more

    def _answers(self) -> None:
        self._trouble = self._trouble if self._stop.is_set() else ""
        if self.status is Status.WAITING:
            self._become(Status.RUNNING)

    async def _away(self, trouble: TickbirdError) -> None:
        self._trouble = str(trouble)
        if self.status is Status.RUNNING:
            self._become(Status.WAITING)
        try:
            async with asyncio.timeout(AWAY):
                await self._stop.wait()
        except TimeoutError:
            return

    def _end(self, status: Status) -> None:
        self._finished = _now()
        self._become(status)

    def _become(self, status: Status) -> None:
        self.status = status
        self._journal.changed(self)

    def _halt(self) -> None:
        self._stop.set()
        self._open.set()

    def _place(self) -> Place:
        if self._steps is not None:
            return self._steps.place()
        return self._books[self._at].begun if self._books else START

    def _costs(self) -> Cost:
        """With what it had cost before this process."""
        before, paces = self._before, self._paces.values()
        return Cost(
            before.spent + self._spent,
            before.slices + sum(pace.slices for pace in paces),
            max((before.largest, *(pace.largest for pace in paces))),
            max((before.longest, *(pace.longest for pace in paces))),
        )


def _target(scope: Scope, book: Book) -> Target:
    refused = scope.refusal
    return Target(scope.queue, scope.state, scope.count, scope.exact, refused, book.done, book.passed_over)


def _now() -> int:
    return time.time_ns() // 1_000_000
