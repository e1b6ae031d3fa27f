"""The operations: previewed, running, and the record of those that are over. Bounded.

With a store that lasts, those of other Tickbirds and of earlier ones stand among them, and can be held, resumed and
cancelled from here.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from core.access.asker import Asker, asker
from core.errors import Conflict, NotFound
from core.ground import Ground
from core.model import QueueId
from core.operations.keeping import TICK, Keeping
from core.operations.ledger import Ledger
from core.operations.operation import LIVE, OVER, Operation, Status, Told
from core.operations.outside import Outside
from core.operations.preview import PATIENCE, Preview, preview, previewing
from core.operations.record import REMEMBERED, Frozen
from core.operations.request import Action, Request
from core.operations.run import Run
from core.operations.skips import SkipPage, read_sheet
from core.permission import NEEDED
from core.signing import Signer
from core.store.contract import Store
from core.store.memory import MemoryStore
from core.words import span

__all__ = ["REMEMBERED", "Operations"]
# How many operations may be under way.
MOST_LIVE = 20
# How long a slice under way may take to end when Tickbird stops (seconds).
FAREWELL = 1.0
# What was previewed longer ago than this is previewed anew before it begins (ms).
STALE = 60 * 60 * 1000


class Operations:
    """What pages, API and commands ask for bulk work. `known` lists every queue that there is now."""

    def __init__(
        self,
        ground: Ground,
        known: Callable[[], Iterable[QueueId]],
        store: Store | None = None,
        outside: Outside | None = None,
    ) -> None:
        self._ground, self._known = ground, known
        self._store, self._outside = store or MemoryStore(), outside or Outside()
        self._signer = Signer(self._store)
        self._keeping = Keeping(ground, Ledger(self._store), self._outside)
        self._runs, self._others = self._keeping.runs, self._keeping.others
        self._telling: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """See what others do, from now on; needs a running event loop."""
        self._keeping.begin()

    async def preview(self, request: Request, patience: float = PATIENCE) -> Operation:
        """Count what it would touch, and freeze and sign that; `resume` starts it. With a query, jobs are looked at for
        `patience` seconds. Raises what refuses it as a whole."""
        return await self._previewed(await self._preview(request, patience))

    async def start(self, request: Request) -> Operation:
        """Preview it and begin at once."""
        seen = await self.preview(request)
        return self.resume(seen.id, scope=seen.scope, by=request.by, reason=request.reason)

    async def start_if_any(self, request: Request) -> Operation | None:
        """The same, but nothing is recorded where there is nothing to do."""
        found = await self._preview(request, PATIENCE)
        if all(scope.is_empty for scope in found.scopes):
            return None
        return self.resume((await self._previewed(found)).id, by=request.by)

    def get(self, id: str) -> Operation:
        """How it stands. Raises NotFound."""
        return self._picture(self._run(id))

    async def find(self, id: str) -> Operation:
        """The same, of one that another Tickbird may have previewed a moment ago. Raises NotFound, Unavailable."""
        await self._signer.ready()
        if id not in self._runs and id not in self._others.runs:
            await self._others.find(id)
        return self.get(id)

    async def look(self) -> None:
        """Until those of other Tickbirds are known as they are now. Raises Unavailable without the store."""
        if self._keeping.lasting:
            await self._keeping.look()

    def list(self) -> tuple[Operation, ...]:
        """All that are remembered, newest first."""
        newest = sorted(self._all(), key=lambda run: run.frozen.created)[-REMEMBERED:]
        return tuple(self._picture(run) for run in reversed(newest) if _is_for(asker(), run))

    async def skipped(self, id: str, sheet: int = 0) -> SkipPage:
        """What it left alone, one by one, sheet by sheet from 0. Raises NotFound, Unavailable."""
        return await read_sheet(self._store, id, sheet, self._run(id).skips.sheets)

    def pause(self, id: str, *, by: str = "", reason: str = "") -> Operation:
        """Hold it before its next slice."""
        return self._told(id, Told("pause", _now(), by, reason))

    def resume(self, id: str, *, scope: str | None = None, by: str = "", reason: str = "") -> Operation:
        """Go on, or begin what was previewed, on exactly what was counted then. `scope` is the signature that the
        preview has: Conflict where it is another's, or old. Who begins work on a query has to give it."""
        self._check_room(id)
        run = self._run(id)
        self._check_may(run.frozen.request)
        if run.status is Status.PREVIEWED:
            self._check_scope(run, scope)
        return self._told(id, Told("resume", _now(), by, reason))

    def cancel(self, id: str, *, by: str = "", reason: str = "") -> Operation:
        """End it; what is done stays done."""
        return self._told(id, Told("cancel", _now(), by, reason))

    async def wait(self, id: str) -> Operation:
        """Until it is over, or is parked as Tickbird stops."""
        if (run := self._runs.get(id)) is not None:
            if run.task is not None:
                await asyncio.wait([run.task])
            if id in self._runs:
                return self._picture(run)
        while True:
            seen = self.get(id)
            if seen.status in OVER:
                return seen
            await asyncio.sleep(TICK)

    async def stop(self) -> None:
        """End all that run, after their present slice unless Redis hangs; with a store that lasts, another Tickbird
        or the next one can go on."""
        running = [run for run in self._runs.values() if run.status in LIVE]
        for run in running:
            # Nobody waits for what a rule wants: what is cut short is done by the next one.
            lasts = self._keeping.lasting and not run.frozen.request.ruled
            run.park() if lasts else run.cancel()
        tasks = [run.task for run in running if run.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=FAREWELL)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._telling:
            await asyncio.wait(self._telling, timeout=FAREWELL)
        await self._keeping.end()

    async def _preview(self, request: Request, patience: float) -> Preview:
        self._check_may(request)
        seen = previewing(self._ground, request, self._outside.redaction, patience)
        return await preview(seen, self._known())

    def _check_may(self, request: Request) -> None:
        """Raises Forbidden where Tickbird may only read, or who asks may not do this."""
        self._ground.check_writable()
        asker().check(NEEDED[request.action])
        if request.action is Action.MOVE:
            asker().check(NEEDED["remove"])

    async def _previewed(self, seen: Preview) -> Operation:
        await self._signer.ready()
        instances = {scope.queue.instance for scope in seen.scopes}
        addresses = {name: self._ground.instances[name].address for name in instances if name in self._ground.instances}
        frozen = Frozen(seen.request, seen.scopes, _now(), addresses, seen.sample)
        run = Run(secrets.token_hex(8), frozen, self._ground, self._keeping, self._outside)
        await self._keeping.add(run)
        self._forget()
        return self._picture(run)

    def _told(self, id: str, told: Told) -> Operation:
        run = self._run(id)
        self._check_may(run.frozen.request)
        begins = run.status is Status.PREVIEWED and told.act == "resume"
        if id in self._runs:
            run.hear(told)
        else:
            run.check(told.act)
            self._others.check_place(run)
            self._keeping.ask(id, told)
        picture = self._picture(run)
        if not begins:  # the run tells that itself
            self._tell(replace(picture, told=(told,)))
        return picture

    def _tell(self, picture: Operation) -> None:
        task = asyncio.create_task(self._outside.tell(picture, picture.told[-1].act))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _check_scope(self, run: Run, scope: str | None) -> None:
        again = "Preview it anew, and look at what it would touch."
        if scope is None:
            if run.frozen.request.query:
                raise Conflict("It begins only with the scope that its preview was signed with.", again)
            return
        if not self._signer.signed(_signable(run), scope):
            raise Conflict("This is not the scope that was previewed here.", again)
        if (age := _now() - run.frozen.created) > STALE:
            raise Conflict(f"It was previewed {span(age)} ago, and much may have changed.", again)

    def _run(self, id: str) -> Run:
        run = self._runs.get(id) or self._others.runs.get(id)
        if run is None or not _is_for(asker(), run):
            raise NotFound("There is no such operation (any more).", f"The last {REMEMBERED} are remembered.")
        return run

    def _all(self) -> Sequence[Run]:
        return [*self._others.runs.values(), *self._runs.values()]

    def _picture(self, run: Run) -> Operation:
        picture = run.picture()
        scope = self._signer.sign(_signable(run)) if run.status is Status.PREVIEWED else ""
        return replace(picture, trouble=picture.trouble or self._keeping.unrecorded(run), scope=scope)

    def _check_room(self, id: str) -> None:
        live = sum(run.status in LIVE for run in self._all() if run.id != id)
        if live >= MOST_LIVE:
            raise Conflict(f"{live} operations are under way.", "Wait until one is done, or cancel one.")

    def _forget(self) -> None:
        """The oldest go first, but none that is under way."""
        spare = [id for id, run in self._runs.items() if run.status not in LIVE]
        for id in spare[: max(0, len(self._runs) - REMEMBERED)]:
            self._keeping.drop(id)


def _is_for(who: Asker, run: Run) -> bool:
    """Whether all that it names is there for who asks: the others' names are none of their business, and neither are
    words about no queue at all, unless they are theirs."""
    request = run.frozen.request
    to = (request.options.to,) if request.options.to is not None else ()
    named = (*(scope.queue for scope in run.frozen.scopes), *(request.queues or ()), *to)
    if named:
        return all(map(who.scope.has, named))
    return who.scope.is_whole or (bool(who.name) and request.by == who.name)


def _signable(run: Run) -> str:
    """All that was frozen: the request with its query, the queues, states, bounds and counts, and the moment."""
    return f"operation {run.id} {run.signable}"


def _now() -> int:
    return time.time_ns() // 1_000_000
