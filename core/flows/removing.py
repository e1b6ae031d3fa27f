"""Remove what is below a job: children that were not processed, or the whole flow with the job itself.

From the ends upwards, a slice at a time, so that nobody runs who waits for a job that is gone. While it goes on, a
parent that is to be removed as well is never let go. Whoever a worker runs stays, and so do those above.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import Conflict
from core.flows.children import SUFFIXES, pieces
from core.flows.flow import Done, Left, Tie
from core.flows.lens import Lens, Spot
from core.flows.walk import Met, measure, meet
from core.ground import Ground
from core.model import State
from core.mutations.flows import Child, Fate, end_hold, release_children, remove_children, untie_children
from core.mutations.front import Mutations
from core.mutations.refusals import counted
from core.text import printable, text

# One request goes on for so long (seconds), and says what is left.
PATIENCE = 4.0
# Jobs a script: fewer where each has to be looked for in a long list, for Redis answers nobody else meanwhile.
SLICE, SLICE_OF_LONG = 60, 15
LONG = 1_000
LEVELS = 50
MOST_TOLD = 50


@dataclass(slots=True)
class Removal:
    """One removal. `ties` are the kinds of children that go; `failed_stay`: those that have failed do not."""

    lens: Lens
    ground: Ground
    ties: Sequence[Tie]
    failed_stay: bool = False
    done: int = 0
    released: bool = False
    over: bool = False
    left: list[Left] = field(default_factory=list)
    left_count: int = 0
    deadline: float = field(default_factory=lambda: time.monotonic() + PATIENCE)

    async def below(self, parent: Spot, *, stays: bool, level: int = 0) -> bool:
        """Remove the children of this job with all below them; whether none of them is left in its way. `stays`: it
        is to be removed as well, so it is not let go."""
        clear = True
        for tie in self.ties:
            async for piece in pieces(self.lens.instance, parent.key, tie):
                if time.monotonic() > self.deadline:
                    self.over = True
                    return False
                met = await meet(self.lens, [self.lens.spot(key) for key in piece])
                clear &= await self._removed(parent, met, stays=stays, level=level)
                if self.over:
                    return False
        return clear

    async def _removed(self, parent: Spot, met: Sequence[Met], *, stays: bool, level: int) -> bool:
        keeping = [each for each in met if self.failed_stay and each.state is State.FAILED]
        if keeping and level:
            # Their parent goes; they stay, and are waited for by nobody, as the library leaves them.
            await self._untie(parent, keeping)
        strange = [each for each in met if each.spot.queue is None]
        for each in strange:
            self._leave(each.spot, "It lies in a queue that is not known here.")
        going = [each for each in met if each not in keeping and each not in strange]
        free, clear = [], not strange
        for each in going:
            if each.children is None or await self._below(each.spot, level + 1):
                free.append(each)
            else:
                clear = False
            if self.over:
                return False
        return await self._slices(parent, free, stays=stays) and clear

    async def _below(self, spot: Spot, level: int) -> bool:
        if level > LEVELS:
            self._leave(spot, f"It stands more than {LEVELS} levels deep.")
            return False
        if await self.below(spot, stays=True, level=level):
            return True
        if not self.over:
            await self.keep(spot)
            self._leave(spot, "Something below it stays.")
        return False

    async def keep(self, parent: Spot) -> None:
        """This job stays though it was to be removed: if it waits for nothing any more, it runs."""
        assert parent.queue is not None  # noqa: S101 # as below
        self.released |= await end_hold(self.ground, (parent.queue.id, text(parent.id)))

    async def _slices(self, parent: Spot, met: Sequence[Met], *, stays: bool) -> bool:
        assert parent.queue is not None  # noqa: S101 # parents in unknown queues are not walked
        size = SLICE_OF_LONG if any(_is_long(each.spot) for each in met) else SLICE
        clear = True
        for first in range(0, len(met), size):
            if time.monotonic() > self.deadline:
                self.over = True
                return False
            children = [
                Child(each.spot.queue.id, each.spot.id, each.spot.key)
                for each in met[first : first + size]
                if each.spot.queue is not None
            ]
            fates = await remove_children(self.ground, (parent.queue.id, text(parent.id)), children, stays=stays)
            clear &= self._noted(fates)
            lost = [fate.child.key for fate in fates if fate.code == "gone"]
            if lost and not stays:
                # Nobody else tells the parent of jobs that are not there to be removed.
                gone = await release_children(self.ground, (parent.queue.id, text(parent.id)), lost)
                self.done += gone
        return clear

    async def _untie(self, parent: Spot, met: Sequence[Met]) -> None:
        assert parent.queue is not None  # noqa: S101 # as above
        keys = [each.spot.key for each in met]
        await untie_children(self.ground, (parent.queue.id, text(parent.id)), keys)

    def _noted(self, fates: Sequence[Fate]) -> bool:
        self.done += sum(fate.code == "ok" for fate in fates)
        self.released |= any(fate.released for fate in fates)
        refused = [fate for fate in fates if fate.why]
        for fate in refused:
            self._leave(self.lens.spot(fate.child.key), fate.why)
        return not refused

    def _leave(self, spot: Spot, why: str) -> None:
        self.left_count += 1
        if len(self.left) < MOST_TOLD:
            self.left.append(Left(spot.queue_id, self.lens.shown(spot)[1], why))


def _is_long(spot: Spot) -> bool:
    return spot.queue is not None and spot.queue.backlog > LONG


async def remove_unprocessed(lens: Lens, ground: Ground, parent: Spot) -> Done:
    """The children that `parent` still waits for, but for those that run or have failed, and what waits below them."""
    removal = Removal(lens, ground, (Tie.PENDING,), failed_stay=True)
    await removal.below(parent, stays=False)
    ran = " It waits for nothing else now, and runs." if removal.released else ""
    nothing = not removal.done and not removal.left_count
    said = (
        f"Job {printable(text(parent.id))} waits for no child that could be removed."
        if nothing
        else f"{counted(removal.done, 'unprocessed child was', 'unprocessed children were')} removed.{ran}"
    )
    return _told("remove_unprocessed_children", removal, parent, said)


async def remove_flow(lens: Lens, mutations: Mutations, ground: Ground, top: Spot, *, rest: bool) -> Done:
    """The job and all below it. Raises Conflict where a worker runs some of them, unless the `rest` is meant."""
    extent = await measure(lens, top)
    if extent.running and not rest:
        are = "is" if extent.running == 1 else "are"
        raise Conflict(
            f"{counted(extent.running, 'job', 'jobs')} of this flow {are} being run by workers now.",
            "Pause their queues and wait until they have finished; or remove the rest: they and those above them "
            "stay, and run on.",
        )
    removal = Removal(lens, ground, tuple(SUFFIXES))
    if await removal.below(top, stays=True):
        assert top.queue is not None  # noqa: S101 # who asks names a known queue
        outcome = await mutations.remove(top.queue.id, text(top.id))
        removal.done += 1
        said = f"The flow is gone: {counted(removal.done, 'job was', 'jobs were')} removed."
        if "parent" in outcome.sentence:
            said += " The job above waited for nothing else and runs now."
    else:
        if not removal.over:
            await removal.keep(top)
        said = f"{counted(removal.done, 'job was', 'jobs were')} removed; the job at the top stays."
    return _told("remove_flow", removal, top, said)


def _told(verb: str, removal: Removal, spot: Spot, said: str) -> Done:
    assert spot.queue is not None  # noqa: S101 # as above
    if removal.left_count:
        said += f" {counted(removal.left_count, 'job was', 'jobs were')} left alone."
    if removal.over:
        said += f" There is more than {PATIENCE:g} seconds of work: do the same again to go on."
    return Done(
        verb=verb,
        queue=spot.queue.id,
        job_id=text(spot.id),
        sentence=said,
        done=removal.done,
        left=tuple(removal.left),
        left_count=removal.left_count,
        rest=None if removal.over else 0,
    )
