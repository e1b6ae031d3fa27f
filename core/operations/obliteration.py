"""Makes an end of a whole queue: no worker takes another job, every job goes, and then all that is left of its keys.

Jobs that are added meanwhile go too. What it has not done yet it finds by looking, so it can begin anew at any time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.dialects.contract import LISTS, contract, is_marker
from core.errors import Conflict
from core.ground import Ground
from core.instance import Instance, pack
from core.model import Queue, State
from core.mutations.act import Act, Answer, wishes
from core.mutations.pausing import pause
from core.mutations.permits import check
from core.mutations.refusals import counted, refusal
from core.mutations.sentences import of_job, of_queue
from core.operations.leftovers import FIXED, Leftovers, beginning
from core.operations.operation import Skip
from core.operations.place import START, Place
from core.operations.request import Options, Request
from core.operations.scope import Scope, freeze, spelled
from core.operations.tally import AWAY, DONE, Book
from core.text import text

# One step through the keyspace: Redis needs three quarters of a millisecond for it.
STEP = 1_000
# So many active jobs are asked whether a worker holds them. More run nowhere at once.
ASKED = 5_000


async def whole_queue(instance: Instance, queue: Queue, now: int, *, force: bool) -> Scope:
    """Everything in the queue. Raises Conflict where workers hold jobs of it, unless forced."""
    check(queue, "pause")
    if not force:
        await _check_idle(instance, queue)
    states = [await freeze(instance, queue, state, Options(), now) for state in contract(queue.identity).states]
    # An empty queue has keys all the same.
    count = max(1, sum(scope.count for scope in states))
    return Scope(queue.id, None, count=count, reach=count, exact=True, cutoff=now)


async def _check_idle(instance: Instance, queue: Queue, after: str = "") -> None:
    base = queue.id.base
    (active,) = await instance.read([pack(b"LRANGE", base + b"active", 0, ASKED - 1)])
    locks = [base + id + b":lock" for id in active or ()]
    held = sum(await instance.read([pack(b"EXISTS", lock) for lock in locks]))
    if held:
        jobs = counted(held, "job", "jobs")
        raise Conflict(
            f"Workers hold {jobs} of {of_queue(queue)}{after}.",
            "Wait until they have finished, or force it: those jobs then vanish while they run, with their results.",
        )


class Obliteration:
    """Steps that end with the queue gone."""

    def __init__(self, ground: Ground, request: Request, scope: Scope, book: Book) -> None:
        self._ground, self._force, self._book, self._pace = ground, request.options.force, book, book.pace
        self._queue = ground.find(scope.queue)
        self._instance = ground.instance(scope.queue)
        self._leftovers = Leftovers(self._instance, scope.queue.base)
        self._closed, self._ping = False, 0.0
        self._cursor: bytes | None = b"0"
        begun = book.begun
        self._lost: tuple[State, list[bytes]] | None = (begun.state, list(begun.flight)) if begun.state else None

    def place(self) -> Place:
        return Place(state=self._lost[0], flight=tuple(self._lost[1])) if self._lost else START

    async def step(self) -> bool:
        if not self._closed:
            await self._close()
            return True
        for state in (State.ACTIVE, *(s for s in contract(self._queue.identity).states if s is not State.ACTIVE)):
            if page := await self._page(state):
                await self._remove(state, page)
                return True
        return await self._sweep()

    async def _close(self) -> None:
        """From here on no worker takes a job of it; those that had taken one just before are asked for again."""
        check(self._queue, "remove")
        await pause(self._instance, self._queue)
        if not self._force:
            await _check_idle(self._instance, self._queue, ", which is paused now; nothing was removed")
        self._closed = True

    async def _page(self, state: State) -> list[bytes]:
        key, size = self._key(state), self._pace.size
        listed = pack(b"LRANGE", key, -size, -1) if state in LISTS else pack(b"ZRANGE", key, 0, size - 1)
        started = time.perf_counter()
        (page,) = await self._instance.read([listed])
        self._ping = time.perf_counter() - started
        # What is left of a slice whose answer was lost comes again, for it stood first.
        if self._lost and self._lost[0] is state:
            self._book.add_unconfirmed(len(set(self._lost[1]) - set(page or ())))
            self._lost = None
        return [id for id in reversed(page) if not is_marker(id)] if page and state in LISTS else list(page or ())

    async def _remove(self, state: State, page: list[bytes]) -> None:
        told = wishes(brief=True, all=True, force=self._force, **{"from": spelled(self._queue, state)})
        act = Act(self._instance, self._queue, "remove", (told,))
        self._lost = state, page
        await self._book.before_slice()
        started = time.perf_counter()
        answers = await act.on_jobs(page)
        self._lost = None
        took = sum(act.spent) / 1e6 or max(0.0, time.perf_counter() - started - self._ping)
        self._pace.measured(len(page), took, self._ping)
        self._book.add_done(sum(answer.code in DONE for answer in answers))
        self._stop_at(page, answers)

    def _stop_at(self, page: list[bytes], answers: list[Answer]) -> None:
        """One that cannot go would come again for ever. Those that somebody else took are no matter."""
        for id, answer in zip(page, answers, strict=True):
            if answer.code not in DONE and answer.code not in AWAY:
                raise refusal("remove", of_job(self._queue, text(id)), answer)

    async def _sweep(self) -> bool:
        """What lies about without a job, wherever in the keyspace; at last the keys that every queue has."""
        if self._cursor is None:
            return not await self._swept(FIXED)
        started = time.perf_counter()
        pattern = beginning(self._leftovers.base)
        cursor, keys = await self._instance.ask(b"SCAN", self._cursor, b"MATCH", pattern, b"COUNT", STEP)
        found = [key.removeprefix(self._leftovers.base) for key in keys]
        mine, strange = await self._leftovers.sort(found)
        if not mine or await self._swept(mine):
            self._cursor = None if cursor == b"0" else cursor
            self._tell(strange)
        self._pace.rested(time.perf_counter() - started)
        return True

    async def _swept(self, suffixes: Sequence[bytes]) -> bool:
        """Whether these are gone. Not while there is a job again, which somebody has added."""
        emptied, _ = await Act(self._instance, self._queue, "sweep", tuple(suffixes)).on_queue()
        if emptied and suffixes is FIXED and not self._book.done:
            self._book.add_done()
        return bool(emptied)

    def _tell(self, strange: int) -> None:
        if strange:
            keys = counted(strange, "key begins", "keys begin")
            said = f"{keys} like those of {of_queue(self._queue)}, but no library writes such: left alone."
            self._book.skip(Skip(self._queue.id, None, "strange", said), strange)

    def _key(self, state: State) -> bytes:
        return self._queue.id.base + contract(self._queue.identity).keys[state]
