"""All jobs below one, level by level, in batches: for those who act on a flow, or want to know how much there is."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from core.flows.children import SUFFIXES, counts, pieces
from core.flows.flow import Extent, Tie
from core.flows.lens import Lens, Spot
from core.flows.standing import standings
from core.job import Children
from core.model import QueueId, State

# A walk ends after so many jobs: about three seconds.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Met:
    """A job met on the way. `state` is None in a queue that is not known, or where nothing is left of it."""

    spot: Spot
    state: State | None
    children: Children | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it was failed by its children, or still waits for some."""
        return self.children is not None and bool(self.children.pending or self.children.unsuccessful)


@dataclass(slots=True)
class Walk:
    """The jobs below `top` by these `ties`. `cut` says afterwards whether there were more than `most`."""

    lens: Lens
    top: Spot
    ties: Sequence[Tie] = tuple(SUFFIXES)
    most: int = MOST
    cut: bool = False
    met: int = 0
    _waiting: deque[Spot] = field(default_factory=deque)
    _seen: set[bytes] = field(default_factory=set)

    async def batches(self) -> AsyncIterator[list[Met]]:
        """Some hundred at a time, parents before their children; each job once, whatever the pointers say."""
        self._waiting.append(self.top)
        self._seen.add(self.top.key)
        while self._waiting:
            parent = self._waiting.popleft()
            for tie in self.ties:
                async for piece in pieces(self.lens.instance, parent.key, tie):
                    if self.met >= self.most:
                        self.cut = True
                        return
                    if batch := await self._meet([key for key in piece if key not in self._seen]):
                        yield batch

    async def _meet(self, keys: Sequence[bytes]) -> list[Met]:
        batch = await meet(self.lens, [self.lens.spot(key) for key in keys])
        self._seen.update(keys)
        self.met += len(batch)
        self._waiting.extend(met.spot for met in batch if met.children is not None)
        return batch


async def meet(lens: Lens, spots: Sequence[Spot]) -> list[Met]:
    """These jobs as they are."""
    states = await standings(lens, spots, exact=False)
    known = [spot for spot in spots if spot.queue is not None]
    families = dict(zip((s.key for s in known), await counts(lens.instance, [s.key for s in known]), strict=True))
    found = []
    for spot in spots:
        standing = states.get(spot.key)
        there = standing is not None and standing.there
        found.append(Met(spot, standing.state if standing and there else None, families.get(spot.key)))
    return found


async def measure(lens: Lens, top: Spot) -> Extent:
    """How much a removal of the flow below and with this job would take."""
    totals: dict[tuple[QueueId, str], int] = {}
    strangers = 0
    walk = Walk(lens, top)

    def note(batch: Sequence[Met]) -> None:
        for met in batch:
            if met.state is not None and met.spot.queue is not None:
                place = met.spot.queue.id, met.state.value
                totals[place] = totals.get(place, 0) + 1

    note(await meet(lens, [top]))
    async for batch in walk.batches():
        note(batch)
        strangers += sum(met.spot.queue is None for met in batch)
    running = sum(number for (_, state), number in totals.items() if state == State.ACTIVE.value)
    return Extent(totals, running, strangers, exact=not walk.cut)
