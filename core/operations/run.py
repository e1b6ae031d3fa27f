"""One operation under way, as it is told to begin, hold, go on and end; and how far an earlier process came."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from functools import cached_property, partial

from core.errors import Conflict
from core.ground import Ground
from core.mutations.above import meeting
from core.operations.canary import Canary
from core.operations.control import Control
from core.operations.course import Course, Outfit
from core.operations.journal import Journal
from core.operations.operation import HELD, LIVE, OVER, Operation, Status, Target, Told
from core.operations.outside import Outside
from core.operations.pace import Pace
from core.operations.record import Frozen, Progress
from core.operations.scope import Scope
from core.operations.skips import SkipLog
from core.operations.tally import Book, Tally
from core.store.shapes import written

log = logging.getLogger("tickbird.operations")
INTERRUPTED = "Tickbird was restarted; resume to go on."
TAKEN = "Another Tickbird runs it."
# Of what people told it the first is remembered, which began it, and the newest.
MOST_TOLD = 20


class Run:
    """An operation and its scopes, frozen when it was previewed."""

    def __init__(self, id: str, frozen: Frozen, ground: Ground, journal: Journal, outside: Outside) -> None:
        self.id, self.frozen = id, frozen
        self.task: asyncio.Task[None] | None = None
        self.skips = SkipLog(id)
        self._journal, self._outside = journal, outside
        self._control = Control(lambda: journal.changed(self))
        self._tally = Tally(listed=self.skips.add)
        options = frozen.request.options
        wanted = options.canary
        self._canary = Canary(wanted, options.canary_wait, redaction=outside.redaction) if wanted else None
        paces = {scope.queue.instance: Pace() for scope in frozen.scopes}
        self._books = tuple(self._book(scope, paces[scope.queue.instance]) for scope in frozen.scopes)
        self._course = Course(frozen, ground, self._control, Outfit(self._books, paces, self._canary))
        self._started: int | None = None
        self._finished: int | None = None
        self._told: tuple[Told, ...] = ()

    def _book(self, scope: Scope, pace: Pace) -> Book:
        return Book(
            self._tally,
            pace,
            before_slice=partial(self._journal.before_slice, self),
            after_slice=partial(self._journal.after_slice, self),
            before_removal=partial(self._outside.before_removal, self.id),
            spared=partial(self._outside.spared, self.id),
            options=self.frozen.request.options,
            canary=self._canary,
            redaction=self._outside.redaction,
            reach=scope.reach,
        )

    @cached_property
    def signable(self) -> str:
        """All that was frozen, as a text."""
        return written(self.frozen)

    @property
    def status(self) -> Status:
        return self._control.status

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
        self._control.status, self._control.trouble = progress.status, progress.trouble
        self._started, self._finished, self._told = progress.started, progress.finished, progress.told
        self._tally.done, self._tally.unconfirmed = progress.done, progress.unconfirmed
        self._tally.reasons, self._tally.examples = Counter(progress.skipped), list(progress.examples)
        for number, (done, passed_over) in progress.books.items():
            book = self._books[int(number)]
            book.done, book.passed_over = done, passed_over
        if self._canary is not None:
            self._canary.birds, self._canary.passed = progress.birds, progress.passed
        self.skips.restore(progress.listed, progress.unlisted, progress.sheets)
        self._course.restore(progress.at, progress.place, progress.cost, progress.error)

    def interrupt(self) -> None:
        """Whoever ran it does so no more."""
        self._control.interrupt(INTERRUPTED)

    def say(self, trouble: str) -> None:
        """What people should know of it."""
        self._control.trouble = trouble

    def check(self, act: str) -> None:
        """Raises Conflict where it cannot be told to `pause`, `resume` or `cancel`."""
        if act == "pause" and self.status not in LIVE:
            raise Conflict(f"The operation is {self.status}: there is nothing to pause.")
        if act == "resume" and self.status in OVER:
            raise Conflict(f"The operation is {self.status}.", "Start a new one.")
        if act == "cancel" and self.status in (Status.DONE, Status.FAILED):
            raise Conflict(f"The operation is {self.status}: there is nothing to cancel.")

    def hear(self, told: Told) -> None:
        """Do one of these, and remember who wanted it. Raises Conflict as `check` does."""
        self.check(told.act)
        self._told = (*self._told[:1], *(*self._told[1:], told)[1 - MOST_TOLD :]) if self._told else (told,)
        {"pause": self._pause, "resume": self._resume, "cancel": self.cancel}[told.act]()

    def _pause(self) -> None:
        self._control.hold(Status.PAUSED)

    def _resume(self) -> None:
        if self.status is Status.STOPPED:
            self._course.tolerate()
        if self.status is Status.PREVIEWED or self.status in HELD:
            self._control.go_on()
        if self.task is None:
            self.task = asyncio.create_task(self._go())
            self.task.add_done_callback(lambda _: self._journal.changed(self))

    def cancel(self) -> None:
        """No further slice; what is done stays done."""
        if self.status is not Status.CANCELLED:
            self._end(Status.CANCELLED)
        self._control.halt()

    def park(self) -> None:
        """No further slice in this process: another may go on."""
        self.interrupt()
        self._control.halt()

    def picture(self) -> Operation:
        """How it stands."""
        cost, handled = self._course.cost, self._tally.done + self._tally.reasons.total()
        looked = self._course.looked if self.frozen.request.query else 0
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
            trouble=self._control.trouble,
            slices=cost.slices,
            largest_slice=cost.largest,
            longest_slice=cost.longest * 1000,
            looked=looked,
            look_rate=looked / cost.spent if cost.spent and looked else None,
            sample=tuple((example.queue, example.id) for example in self.frozen.sample),
            birds=self._canary.birds if self._canary is not None else (),
            told=self._told,
            listed=self.skips.listed,
            unlisted=self.skips.unlisted,
        )

    def progress(self, before: Progress | None = None) -> Progress:
        """What is to be recorded; of books only those that may have changed since `before`."""
        first, at = before.at if before else 0, self._course.at
        books = enumerate(self._books[first : at + 1], first)
        return Progress(
            status=self.status,
            started=self._started,
            finished=self._finished,
            trouble=self._control.trouble,
            error=self._course.error,
            done=self._tally.done,
            unconfirmed=self._tally.unconfirmed,
            skipped=dict(self._tally.reasons),
            examples=tuple(self._tally.examples),
            books={
                str(number): (book.done, book.passed_over) for number, book in books if book.done or book.passed_over
            },
            at=at,
            place=self._course.place,
            cost=self._course.cost,
            told=self._told,
            birds=self._canary.birds if self._canary is not None else (),
            passed=self._canary is not None and self._canary.passed,
            listed=self.skips.listed,
            unlisted=self.skips.unlisted,
            sheets=self.skips.sheets,
        )

    async def _go(self) -> None:
        begins = self._started is None
        if begins and not await self._journal.begin_run(self):
            self._control.status, self._control.trouble = Status.PREVIEWED, TAKEN
            return
        self._started = self._started or _now()
        if begins:
            await self._outside.tell(self.picture(), "begun")
        with meeting():
            await self._run_through(self._started)
            if self.over:
                await self._outside.tell(self.picture(), "ended")

    async def _run_through(self, started: int) -> None:
        try:
            await self._course.run(started)
        except Exception as fault:  # a fault of ours must not leave an operation that seems to run
            log.exception("operation %s failed", self.id)
            self._control.trouble = f"Tickbird ran into a fault of its own: {fault!r}."
            self._end(Status.FAILED)
            return
        if not self._control.is_stopping:
            self._control.trouble = self._course.error
            self._end(Status.FAILED if self._course.error and not self._tally.done else Status.DONE)

    def _end(self, status: Status) -> None:
        self._finished = _now()
        self._control.become(status)


def _target(scope: Scope, book: Book) -> Target:
    return Target(
        scope.queue,
        scope.state,
        scope.count,
        scope.exact,
        scope.refusal,
        book.done,
        book.passed_over,
        scope.reach,
        scope.looked,
        scope.least,
        scope.cutoff,
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
