"""The tree around one job: from its top down to it, its own children a page at a time, and some of everybody else's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from core.errors import NotFound
from core.flows.blocking import read_blocking
from core.flows.children import Child, decode, first_few, page
from core.flows.climb import climb
from core.flows.flow import Flow, Node, Step, Tie
from core.flows.lens import Lens, Spot
from core.flows.nodes import read_nodes
from core.job import Children, Covered
from core.text import text

# One tree shows no more jobs than this, whatever its shape: some 100 KB of page.
MOST_NODES = 160
# Of a job above, so many children besides the one on the way; of those below, so many each.
BESIDE, BELOW = 6, 6
MOST_BESIDE = 60
MOST_LIMIT = 200
MOST_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Sought:
    """Which part: a page of `limit` children of the job, and `depth` levels below it."""

    limit: int = 50
    cursor: str | None = None
    depth: int = 3


@dataclass(slots=True)
class _Growing:
    """What is known of the tree so far, by key."""

    nodes: dict[bytes, Node] = field(default_factory=dict)
    kids: dict[bytes, list[bytes]] = field(default_factory=dict)

    @property
    def room(self) -> int:
        return MOST_NODES - len(self.nodes)


async def read_flow(lens: Lens, start: Spot, sought: Sought) -> Flow:
    """The tree. Raises NotFound where the job is gone, Invalid for a bad cursor."""
    way = await climb(lens, start)
    growing = _Growing()
    chain = [spot for spot, _ in way.chain]
    for (spot, _), node in zip(way.chain, await read_nodes(lens, way.chain), strict=True):
        growing.nodes[spot.key] = node
    here = growing.nodes[start.key]
    if here.row is None or here.row.missing:
        raise NotFound(f"There is no job {here.id!r} in this queue.", "It may have been removed on completion.")
    listed, following = await _children_of_here(lens, start, here, sought)
    beside = await _beside_the_way(lens, growing, chain)
    own = await _add(lens, growing, {start.key: listed})
    deep = await _below(lens, growing, [*own, *beside], sought.depth)
    blocking = await read_blocking(lens, chain[0], growing.nodes[chain[0].key])
    total = here.children.total if here.children else 0
    notes = (*way.notes, *([f"More than {sought.depth} levels below it are not shown."] if deep else []))
    return Flow(
        root=_grown(growing, chain[0].key, {chain[0].key}),
        here=here.key,
        above=tuple(Step(text(spot.id), spot.queue_id, text(spot.key)) for spot in chain[:-1]),
        next=following,
        listed=Covered(len(listed), total),
        blocking=blocking,
        shown=len(growing.nodes),
        notes=notes,
    )


async def _children_of_here(lens: Lens, start: Spot, here: Node, sought: Sought) -> tuple[list[Child], str | None]:
    at = decode(sought.cursor, start.key) if sought.cursor else None
    if here.children is None:
        return [], None
    listed, following = await page(lens.instance, start.key, here.children, sought.limit, at)
    return listed, following.encode(start.key) if following else None


async def _beside_the_way(lens: Lens, growing: _Growing, chain: list[Spot]) -> list[bytes]:
    """Of each job above, the child on the way first, and a few others; which those are."""
    above = [(spot.key, children) for spot in chain[:-1] if (children := growing.nodes[spot.key].children)]
    each = min(BESIDE, MOST_BESIDE // max(1, len(above)))
    few = dict(zip((key for key, _ in above), await first_few(lens.instance, above, each), strict=True))
    for spot, below in pairwise(chain):
        growing.kids[spot.key] = [below.key]
    on_the_way = {spot.key for spot in chain}
    return await _add(
        lens, growing, {key: [kid for kid in kids if kid[0] not in on_the_way] for key, kids in few.items()}
    )


async def _below(lens: Lens, growing: _Growing, frontier: list[bytes], depth: int) -> bool:
    """Level by level, as far as there is room: those that hold their parent back before those that are done. Whether
    the depth cut something off."""
    for _ in range(depth - 1):
        parents = [(k, c) for k in _by_weight(growing, frontier) if (c := growing.nodes[k].children)]
        few = max(2, min(BELOW, growing.room // max(1, len(parents))))
        chosen = parents[: max(0, growing.room // few)]
        if not chosen:
            return False
        found = await first_few(lens.instance, chosen, few)
        frontier = await _add(lens, growing, {key: kids for (key, _), kids in zip(chosen, found, strict=True)})
    return any(growing.nodes[key].children for key in frontier)


def _by_weight(growing: _Growing, keys: Iterable[bytes]) -> list[bytes]:
    return sorted(keys, key=lambda key: not growing.nodes[key].holds_back)


async def _add(lens: Lens, growing: _Growing, kids: Mapping[bytes, list[Child]]) -> list[bytes]:
    """Read these children, but for those that stand elsewhere in the tree; which are new."""
    wanted: list[tuple[Spot, Tie]] = []
    seen = set(growing.nodes)
    for parent, listed in kids.items():
        new = [(key, tie) for key, tie in listed if key not in seen]
        seen |= {key for key, _ in new}
        growing.kids.setdefault(parent, []).extend(key for key, _ in new)
        wanted += [(lens.spot(key), tie) for key, tie in new]
    for (spot, _), node in zip(wanted, await read_nodes(lens, wanted), strict=True):
        growing.nodes[spot.key] = node
    return [spot.key for spot, _ in wanted]


def _grown(growing: _Growing, key: bytes, around: set[bytes]) -> Node:
    node = growing.nodes[key]
    keys = [kid for kid in growing.kids.get(key, []) if kid not in around]
    kids = tuple(_grown(growing, kid, around | {kid}) for kid in keys)
    total = (node.children or Children()).total
    return replace(node, kids=kids, more=max(0, total - len(kids)))
