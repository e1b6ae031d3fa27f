"""The last hour of a queue, minute by minute, from what Redis already holds.

Three sources, none complete by itself: the finish times of retained jobs, the per-minute lists that workers keep
when asked to, and the event stream. Each can only miss jobs, never invent one, so the largest count of a minute is
the best; and where the stream or the lists reach back to, it is exact. Source: docs/events.md 2.1 and 2.6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.instance import Instance, pack
from core.model import Dialect, Queue
from core.streamed import MINUTE, OUTCOMES, Streamed, follow
from core.text import integer

MINUTES = 60


@dataclass(frozen=True, slots=True)
class Minute:
    """What finished in the minute that begins at `at`; None where nothing in Redis can tell any more."""

    at: int
    completed: int | None
    failed: int | None


@dataclass(frozen=True, slots=True)
class History:
    """The last hour, minute by minute, from what Redis still holds.

    `exact_since` is the moment from which nothing can be missing; before it only retained jobs were counted.
    `note` says so in words.
    """

    minutes: tuple[Minute, ...]
    exact_since: int | None
    note: str


async def read_history(instance: Instance, queue: Queue, streamed: Streamed, now: int) -> History:
    """The hour up to `now` (milliseconds). `streamed` is this queue's, from the look before, and is added to."""
    starts = [now - now % MINUTE - MINUTE * back for back in range(MINUTES - 1, -1, -1)]
    retained = await _retained(instance, queue.id.base, starts)
    counted, counted_since = await _counted(instance, queue.id.base, starts)
    if queue.identity.dialect is not Dialect.BULL:
        await follow(instance, queue.id.base + b"events", streamed, starts[0])
    sources = [retained, counted, streamed.counts]
    exact = _earliest(streamed.since, counted_since)
    return History(_minutes(starts, sources, exact), exact, _note(exact, starts[0]))


async def _retained(instance: Instance, base: bytes, starts: Sequence[int]) -> dict[str, Counter[int]]:
    commands = [
        pack(b"ZCOUNT", base + outcome.encode(), start, f"({start + MINUTE}")
        for outcome in OUTCOMES
        for start in starts
    ]
    replies = iter(await instance.read(commands))
    return {outcome: Counter({s: n for s in starts if isinstance(n := next(replies), int)}) for outcome in OUTCOMES}


async def _counted(
    instance: Instance, base: bytes, starts: Sequence[int]
) -> tuple[dict[str, Counter[int]], int | None]:
    """The lists that workers keep with `metrics` on: newest minute first, the first one the minute before prevTS."""
    commands = []
    for outcome in OUTCOMES:
        commands.append(pack(b"HMGET", base + b"metrics:" + outcome.encode(), b"prevTS", b"count", b"prevCount"))
        commands.append(pack(b"LRANGE", base + b"metrics:" + outcome.encode() + b":data", 0, MINUTES))
    replies = await instance.read(commands)
    counts = {
        "completed": _listed(replies[0], replies[1], starts),
        "failed": _listed(replies[2], replies[3], starts),
    }
    lengths = [len(reply) for reply in (replies[1], replies[3]) if isinstance(reply, list) and reply]
    since = max(starts[0], starts[-1] - (min(lengths) - 1) * MINUTE) if lengths else None
    return counts, since


def _listed(meta: Any, points: Any, starts: Sequence[int]) -> Counter[int]:
    if not isinstance(meta, list) or not isinstance(points, list):
        return Counter()
    stamp, count, before = (integer(value) for value in meta)
    if stamp is None:
        return Counter()
    last = stamp - stamp % MINUTE
    counted = Counter({last - MINUTE * (back + 1): integer(point) or 0 for back, point in enumerate(points)})
    if count is not None and before is not None:
        counted[last] = max(0, count - before)
    return Counter({start: counted[start] for start in starts})


def _earliest(*moments: int | None) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _minutes(
    starts: Sequence[int], sources: Sequence[Mapping[str, Counter[int]]], exact: int | None
) -> tuple[Minute, ...]:
    return tuple(Minute(at, *(_best(at, outcome, sources, exact) for outcome in OUTCOMES)) for at in starts)


def _best(at: int, outcome: str, sources: Sequence[Mapping[str, Counter[int]]], exact: int | None) -> int | None:
    """The largest count; a zero before the exact part is not known to be a zero."""
    count = max(source[outcome][at] for source in sources)
    return count if count or (exact is not None and at >= exact - MINUTE) else None


def _note(exact: int | None, hour_ago: int) -> str:
    if exact is None:
        return "From retained jobs only: jobs that were removed when they finished are missing."
    if exact <= hour_ago + MINUTE:
        return "Complete: every job that finished in this hour is counted."
    return "Complete from the marked moment on; before it only retained jobs are counted."
