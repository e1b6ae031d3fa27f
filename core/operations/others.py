"""The operations that are in the store and not of this process: other Tickbirds run them, or an earlier one did."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Conflict
from core.ground import Ground
from core.operations.journal import Journal
from core.operations.ledger import Ledger
from core.operations.operation import Status
from core.operations.outside import Outside
from core.operations.record import Frozen, Progress
from core.operations.run import Run

# Of those previewed elsewhere the newest are looked at again: somebody may have cancelled them.
PREVIEWS = 20


class Others:
    """Pictures of them, as the store last told. None of them runs here."""

    def __init__(self, ground: Ground, ledger: Ledger, journal: Journal, outside: Outside) -> None:
        self._ground, self._ledger, self._journal, self._outside = ground, ledger, journal, outside
        self.runs: dict[str, Run] = {}
        self.held: set[str] = set()
        self._unreadable: set[str] = set()

    async def refresh(self, own: Mapping[str, Run]) -> list[str]:
        """Look again at all that may have changed. The ids of those that were previewed here and that another Tickbird
        has taken since. Raises Unavailable."""
        ids = await self._ledger.newest()
        readable = ((place, id) for place, id in enumerate(ids) if id not in self._unreadable)
        wanted = [id for place, id in readable if self._may_change(own.get(id) or self.runs.get(id), own, place)]
        self.held = await self._ledger.held(wanted)
        await self._read(wanted, own)
        previews = [id for id, run in own.items() if _is_preview(run) and id in self.runs]
        taken = [id for id in previews if self.runs[id].status is not Status.PREVIEWED]
        self.runs = {id: run for id, run in self.runs.items() if id in ids and (id not in own or id in taken)}
        return taken

    async def find(self, id: str) -> None:
        """Look for one. Raises Unavailable."""
        self.held |= await self._ledger.held([id])
        await self._read([id], {})
        self._unreadable.discard(id)

    def restored(self, id: str, frozen: Frozen, progress: Progress) -> Run:
        """A run that stands where the record says."""
        run = Run(id, frozen, self._ground, self._journal, self._outside)
        run.restore(progress)
        return run

    def check_place(self, run: Run) -> None:
        """Raises Conflict where its queues are not those that were previewed: `default` is a name that many share."""
        for name, address in run.frozen.addresses.items():
            instance = self._ground.instances.get(name)
            if instance is None or instance.address != address:
                now = f"is {instance.address} here" if instance else "is not known here"
                raise Conflict(f"It was previewed on {address}, and Redis {name} {now}.", "Preview it anew.")

    def _may_change(self, run: Run | None, own: Mapping[str, Run], place: int) -> bool:
        if run is None:
            return True
        if _is_preview(run):
            return place < PREVIEWS
        return run.id not in own and not run.over

    async def _read(self, ids: list[str], own: Mapping[str, Run]) -> None:
        runs = {**self.runs, **own}
        known = {id: runs[id].frozen for id in ids if id in runs}
        found = await self._ledger.read(ids, known)
        self._unreadable |= set(ids) - found.keys()
        for id, (frozen, progress) in found.items():
            run = self.runs[id] = self.restored(id, frozen, progress)
            if id not in self.held:
                run.interrupt()


def _is_preview(run: Run) -> bool:
    return run.status is Status.PREVIEWED and not run.begins
