"""An operation's way through its scopes, slice by slice; it waits for its Redis, for people and for its canary."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from redis.exceptions import NoPermissionError

from core.errors import NotFound, TickbirdError, Unavailable
from core.ground import Ground
from core.operations.canary import Canary
from core.operations.control import Control, Throttle
from core.operations.drift import Drifted
from core.operations.operation import Skip, Status
from core.operations.pace import Pace
from core.operations.place import START, Place
from core.operations.record import FREE, Cost, Frozen
from core.operations.scope import Scope
from core.operations.slices import Steps
from core.operations.steps import steps_through
from core.operations.tally import Book

# How long to wait for a Redis that is away before it is tried again (seconds).
AWAY = 1.0
# How long one that goes on after a restart waits until its queue has been found again (seconds).
PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Outfit:
    """What it goes with: a book for each scope, a pace for each instance, and the jobs that go first, if any do."""

    books: tuple[Book, ...]
    paces: dict[str, Pace]
    canary: Canary | None = None


class Course:
    """Where it is, and what that has cost. `error` is the first that ended a scope early."""

    def __init__(self, frozen: Frozen, ground: Ground, control: Control, outfit: Outfit) -> None:
        self._frozen, self._ground, self._control = frozen, ground, control
        self._books, self._paces, self._canary = outfit.books, outfit.paces, outfit.canary
        self._throttle = Throttle(frozen.request.options.rate)
        self.at, self.error = 0, ""
        self._steps: Steps | None = None
        self._spent, self._before, self._patient_until = 0.0, FREE, 0.0

    def restore(self, at: int, place: Place, cost: Cost, error: str) -> None:
        """Stand where an earlier process left off."""
        self._patient_until = time.monotonic() + PATIENCE
        self.at, self._before, self.error = at, cost, error
        if self._books:
            self._books[at].begun, self._books[at].tolerated = place, place.tolerated

    @property
    def place(self) -> Place:
        """Where it stands within the scope that is under way."""
        if self._steps is not None:
            return self._steps.place()
        return self._books[self.at].begun if self._books else START

    @property
    def looked(self) -> int:
        """How many jobs it has looked at, whether or not they were meant."""
        return sum(scope.reach for scope in self._frozen.scopes[: self.at]) + self.place.walked

    @property
    def cost(self) -> Cost:
        """With what it had cost before this process."""
        before, paces = self._before, self._paces.values()
        return Cost(
            before.spent + self._spent,
            before.slices + sum(pace.slices for pace in paces),
            max((before.largest, *(pace.largest for pace in paces))),
            max((before.longest, *(pace.longest for pace in paces))),
        )

    def tolerate(self) -> None:
        """Somebody lets it go on though something was amiss."""
        for book in self._books:
            book.tolerate()
        if self._canary is not None and self._canary.is_full:
            self._canary.passed = True

    async def run(self, started: int) -> None:
        """To the end, or until it is stopped. `started` is when it began, ms since the epoch."""
        for number in range(self.at, len(self._books)):
            self.at, self._steps = number, None
            self._books[number].started = started
            error = await self._through(self._frozen.scopes[number], self._books[number])
            self.error = self.error or error
            if self._control.is_stopping:
                return

    async def _through(self, scope: Scope, book: Book) -> str:
        """Do one scope; what ended it early, if anything did."""
        if scope.is_empty:
            return ""
        try:
            self._steps = await self._begun(scope, book)
            while self._steps and not self._control.is_stopping and await self._step(scope, self._steps):
                pass
        except TickbirdError as refused:
            rest = max(0, scope.count - book.done - book.passed_over)
            book.skip(Skip(scope.queue, None, refused.code, str(refused)), rest)
            return str(refused)
        finally:
            self._ground.touched(scope.queue)
            await book.after_slice()
        return ""

    async def _begun(self, scope: Scope, book: Book) -> Steps | None:
        """The way through it, as soon as its queue is known; None when it is stopped before."""
        while not self._control.is_stopping:
            try:
                return steps_through(self._ground, self._frozen.request, scope, book)
            except Unavailable as trouble:
                await self._away(trouble)
            except NotFound as missing:
                if time.monotonic() > self._patient_until:
                    raise
                await self._away(missing)
        return None

    async def _step(self, scope: Scope, steps: Steps) -> bool:
        if not (await self._control.opened() and await self._canary_lives() and await self._control.opened()):
            return not self._control.is_stopping
        book = self._books[self.at]
        started, handled = time.monotonic(), book.done + book.passed_over
        try:
            async with self._ground.turn(scope.queue):
                more = await steps.step()
                self._control.answers()
                await asyncio.sleep(self._paces[scope.queue.instance].left())
        except Drifted as drifted:
            self._control.hold(Status.STOPPED, drifted.sentence)
            return True
        except Unavailable as trouble:
            if isinstance(trouble.__cause__, NoPermissionError):
                raise
            await self._away(trouble)
            return True
        await book.after_slice()
        await self._control.rest(self._throttle.left(book.done + book.passed_over - handled))
        self._spent += time.monotonic() - started
        return more

    async def _canary_lives(self) -> bool:
        """Whether nothing stands against the next slice: those that went first, if any had to, have completed."""
        if self._canary is None or not self._canary.is_full:
            return True
        trouble = await self._canary.watch(self._ground, self._control.rest)
        if trouble and not self._control.is_stopping:
            self._control.hold(Status.STOPPED, trouble)
        return self._canary.passed

    async def _away(self, trouble: TickbirdError) -> None:
        self._control.waits(str(trouble))
        await self._control.rest(AWAY)
