"""What holds a flow back: from its top down through all who wait, to the unfinished jobs that they wait for.

Of thousands of children a piece is looked at, those that failed first; how many that were is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.flows.causes import ORDER, cause_of, sentence
from core.flows.children import SUFFIXES, Child, counts, first_few, pieces
from core.flows.flow import Blocker, Blocking, Cause, Node, Step, Tie
from core.flows.lens import Lens, Spot
from core.flows.nodes import read_nodes
from core.flows.standing import standings
from core.instance import pack
from core.job import Children, Covered, JobRow
from core.model import QueueId, State

HOLDING = (Tie.FAILED, Tie.PENDING)
# So many unfinished jobs are looked at for one answer, those of the top in whole pieces.
MOST = 500
# Of each parent further down, and how many of these on each level.
EACH, PARENTS = 12, 40
OF_A_LEVEL = 400
LEVELS = 20
SHOWN = 12
Path = tuple[Step, ...]


@dataclass(slots=True)
class _Found:
    """Unfinished jobs by cause and queue: how many, the way to one of them, and that one."""

    counts: dict[tuple[Cause, QueueId | None], int] = field(default_factory=dict)
    examples: dict[tuple[Cause, QueueId | None], tuple[Path, Spot]] = field(default_factory=dict)
    looked_at: int = 0
    total: int = 0

    def add(self, cause: Cause, path: Path, spot: Spot) -> None:
        place = cause, spot.queue_id
        self.counts[place] = self.counts.get(place, 0) + 1
        self.examples.setdefault(place, (path, spot))


async def read_blocking(lens: Lens, top: Spot, node: Node) -> Blocking:
    """What keeps the job at the top from running; nothing where it is done."""
    found = _Found()
    path = (step_of(lens, top),)
    children = node.children or Children()
    if node.state is State.COMPLETED:
        return Blocking(sentence="This flow is done: the job at its top has completed.")
    if node.state in (State.WAITING_CHILDREN, State.FAILED) and (children.pending or children.unsuccessful):
        await _search(lens, found, top, children)
    else:
        cause = await _of_top(lens, top, node)
        if cause is not None:
            found.add(cause, path, top)
    blockers = await _blockers(lens, found)
    return Blocking(blockers, _said(node, blockers), Covered(found.looked_at, found.total, _note(found)))


def step_of(lens: Lens, spot: Spot) -> Step:
    """The job as a step on a way."""
    key, id = lens.shown(spot)
    return Step(id, spot.queue_id, key)


async def _of_top(lens: Lens, top: Spot, node: Node) -> Cause | None:
    standing = (await standings(lens, [top], exact=True)).get(top.key)
    return cause_of(top, standing, node.children, locked=bool(node.locked))


async def _search(lens: Lens, found: _Found, top: Spot, children: Children) -> None:
    """Level by level: those who wait themselves are the next level's parents."""
    level: list[tuple[Path, Spot, Children]] = [((step_of(lens, top),), top, children)]
    seen = {top.key}
    for depth in range(LEVELS):
        found.total += sum(c.pending + c.unsuccessful for _, _, c in level)
        chosen = level[:PARENTS]
        listed = await _listed(lens, [(spot.key, c) for _, spot, c in chosen], MOST - found.looked_at, first=not depth)
        family = [
            (path, spot, lens.spot(key), tie)
            for (path, spot, _), kids in zip(chosen, listed, strict=True)
            for key, tie in kids
            if key not in seen
        ][: MOST - found.looked_at]
        for path, spot, _ in level[PARENTS:]:
            found.add(Cause.DEEPER, path, spot)
        if not family:
            return
        seen |= {child.key for _, _, child, _ in family}
        found.looked_at += len(family)
        level = await _sorted_out(lens, found, family)
        if not level:
            return
    for path, spot, _ in level:
        found.add(Cause.DEEPER, path, spot)


async def _listed(
    lens: Lens, parents: Sequence[tuple[bytes, Children]], room: int, *, first: bool
) -> list[list[Child]]:
    if room <= 0:
        return [[] for _ in parents]
    if not first:
        return await first_few(lens.instance, parents, max(EACH, OF_A_LEVEL // len(parents)), HOLDING)
    ((key, _),) = parents
    kids: list[Child] = []
    for tie in HOLDING:
        async for piece in pieces(lens.instance, key, tie):
            kids += [(member, tie) for member in piece]
            if len(kids) >= room:
                return [kids[:room]]
    return [kids]


async def _sorted_out(
    lens: Lens, found: _Found, family: Sequence[tuple[Path, Spot, Spot, Tie]]
) -> list[tuple[Path, Spot, Children]]:
    """Note what each waits for; those that wait for children of their own are handed on."""
    spots = [child for _, _, child, _ in family]
    states = await standings(lens, spots, exact=True)
    parents = [s for s in spots if s.key in states and states[s.key].state in (State.WAITING_CHILDREN, State.FAILED)]
    families = dict(zip((s.key for s in parents), await counts(lens.instance, [s.key for s in parents]), strict=True))
    active = [s for s in spots if s.key in states and states[s.key].state is State.ACTIVE]
    held = await lens.instance.read([pack(b"EXISTS", s.key + b":lock") for s in active])
    locked = {spot.key for spot, lock in zip(active, held, strict=True) if lock}
    below: list[tuple[Path, Spot, Children]] = []
    doubtful: list[tuple[Cause, Path, Spot, bytes]] = []
    for path, parent, child, tie in family:
        children = families.get(child.key)
        cause = cause_of(child, states.get(child.key), children, locked=child.key in locked)
        way = (*path, step_of(lens, child))
        if cause is None and children is not None:
            below.append((way, child, children))
        elif cause in (Cause.DONE, Cause.GONE) and tie is Tie.PENDING:
            doubtful.append((cause, way, child, parent.key))
        elif cause is not None:
            found.add(cause, way, child)
    await _confirm(lens, found, doubtful)
    return below


async def _confirm(lens: Lens, found: _Found, doubtful: Sequence[tuple[Cause, Path, Spot, bytes]]) -> None:
    """A job that finished while we looked is no riddle: only those are, for which the parent still waits."""
    asked = [pack(b"SISMEMBER", parent + SUFFIXES[Tie.PENDING], child.key) for _, _, child, parent in doubtful]
    for (cause, way, child, _), waited_for in zip(doubtful, await lens.instance.read(asked), strict=True):
        if waited_for:
            found.add(cause, way, child)


async def _blockers(lens: Lens, found: _Found) -> tuple[Blocker, ...]:
    worst = sorted(found.counts, key=lambda place: (ORDER.index(place[0]), -found.counts[place]))[:SHOWN]
    read = await read_nodes(lens, [(found.examples[place][1], None) for place in worst])
    return tuple(_blocker(found, place, node.row) for place, node in zip(worst, read, strict=True))


def _blocker(found: _Found, place: tuple[Cause, QueueId | None], example: JobRow | None) -> Blocker:
    (cause, queue), number = place, found.counts[place]
    path, spot = found.examples[place]
    return Blocker(cause, queue, number, sentence(cause, number, spot.queue, example), path)


def _said(node: Node, blockers: Sequence[Blocker]) -> str:
    if node.state is State.FAILED:
        return "The job at the top has failed."
    if not blockers:
        return "Nothing that holds it back was found: it may be about to run."
    if len(blockers[0].path) == 1:
        return "All its children are done with: what is left is the job at the top itself."
    return ""


def _note(found: _Found) -> str:
    if found.looked_at >= found.total:
        return ""
    return f"Looked at {found.looked_at:,} of {found.total:,} unfinished jobs."
