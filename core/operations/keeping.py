"""Keeps the runs of this process and their records together: writes what changed, hears what others wish, looks at
what others do. Does nothing where the store ends with the process anyway."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from core.errors import TickbirdError, Unavailable
from core.ground import Ground
from core.operations.ledger import LEASE, Ledger
from core.operations.operation import LIVE, Status, Told
from core.operations.others import Others
from core.operations.outside import Outside
from core.operations.run import Run

log = logging.getLogger("tickbird.operations")
# How often records are written, wishes heard and others looked at (seconds).
TICK = 0.5
ASKED = "The Tickbird that runs it has been asked to {} it."


class Keeping:
    """`runs` are those of this process, `others` what else is in the store."""

    def __init__(self, ground: Ground, ledger: Ledger, outside: Outside) -> None:
        self.lasting = ledger.store.lasting
        self.runs: dict[str, Run] = {}
        self.others = Others(ground, ledger, self, outside)
        self._ledger = ledger
        self._woken, self._looking = asyncio.Event(), asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Keep from now on, in the background."""
        if self.lasting and self._task is None:
            self._task = asyncio.create_task(self._keep())

    async def end(self) -> None:
        """Write how everything stands, and let others have what is not over."""
        tasks = [*self._asking, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self.lasting:
            return
        try:
            with suppress(Unavailable):  # once more: it may have been a moment only, and there is no later
                return await self._leave()
            await self._leave()
        except Unavailable as away:
            log.warning("what operations did last is not recorded: %s", away)

    async def add(self, run: Run) -> None:
        """One that was previewed here."""
        self.runs[run.id] = run
        if self.lasting:
            self._ledger.keep(run)
            self.begin()
            if not self._ledger.store.trouble:
                with suppress(Unavailable):  # it is written as soon as the store is back
                    await self._ledger.write(run)

    def drop(self, id: str) -> None:
        """It is not this process' (any more)."""
        self.runs.pop(id, None)
        self._ledger.forget(id)

    def unrecorded(self, run: Run) -> str:
        """Why what it did last may be unknown after a restart; empty where it is not so."""
        return self._ledger.unrecorded(run)

    def ask(self, id: str, told: Told) -> None:
        """Do this to an operation of others: here where nobody runs it, else by asking whoever does."""
        self.others.runs[id].say(ASKED.format(told.act) if id in self.others.held else "")
        task = asyncio.create_task(self._ask(id, told))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def begin_run(self, run: Run) -> bool:
        """Whether a run that was previewed here is this process' to run; others may have been asked for it, too."""
        if not self.lasting:
            return True
        try:
            if await self._ledger.claim(run.id):
                _, progress = (await self._ledger.read([run.id])).get(run.id, (None, None))
                if progress is None or (progress.started is None and progress.status is not Status.CANCELLED):
                    return True
        except Unavailable:
            return True
        self.drop(run.id)
        return False

    async def before_slice(self, run: Run) -> None:
        if self.lasting:
            await self._ledger.write_slice(run)

    async def after_slice(self, run: Run) -> None:
        await run.skips.flush(self._ledger.store, run.frozen.created)

    def changed(self, run: Run) -> None:  # noqa: ARG002 # all are looked at: that costs nothing where nothing changed
        self._woken.set()

    async def look(self) -> None:
        """See what others do. Raises Unavailable."""
        async with self._looking:
            for id in await self.others.refresh(self.runs):
                self.drop(id)

    async def _keep(self) -> None:
        while True:
            self._woken.clear()
            with suppress(Unavailable):  # told by the store's `trouble`
                await self._look_after_own()
                await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._woken.wait()

    async def _leave(self) -> None:
        for run in list(self.runs.values()):
            await self._write(run)
            if run.status in LIVE:
                await self._ledger.release(run.id)

    async def _look_after_own(self) -> None:
        for run in list(self.runs.values()):
            await self._write(run)
        live = [run.id for run in self.runs.values() if run.status in LIVE]
        for id, told in (await self._ledger.wishes(live)).items() if live else ():
            with suppress(TickbirdError):  # it is over meanwhile, as everybody sees
                self.runs[id].hear(told)

    async def _write(self, run: Run) -> None:
        """Record it, if it is this process' to record. Raises Unavailable."""
        if run.status is Status.PREVIEWED:
            await self._ledger.write(run)
        elif run.begins or self._ledger.is_settled(run):
            return
        elif not await self._ledger.claim(run.id):
            run.park()
            self.drop(run.id)
        else:
            await self._ledger.write(run)
            if self._ledger.is_settled(run):
                await self._ledger.release(run.id)

    async def _ask(self, id: str, told: Told) -> None:
        """Until it is done here, or whoever runs it has heard; that may take until a dead one's lease runs out."""
        deadline, wished, trouble = time.monotonic() + 2 * LEASE / 1000, False, ""
        while time.monotonic() < deadline:
            try:
                if await self._ledger.claim(id):
                    return await self._adopt(id, told)
                if wished and not await self._ledger.is_asked(id):
                    return
                if not wished:
                    await self._ledger.wish(id, told)
                    wished = True
            except Unavailable as away:
                trouble = away.message
            await asyncio.sleep(TICK)
        log.warning("operation %s could not be told to %s: %s", id, told.act, trouble or "nobody heard it")

    async def _adopt(self, id: str, told: Told) -> None:
        """It is this process' now, from where the record says on."""
        recorded = (await self._ledger.read([id])).get(id)
        if recorded is None:
            return await self._ledger.release(id)
        run = self.others.restored(id, *recorded)
        if run.over:
            return await self._ledger.release(id)
        run.interrupt()
        self._ledger.keep(run)
        self.runs[id] = run
        self.others.runs.pop(id, None)
        await self._ledger.wishes([id])
        with suppress(TickbirdError):  # it was ended meanwhile, as everybody sees
            run.hear(told)
        self._woken.set()
