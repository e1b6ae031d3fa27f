"""A flow in flight as a list shows it: how many children remain, and what blocks it as far as a look at some tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from core.flows.blocking import HOLDING
from core.flows.causes import ORDER, cause_of, sentence
from core.flows.children import counts, first_few
from core.flows.flow import Cause, InFlight, Node
from core.flows.in_flight import Found, Place
from core.flows.lens import Lens, Spot
from core.flows.nodes import read_nodes
from core.flows.standing import Standing, standings
from core.instance import pack
from core.job import Children
from core.model import State

# Of each flow's unfinished children so many are looked at for what blocks it.
LOOKED_AT = 20
_UPWARDS = (State.WAITING_CHILDREN, State.FAILED)


@dataclass(frozen=True, slots=True)
class _Kids:
    """The unfinished children that were looked at, of all flows of a page."""

    spots: dict[bytes, Spot]
    states: dict[bytes, Standing]
    families: dict[bytes, Children | None]
    locked: frozenset[bytes]

    def cause(self, key: bytes) -> Cause | None:
        return cause_of(self.spots[key], self.states.get(key), self.families.get(key), locked=key in self.locked)

    def failed(self, keys: Sequence[bytes]) -> int:
        return sum(key in self.states and self.states[key].state is State.FAILED for key in keys)


async def read_flights(lens: Lens, found: Sequence[tuple[Found, bool]]) -> list[tuple[Place, InFlight]]:
    """These flows, each with whether it is part of a larger one; without those that went a moment ago."""
    spots = [each.spot for each, _ in found]
    nodes = await read_nodes(lens, [(spot, None) for spot in spots])
    parents = [(spot.key, node.children or Children()) for spot, node in zip(spots, nodes, strict=True)]
    listed = await first_few(lens.instance, parents, LOOKED_AT, HOLDING)
    kids = await _look_at(lens, [key for some in listed for key, _ in some])
    return [
        (each.place, _flight(each, is_part, node, kids, [key for key, _ in some]))
        for (each, is_part), node, some in zip(found, nodes, listed, strict=True)
        if node.row is not None
    ]


async def _look_at(lens: Lens, keys: Sequence[bytes]) -> _Kids:
    spots = {key: lens.spot(key) for key in keys}
    states = await standings(lens, list(spots.values()), exact=False)
    held = await lens.instance.read([pack(b"EXISTS", key + b":lock") for key in spots])
    locked = frozenset(key for key, lock in zip(spots, held, strict=True) if lock)
    parents = [key for key in spots if key in states and states[key].state in _UPWARDS]
    families = dict(zip(parents, await counts(lens.instance, parents), strict=True))
    return _Kids(spots, states, families, locked)


def _flight(each: Found, is_part: bool, node: Node, kids: _Kids, keys: Sequence[bytes]) -> InFlight:
    assert node.row is not None  # noqa: S101 # those without were left out
    assert each.spot.queue is not None  # noqa: S101 # found in a known queue
    children = node.children or Children()
    worst, because = _worst(kids, keys)
    return InFlight(
        queue=each.spot.queue.id,
        row=node.row,
        # A score may be infinite, which is no instant.
        since=int(score) if isfinite(score := each.place[0]) else None,
        children=children,
        failed=max(kids.failed(keys), children.unsuccessful),
        looked_at=len(keys),
        because=because,
        worst=worst,
        is_part=is_part,
    )


def _worst(kids: _Kids, keys: Sequence[bytes]) -> tuple[Cause | None, str]:
    """The worst of what these children wait for, and how many of them do."""
    if not keys:
        return Cause.STUCK, "It has no children left to wait for: nothing lets it go."
    named = [(cause, kids.spots[key]) for key in keys if (cause := kids.cause(key)) is not None]
    if not named:
        return None, "Its children wait for children of their own."
    worst = min((cause for cause, _ in named), key=ORDER.index)
    alike = [spot for cause, spot in named if cause is worst]
    same = len({spot.queue_id for spot in alike}) == 1
    return worst, sentence(worst, len(alike), alike[0].queue if same else None, None)
