"""How many ready jobs of a queue have which priority: counted where they stand, and none of them read."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from core.dialects.contract import contract, is_marker
from core.instance import Instance, pack
from core.model import Queue, QueueId, State
from core.sight import Sight
from core.text import integer

# A queue with more priorities than these uses them for something else.
MOST = 100
# So many jobs are asked for their score at once, and so long is gone on with that (seconds).
PIECE = 256
PATIENCE = 0.4
# The score of a prioritised job of BullMQ 4 and later is its priority times this, and a counter.
_UNIT = 1 << 32


@dataclass(frozen=True, slots=True)
class Priorities:
    """`counts` are (priority, ready jobs), soonest first; `without` has those of no priority, which come before all of
    them. `beyond` jobs have priorities larger than the last one counted. `note` says what is counted."""

    without: int
    counts: tuple[tuple[int, int], ...]
    beyond: int
    note: str


class PriorityCounts:
    """The priorities of the queues in `sight`."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    async def of(self, id: QueueId) -> Priorities:
        """As they are now. Raises NotFound, Unavailable."""
        queue = self._sight.queue(id)
        return await self._sight.read(id, ("priorities",), lambda instance: _read(instance, queue))


async def _read(instance: Instance, queue: Queue) -> Priorities:
    base, notions = queue.id.base, contract(queue.identity)
    in_list = State.PRIORITIZED not in notions.states
    key, unit = base + (b"priority" if in_list else b"prioritized"), 1 if in_list else _UNIT
    lists = [base + b"wait", base + b"paused"]
    total, *answers = await instance.read(
        [pack("ZCARD", key), *(c for each in lists for c in (pack("LLEN", each), pack("LRANGE", each, -1, -1)))]
    )
    marks = sum(map(_marks, answers[1::2])) if notions.list_markers else 0
    plain = sum(length or 0 for length in answers[::2]) - marks
    counts = await _counted(instance, key, unit)
    seen = sum(number for _, number in counts)
    # In a list, those with a priority stand among the others; from BullMQ 4 on they have a place of their own.
    without = max(0, plain - ((total or 0) if in_list else 0))
    return Priorities(without, counts, max(0, (total or 0) - seen), _NOTE)


def _marks(tail: list[bytes] | None) -> int:
    """How many of these are no jobs but the marks that wake a worker, which stand at the end that is next."""
    return sum(map(is_marker, tail or ()))


async def _counted(instance: Instance, key: bytes, unit: int) -> tuple[tuple[int, int], ...]:
    """Priority after priority: those of few jobs are counted in a piece of the set, one of many jobs by its bounds."""
    counts: dict[int, int] = {}
    low, deadline = b"-inf", time.monotonic() + PATIENCE
    while len(counts) < MOST and time.monotonic() < deadline:
        (piece,) = await instance.read([pack("ZRANGEBYSCORE", key, low, "+inf", "WITHSCORES", "LIMIT", 0, PIECE)])
        priorities = [score // unit for score in map(integer, (piece or ())[1::2]) if score is not None]
        counts |= Counter(priorities)
        if len(priorities) < PIECE:
            break
        last = priorities[-1]
        low = b"%d" % ((last + 1) * unit)
        (number,) = await instance.read([pack("ZCOUNT", key, b"%d" % (last * unit), b"(" + low)])
        counts[last] = number or 0
    return tuple(sorted(counts.items())[:MOST])


_NOTE = "Jobs that are ready to run now. Delayed ones join with their own priority when they are due."
