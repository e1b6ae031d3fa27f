"""Whether what an operation goes through is still what was previewed. Where it is not, it stops and asks a person.

Only states in which jobs rest are judged by their number: elsewhere they come and go by themselves.
"""

from __future__ import annotations

import time

from core.dialects.contract import contract
from core.operations.doing import Doing
from core.operations.place import Mark
from core.operations.request import Request
from core.operations.scope import DATED, Scope, left_in
from core.operations.tally import Book
from core.words import count

# So few jobs are no drift, whatever share of all they are.
FEW = 100
# How often the jobs that are left are counted (seconds).
EVERY = 1.0


class Drifted(Exception):
    """It is not what was previewed any more; the sentence says in what."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def allowed(request: Request, jobs: int) -> int:
    """So many jobs more or fewer than previewed are taken as they come."""
    return max(FEW, jobs * request.options.tolerance // 100)


class Drift:
    """Judges one scope. What a person let pass once is not held up again."""

    def __init__(self, doing: Doing, request: Request, scope: Scope, book: Book) -> None:
        self._instance, self._request, self._scope, self._book = doing.instance, request, scope, book
        self._rests = scope.state in DATED and scope.last is not None and not request.ruled
        self._key = doing.queue.id.base + contract(doing.queue.identity).keys[scope.state] if scope.state else b""
        self._looked_at = 0.0

    async def check(self, mark: Mark, walked: int) -> None:
        """Before the first slice and every moment: raises Drifted where too many have left without us."""
        if time.monotonic() - self._looked_at < EVERY:
            return
        gone = await self.gone(mark, walked)
        self.judge(gone, f"{count(max(0, gone))} of the {count(self._scope.count)} jobs that were previewed")

    async def gone(self, mark: Mark, walked: int) -> int:
        """How many of those that are still ahead have left the state meanwhile; 0 where that is nothing unusual."""
        self._looked_at = time.monotonic()
        if not self._rests:
            return 0
        left = await left_in(self._instance, self._key, self._scope, mark.behind[0] if mark.behind else None)
        return max(0, self._scope.reach - walked - left)

    def judge(self, off: int, what: str) -> None:
        """Raises Drifted where the number is off by more than is tolerated."""
        most = allowed(self._request, self._scope.count)
        if abs(off - self._book.tolerated) <= most:
            return
        self._book.drifted = off
        have = "have left" if off > 0 else "are in"
        raise Drifted(
            f"{what} {have} {self._scope.queue.name or '(empty)'} {self._scope.state} meanwhile, and not through this "
            f"operation: the tolerance is {count(most)}. Look again, and resume to go on with what is left."
        )
