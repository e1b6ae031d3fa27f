"""The operations of this process: previewed, running, and the record of those that are over. Bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from core.errors import Conflict, NotFound
from core.ground import Ground
from core.model import QueueId
from core.operations.operation import LIVE, Operation
from core.operations.preview import preview
from core.operations.request import Request
from core.operations.run import Run

# How many operations are remembered, and how many may be under way.
REMEMBERED = 200
MOST_LIVE = 20
# How long a slice under way may take to end when Tickbird stops (seconds).
FAREWELL = 1.0


class Operations:
    """What pages, API and commands ask for bulk work. `known` lists every queue that there is now."""

    def __init__(self, ground: Ground, known: Callable[[], Iterable[QueueId]]) -> None:
        self._ground, self._known = ground, known
        self._runs: dict[str, Run] = {}

    async def preview(self, request: Request) -> Operation:
        """Count what it would touch, and freeze that; `resume` starts it. Raises what refuses it as a whole."""
        self._ground.check_writable()
        scopes = await preview(self._ground, request, self._known())
        run = Run(request, scopes, self._ground)
        self._runs[run.id] = run
        self._forget()
        return run.picture()

    async def start(self, request: Request) -> Operation:
        """Preview it and begin at once."""
        return self.resume((await self.preview(request)).id)

    def get(self, id: str) -> Operation:
        """How it stands. Raises NotFound."""
        return self._run(id).picture()

    def list(self) -> tuple[Operation, ...]:
        """All that are remembered, newest first."""
        return tuple(run.picture() for run in reversed(self._runs.values()))

    def pause(self, id: str) -> Operation:
        """Hold it before its next slice."""
        return self._told(id, Run.pause)

    def resume(self, id: str) -> Operation:
        """Go on, or begin what was previewed, on exactly what was counted then."""
        self._check_room(id)
        return self._told(id, Run.resume)

    def cancel(self, id: str) -> Operation:
        """End it; what is done stays done."""
        return self._told(id, Run.cancel)

    async def wait(self, id: str) -> Operation:
        """Until it is over."""
        run = self._run(id)
        if run.task is not None:
            await asyncio.wait([run.task])
        return run.picture()

    async def stop(self) -> None:
        """End all that run, after their present slice unless Redis hangs."""
        running = [run for run in self._runs.values() if run.status in LIVE]
        for run in running:
            run.cancel()
        tasks = [run.task for run in running if run.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=FAREWELL)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _told(self, id: str, act: Callable[[Run], None]) -> Operation:
        self._ground.check_writable()
        run = self._run(id)
        act(run)
        return run.picture()

    def _run(self, id: str) -> Run:
        if id not in self._runs:
            raise NotFound("There is no such operation (any more).", f"The last {REMEMBERED} are remembered.")
        return self._runs[id]

    def _check_room(self, id: str) -> None:
        live = sum(run.status in LIVE for run in self._runs.values() if run.id != id)
        if live >= MOST_LIVE:
            raise Conflict(f"{live} operations are under way.", "Wait until one is done, or cancel one.")

    def _forget(self) -> None:
        """The oldest go first, but none that is under way."""
        spare = [id for id, run in self._runs.items() if run.status not in LIVE]
        for id in spare[: max(0, len(self._runs) - REMEMBERED)]:
            del self._runs[id]
