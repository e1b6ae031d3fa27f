"""Goes through one scope for the jobs that a query means: looks at a page, and acts on those of it that fit.

What it looks at and leaves is no skip: it was never meant. A page is cut short behind the last job that may be acted
on at once, and goes on there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.ground import Ground
from core.operations.counting import recounted
from core.operations.doing import Doing
from core.operations.drift import Drift, allowed
from core.operations.operation import Skip
from core.operations.place import START, Place
from core.operations.request import Action, Request
from core.operations.scope import Milestone, Scope
from core.operations.sifting import LOOK, Sifted, Sifting
from core.operations.slices import walk_through
from core.operations.tally import AWAY, Book, left_out
from core.text import text
from core.words import count

# Each of these walks a list by itself, so the first slice must be a small one.
ONE_BY_ONE = frozenset({Action.CHANGE_PRIORITY, Action.CHANGE_DELAY, Action.MOVE})
_FIRST = 20
# Moves go in short steps, between which Redis does other things.
_MOVED = 50


class Chosen:
    """Steps over the jobs of a state that are meant."""

    def __init__(self, ground: Ground, request: Request, scope: Scope, book: Book) -> None:
        self._request, self._scope, self._book, self._pace = request, scope, book, book.pace
        self._doing = Doing(ground, request, scope, book)
        self._walk = walk_through(self._doing, scope, book)
        self._sifting = Sifting(request, scope, book.redaction)
        self._drift = Drift(self._doing, request, scope, book)
        begun = book.begun
        self._walked, self._met, self._asked_for = begun.walked, begun.met, begun.asked_for
        self._flight, self._lost = list(begun.flight), bool(begun.flight)
        place = self._walk.mark().behind
        self._course = (stone for stone in scope.course if place is None or not _reached(place, stone))
        self._next_stone = next(self._course, None)
        self._ping, self._is_begun = 0.0, begun != START
        if request.action in ONE_BY_ONE:
            self._pace.size = min(self._pace.size, _MOVED if request.action is Action.MOVE else _FIRST)

    async def step(self) -> bool:
        await self._begin()
        if (most := self._most()) <= 0:
            return False
        page = await self._page()
        if not page:
            self._close()
            return False
        started = time.perf_counter()
        sifted = await self._sifting.of(self._doing.instance, self._doing.queue, page, self._walk)
        page, meant = _cut(page, sifted, most)
        chosen = [id for id in meant if id not in sifted.new]
        skips = await self._acted(chosen, page) if chosen else {}
        if not chosen:
            self._pace.rested(min(self._ping, time.perf_counter() - started))
        before = self._met
        self._pass(page, meant, skips)
        self._count(page, sifted, meant, skips)
        self._check(before)
        return True

    def place(self) -> Place:
        return Place(
            self._walk.mark(), self._walked, self._asked_for, tuple(self._flight), self._met, self._book.tolerated
        )

    async def _begin(self) -> None:
        """Whether it is still what was previewed, before anything is done."""
        if self._is_begun:
            return
        gone = await self._drift.gone(self._walk.mark(), 0)
        if not self._scope.least and gone > allowed(self._request, self._scope.count):
            now = await recounted(self._doing.instance, self._doing.queue, self._sifting)
            if now is not None:
                self._judge(self._scope.count - now, f"{count(abs(self._scope.count - now))} jobs that fit")
        self._is_begun = True

    def _most(self) -> int:
        """How many may be acted on in the next slice."""
        size, limit = self._book.most(self._pace.size), self._request.options.limit
        return size if limit is None else min(size, limit - self._book.done)

    async def _page(self) -> list[bytes]:
        """The next jobs to look at; what of a slice whose answer was lost is not there any more was acted on."""
        if self._lost:
            await self._find_out()
        before, started = self._walk.trips, time.perf_counter()
        self._asked_for = LOOK
        page = await self._walk.page(LOOK)
        self._ping = (time.perf_counter() - started) / max(1, self._walk.trips - before)
        return page

    async def _find_out(self) -> None:
        still = await self._walk.still(self._flight, max(self._asked_for, LOOK))
        gone = [id for id in self._flight if id not in still]
        if gone:
            refused = await self._doing.finish(gone)
            self._walk.vanished(len(gone))
            self._walked += len(gone)
            self._met += len(gone)
            self._book.add_unconfirmed(len(gone) - len(refused))
            for skip in refused.values():
                self._book.skip(skip)
            self._book.acted(self._scope.queue, [text(id) for id in gone])
        self._flight, self._lost = [], False

    async def _acted(self, chosen: list[bytes], page: Sequence[bytes]) -> dict[bytes, Skip]:
        self._flight, self._lost = chosen, True
        await self._book.before_slice()
        # In a list those that are left stand between its tail and the first that is acted on.
        place = self._walk.offset + page.index(chosen[0])
        skips = await self._doing.to(chosen, place=place, ping=self._ping)
        self._flight, self._lost = [], False
        return skips

    def _pass(self, page: Sequence[bytes], meant: Sequence[bytes], skips: dict[bytes, Skip]) -> None:
        done = {id for id in meant if id not in skips or skips[id].reason in AWAY}
        self._walk.passed(page, {id for id in page if id not in done})
        self._walked += len(page)
        self._met += len(meant)

    def _count(self, page: Sequence[bytes], sifted: Sifted, meant: Sequence[bytes], skips: dict[bytes, Skip]) -> None:
        new = [id for id in meant if id in sifted.new]
        self._book.add_done(len(meant) - len(skips) - len(new))
        for skip in skips.values():
            self._book.skip(skip)
        for id in new:
            self._book.skip(left_out(self._scope.queue, text(id), "new"))
        for id in sifted.unread.intersection(page):
            self._book.skip(left_out(self._scope.queue, text(id), "unread"))

    def _check(self, before: int) -> None:
        """Whether it meets as many jobs as it should, by now; `before` this page it had met so many."""
        place = self._walk.mark().behind
        while place is not None and self._next_stone is not None and _reached(place, self._next_stone):
            expected, self._next_stone = self._next_stone.fitting, next(self._course, None)
            # It was passed somewhere within this page.
            off = max(0, expected - self._met) - max(0, before - expected)
            self._judge(off, f"{count(abs(off))} jobs that fit")
        if not self._scope.least and self._request.options.limit is None:
            over = self._met - self._scope.count
            if over > 0:
                self._judge(-over, f"{count(over)} more jobs that fit")

    def _judge(self, off: int, what: str) -> None:
        self._drift.judge(off, what)

    def _close(self) -> None:
        """What was counted and never came was taken by workers, or by somebody else."""
        limit = self._request.options.limit
        gone = self._scope.count - (self._met if limit is None else self._book.done + self._book.passed_over)
        if gone > 0:
            self._book.skip(left_out(self._scope.queue, None, "gone"), gone)


def _cut(page: list[bytes], sifted: Sifted, most: int) -> tuple[list[bytes], list[bytes]]:
    """The page up to the last job that may be acted on now, and those of it that are meant."""
    meant = list(sifted.fitting)
    if len(meant) <= most:
        return page, meant
    meant = meant[:most]
    return page[: page.index(meant[-1]) + 1], meant


def _reached(place: tuple[bytes, bytes], stone: Milestone) -> bool:
    return (float(place[0]), place[1]) >= (float(stone.score), stone.id)
