"""How many jobs of a scope fit a query, counted by looking at them for as long as there is time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from core.dialects.contract import contract
from core.ground import Ground
from core.instance import Instance
from core.model import Queue
from core.operations.scope import Milestone, Scope, band
from core.operations.sifting import LOOK, Sifting
from core.operations.walks import Walk, walk

# How many are shown of those that fit, and how many places along the way are remembered.
SAMPLE = 5
STONES = 40
# How long one who begins waits for a new count (seconds).
PATIENCE = 30.0


@dataclass(slots=True)
class Counted:
    """What was found so far. `over` once all was looked at."""

    looked: int = 0
    fitting: int = 0
    over: bool = False
    sample: tuple[bytes, ...] = ()
    stones: tuple[Milestone, ...] = ()
    pages: int = 0
    every: int = 1


async def counted(ground: Ground, sifting: Sifting, deadline: float) -> tuple[Scope, tuple[bytes, ...]]:
    """The scope with how many of it fit, and the first of those. Looks until `deadline` (monotonic). Raises
    Unavailable."""
    scope, limit = sifting.scope, sifting.request.options.limit
    queue, instance = ground.find(scope.queue), ground.instance(scope.queue)
    found, through = Counted(over=not scope.reach), _through(instance, queue, sifting)
    while not found.over and time.monotonic() < deadline:
        async with ground.turn(scope.queue):
            await _look(instance, queue, found, (through, sifting))
        if limit is not None and found.fitting >= limit:
            found.fitting, found.over = limit, True
    exact = scope.exact and found.over
    frozen = replace(
        scope, count=found.fitting, looked=found.looked, least=not found.over, exact=exact, course=found.stones
    )
    return frozen, found.sample


async def recounted(instance: Instance, queue: Queue, sifting: Sifting) -> int | None:
    """How many fit now; None where that takes too long."""
    found, deadline = Counted(), time.monotonic() + PATIENCE
    through, limit = _through(instance, queue, sifting), sifting.request.options.limit
    while not found.over and time.monotonic() < deadline:
        await _look(instance, queue, found, (through, sifting))
    return min(found.fitting, limit or found.fitting) if found.over else None


def _through(instance: Instance, queue: Queue, sifting: Sifting) -> Walk:
    scope = sifting.scope
    key = queue.id.base + contract(queue.identity).keys[scope.state] if scope.state else b""
    return walk(instance, key, scope, beside=band(scope.state, sifting.request.options))


async def _look(instance: Instance, queue: Queue, found: Counted, by: tuple[Walk, Sifting]) -> None:
    through, sifting = by
    page = await through.page(LOOK)
    if not page:
        found.over = True
        return
    sifted = await sifting.of(instance, queue, page, through)
    through.passed(page, page)
    found.looked += len(page)
    found.fitting += len(sifted.fitting)
    found.sample = (*found.sample, *sifted.fitting)[:SAMPLE]
    _remember(found, through)


def _remember(found: Counted, through: Walk) -> None:
    """Where it is now. Of many places every second one is forgotten, so that they stay few and even."""
    behind = through.mark().behind
    found.pages += 1
    if behind is None or found.pages % found.every:
        return
    found.stones = (*found.stones, Milestone(behind[0], behind[1], found.fitting))
    if len(found.stones) > STONES:
        found.stones, found.every = found.stones[1::2], found.every * 2
