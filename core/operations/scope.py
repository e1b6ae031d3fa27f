"""Which jobs an operation may touch: frozen when it is previewed, so that jobs that come or fail later are left alone.

In sorted sets the last member that belongs is remembered; in lists, which are walked from the tail, the newest ids
that belong and how many there are. Where neither can tell, a job's own instants do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from core.dialects.contract import LISTS, contract, is_marker
from core.instance import Instance, pack
from core.model import Queue, QueueId, State
from core.operations.request import Options
from core.query.query import Query
from core.search.bounds import scores

# The newest jobs of a list that are remembered: more than are likely to be removed one by one meanwhile.
ANCHORS = 6
# Here the score is the instant by which a job's age is judged.
DATED = frozenset({State.COMPLETED, State.FAILED, State.WAITING_CHILDREN})
# What a priority is worth in the score of a prioritised job.
PRIORITY_UNIT = 1 << 32


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds a scope: a state, the moment, options, and a query if there is one."""

    state: State
    now: int
    options: Options
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Milestone:
    """Up to this score and id, so many fitted when it was previewed."""

    score: bytes
    id: bytes
    fitting: int


@dataclass(frozen=True, slots=True)
class Scope:
    """One state of one queue (no state: the queue itself). `count` is how many will be acted on at most, `reach` how
    many belong; `exact` says that nothing but refusals will make it fewer. Instants are ms since the epoch.

    `last` is the last member of a sorted set that belongs, `anchors` the newest of a list. `youngest` is set where
    jobs themselves have to be asked: one added after it, or run after `cutoff`, does not belong.

    With a query `count` is how many of the first `looked` fit, and `least` says that not all were looked at. `first` is
    the lowest score that a job which fits can have, and `course` where along the way they stand.
    """

    queue: QueueId
    state: State | None
    count: int = 0
    reach: int = 0
    exact: bool = True
    cutoff: int = 0
    youngest: int | None = None
    last: tuple[bytes, bytes] | None = None
    anchors: tuple[bytes, ...] = ()
    refusal: str = ""
    least: bool = False
    looked: int = 0
    first: bytes = b""
    course: tuple[Milestone, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return bool(self.refusal) or not (self.reach if self.least else self.count)


def spelled(queue: Queue, state: State) -> str:
    """The state as scripts call it."""
    return contract(queue.identity).keys[state].decode().replace("-", "_")


async def freeze(instance: Instance, queue: Queue, state: State, options: Options, now: int) -> Scope:
    """What this state of the queue holds now, as far as the options let an operation touch it."""
    return await frozen_bounds(instance, queue, Bounds(state, now, options))


async def frozen_bounds(instance: Instance, queue: Queue, bounds: Bounds) -> Scope:
    """The same; of a query only what it says of scores: the jobs themselves are not looked at."""
    key, options = queue.id.base + contract(queue.identity).keys[bounds.state], bounds.options
    blank = Scope(queue.id, bounds.state, cutoff=bounds.now)
    if bounds.state in LISTS:
        scope = await _of_list(instance, key, blank, options)
    else:
        scope = await _of_set(instance, key, blank, bounds)
        if bounds.state not in DATED:  # scores say when, or before whom, a job runs: not when it was added
            scope = replace(scope, youngest=bounds.now - options.grace, exact=not options.grace)
    return replace(scope, count=min(scope.reach, options.limit or scope.reach))


def band(state: State | None, options: Options) -> tuple[int, int] | None:
    """The scores, the last one not included, of the jobs that have the priority which they are to be given."""
    if state is not State.PRIORITIZED or options.priority is None:
        return None
    return options.priority * PRIORITY_UNIT, (options.priority + 1) * PRIORITY_UNIT


async def left_in(instance: Instance, key: bytes, scope: Scope, behind: bytes | None) -> int:
    """How many of a sorted set's scope stand behind this score now; those of equal scores count too."""
    if scope.last is None:
        return 0
    (found,) = await instance.read([pack(b"ZCOUNT", key, behind or scope.first or b"-inf", scope.last[0])])
    return found or 0


async def _of_list(instance: Instance, key: bytes, blank: Scope, options: Options) -> Scope:
    length, ends, newest = await instance.read(
        [
            pack(b"LLEN", key),
            pack(b"LRANGE", key, -1, -1),
            pack(b"LRANGE", key, options.keep, options.keep + ANCHORS),
        ]
    )
    # A wake-up mark stands at either end only, and is no job.
    head = list(newest or ())[:1] if not options.keep else []
    marks = sum(is_marker(member) for member in (head + list(ends or ()) if (length or 0) > 1 else head))
    anchors = tuple(member for member in newest or () if not is_marker(member))[:ANCHORS]
    reach = max(0, (length or 0) - options.keep - marks)
    return replace(blank, reach=reach, anchors=anchors, youngest=blank.cutoff - options.grace, exact=not options.grace)


async def _of_set(instance: Instance, key: bytes, blank: Scope, bounds: Bounds) -> Scope:
    low, high = _edges(bounds)
    so_already = band(bounds.state, bounds.options) or (math.inf, math.inf)
    until, below, all_of_it, same = await instance.read(
        [
            pack(b"ZCOUNT", key, b"-inf", high),
            pack(b"ZCOUNT", key, b"-inf", b"(" + (low or b"-inf")),
            pack(b"ZCARD", key),
            pack(b"ZCOUNT", key, f"{so_already[0]}", f"({so_already[1]}"),
        ]
    )
    end = min(until or 0, (all_of_it or 0) - bounds.options.keep)
    reach = end - (below or 0) - (same or 0)
    if reach <= 0:
        return blank
    (found,) = await instance.read([pack(b"ZRANGE", key, end - 1, end - 1, b"WITHSCORES")])
    return replace(blank, reach=reach, last=_member(found), first=low) if found else blank


def _edges(bounds: Bounds) -> tuple[bytes, bytes]:
    """The lowest score that can belong, empty for any, and the highest."""
    low, high = scores(bounds.query, bounds.state) if bounds.query else (-math.inf, math.inf)
    if bounds.options.grace and bounds.state in DATED:
        high = min(high, bounds.now - bounds.options.grace)
    return b"" if math.isinf(low) else b"%.0f" % low, b"+inf" if math.isinf(high) else b"%.0f" % high


def _member(found: Any) -> tuple[bytes, bytes]:
    id, score = found
    return score, id
