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
    counted = await _counted(instance, queue.id.base, starts, retained)
    if queue.identity.dialect is not Dialect.BULL:
        await follow(instance, queue.id.base + b"events", streamed, starts[0])
    exact = _earliest(streamed.since, counted.since)
    minutes = (Minute(at, *(_best(at, o, (retained, counted, streamed)) for o in OUTCOMES)) for at in starts)
    return History(tuple(minutes), exact, _note(exact, starts[0]))


async def _retained(instance: Instance, base: bytes, starts: Sequence[int]) -> dict[str, Counter[int]]:
    commands = [
        pack(b"ZCOUNT", base + outcome.encode(), start, f"({start + MINUTE}")
        for outcome in OUTCOMES
        for start in starts
    ]
    replies = iter(await instance.read(commands))
    return {outcome: Counter({s: n for s in starts if isinstance(n := next(replies), int)}) for outcome in OUTCOMES}


@dataclass(frozen=True, slots=True)
class _Counted:
    """What the lists tell that workers keep with `metrics` on, complete from `since` on."""

    counts: Mapping[str, Counter[int]]
    since: int | None


async def _counted(
    instance: Instance, base: bytes, starts: Sequence[int], retained: Mapping[str, Counter[int]]
) -> _Counted:
    commands = []
    for outcome in OUTCOMES:
        commands.append(pack(b"HMGET", base + b"metrics:" + outcome.encode(), b"prevTS", b"count", b"prevCount"))
        commands.append(pack(b"LRANGE", base + b"metrics:" + outcome.encode() + b":data", 0, MINUTES))
    replies = await instance.read(commands)
    lists = {o: _listed(replies[2 * n], replies[2 * n + 1]) for n, o in enumerate(OUTCOMES)}
    counts = {outcome: listed.counts for outcome, listed in lists.items()}
    since = _reach(list(lists.values()))
    # Where not all workers keep them, they miss jobs; that shows where more jobs are left than were counted.
    if since is None or any(retained[o][at] > counts[o][at] for o in OUTCOMES for at in starts if at >= since):
        return _Counted(counts, None)
    return _Counted(counts, max(since, starts[0]))


@dataclass(frozen=True, slots=True)
class _Listed:
    """One of these lists by minute. `whole` when it holds every job its counter ever counted."""

    counts: Counter[int]
    reach: int | None = None
    whole: bool = False


def _listed(meta: Any, points: Any) -> _Listed:
    """Newest minute first, the first one being the minute before `prevTS`."""
    stamp, count, before = (integer(value) for value in meta) if isinstance(meta, list) else (None, None, None)
    if stamp is None or count is None or before is None:
        return _Listed(Counter())
    numbers = [max(0, integer(point) or 0) for point in points] if isinstance(points, list) else []
    last = stamp - stamp % MINUTE
    counted = Counter({last - MINUTE * (back + 1): number for back, number in enumerate(numbers)})
    counted[last] = max(0, count - before)
    return _Listed(counted, last - MINUTE * len(numbers), sum(numbers) == before)


def _reach(lists: Sequence[_Listed]) -> int | None:
    """From when on both are complete. One that is whole misses nothing as long as the other shows that it was kept."""
    known = [listed for listed in lists if listed.reach is not None]
    cut = [listed.reach for listed in known if not listed.whole and listed.reach is not None]
    return max(cut) if cut else _earliest(*(listed.reach for listed in known))


def _earliest(*moments: int | None) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _best(at: int, outcome: str, sources: tuple[Mapping[str, Counter[int]], _Counted, Streamed]) -> int | None:
    """What the stream says, where it says all; else the largest count, where a zero may only mean not known.

    The stream goes by the clock of Redis, the others by that of each worker: together they could count a job twice.
    """
    retained, counted, streamed = sources
    if streamed.since is not None and at >= streamed.since:
        return streamed.counts[outcome][at]
    count = max(retained[outcome][at], counted.counts[outcome][at], streamed.counts[outcome][at])
    return count if count or (counted.since is not None and at >= counted.since) else None


def _note(exact: int | None, hour_ago: int) -> str:
    if exact is None:
        return "From retained jobs only: jobs that were removed when they finished are missing."
    if exact <= hour_ago:
        return "Complete: every job that finished in this hour is counted."
    return "Complete from the marked moment on; before it only retained jobs are counted."
