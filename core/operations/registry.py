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

from core.errors import Conflict, NotFound
from core.ground import Ground
from core.model import QueueId
from core.operations.keeping import TICK, Keeping
from core.operations.ledger import Ledger
from core.operations.operation import LIVE, OVER, Operation
from core.operations.preview import preview
from core.operations.record import REMEMBERED, RETENTION, Frozen
from core.operations.request import Request
from core.operations.run import Run
from core.operations.scope import Scope
from core.store.contract import Store
from core.store.memory import MemoryStore

__all__ = ["REMEMBERED", "Operations"]
# How many operations may be under way.
MOST_LIVE = 20
# How long a slice under way may take to end when Tickbird stops (seconds).
FAREWELL = 1.0


class Operations:
    """What pages, API and commands ask for bulk work. `known` lists every queue that there is now."""

    def __init__(self, ground: Ground, known: Callable[[], Iterable[QueueId]], store: Store | None = None) -> None:
        self._ground, self._known = ground, known
        self._keeping = Keeping(ground, Ledger(store or MemoryStore()))
        self._runs, self._others = self._keeping.runs, self._keeping.others

    def begin(self) -> None:
        """See what others do, from now on; needs a running event loop."""
        self._keeping.begin()

    async def preview(self, request: Request) -> Operation:
        """Count what it would touch, and freeze that; `resume` starts it. Raises what refuses it as a whole."""
        self._ground.check_writable()
        return await self._previewed(request, await preview(self._ground, request, self._known()))

    async def start(self, request: Request) -> Operation:
        """Preview it and begin at once."""
        return self.resume((await self.preview(request)).id)

    async def start_if_any(self, request: Request) -> Operation | None:
        """The same, but nothing is recorded where there is nothing to do."""
        self._ground.check_writable()
        scopes = await preview(self._ground, request, self._known())
        if not any(scope.count for scope in scopes):
            return None
        return self.resume((await self._previewed(request, scopes)).id)

    def get(self, id: str) -> Operation:
        """How it stands. Raises NotFound."""
        return self._picture(self._run(id))

    async def find(self, id: str) -> Operation:
        """The same, of one that another Tickbird may have previewed a moment ago. Raises NotFound, Unavailable."""
        if id not in self._runs and id not in self._others.runs:
            await self._others.find(id)
        return self.get(id)

    async def look(self) -> None:
        """Until those of other Tickbirds are known as they are now. Raises Unavailable without the store."""
        if self._keeping.lasting:
            await self._keeping.look()

    def list(self) -> tuple[Operation, ...]:
        """All that are remembered, newest first."""
        runs = [*self._others.runs.values(), *self._runs.values()]
        newest = sorted(runs, key=lambda run: run.frozen.created)[-REMEMBERED:]
        return tuple(map(self._picture, reversed(newest)))

    def pause(self, id: str) -> Operation:
        """Hold it before its next slice."""
        return self._told(id, "pause")

    def resume(self, id: str) -> Operation:
        """Go on, or begin what was previewed, on exactly what was counted then."""
        self._check_room(id)
        return self._told(id, "resume")

    def cancel(self, id: str) -> Operation:
        """End it; what is done stays done."""
        return self._told(id, "cancel")

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
            lasts = self._keeping.lasting and run.frozen.request.by != RETENTION
            run.park() if lasts else run.cancel()
        tasks = [run.task for run in running if run.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=FAREWELL)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._keeping.end()

    async def _previewed(self, request: Request, scopes: Sequence[Scope]) -> Operation:
        instances = {scope.queue.instance for scope in scopes}
        addresses = {name: self._ground.instances[name].address for name in instances if name in self._ground.instances}
        run = Run(secrets.token_hex(8), Frozen(request, tuple(scopes), _now(), addresses), self._ground, self._keeping)
        await self._keeping.add(run)
        self._forget()
        return self._picture(run)

    def _told(self, id: str, act: str) -> Operation:
        self._ground.check_writable()
        run = self._run(id)
        if id in self._runs:
            run.told(act)
        else:
            run.check(act)
            self._others.check_place(run)
            self._keeping.ask(id, act)
        return self._picture(run)

    def _run(self, id: str) -> Run:
        run = self._runs.get(id) or self._others.runs.get(id)
        if run is None:
            raise NotFound("There is no such operation (any more).", f"The last {REMEMBERED} are remembered.")
        return run

    def _picture(self, run: Run) -> Operation:
        picture = run.picture()
        return replace(picture, trouble=picture.trouble or self._keeping.unrecorded(run))

    def _check_room(self, id: str) -> None:
        live = sum(seen.status in LIVE for seen in self.list() if seen.id != id)
        if live >= MOST_LIVE:
            raise Conflict(f"{live} operations are under way.", "Wait until one is done, or cancel one.")

    def _forget(self) -> None:
        """The oldest go first, but none that is under way."""
        spare = [id for id, run in self._runs.items() if run.status not in LIVE]
        for id in spare[: max(0, len(self._runs) - REMEMBERED)]:
            self._keeping.drop(id)


def _now() -> int:
    return time.time_ns() // 1_000_000
