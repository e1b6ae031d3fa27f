"""What retained jobs tell of a queue that keeps no events to speak of: each is counted once, soon after it finished.

Jobs that are removed when they finish are never seen here, and how long a job waited cannot be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.events.seen import FAILED, OUTCOMES, RETRIED
from core.events.tally import Tally
from core.instance import Instance, pack
from core.model import Queue
from core.text import integer

# A worker's clock may be a little behind; jobs are counted only once none can come before them any more.
SETTLED = 5_000
# Of each outcome and queue, in one look.
MOST = 200
# More than that is no number of attempts but somebody's joke.
_MOST_ATTEMPTS = 1 << 31
_FIELDS = (b"name", b"timestamp", b"processedOn", b"failedReason", b"atm", b"attemptsMade")


@dataclass(slots=True)
class Sampled:
    """One queue: what is counted, and up to when each outcome was looked through."""

    tally: Tally
    base: bytes
    until: list[int]


def sampled(queue: Queue, tally: Tally, now: int) -> Sampled:
    """Begin with jobs that finish from now on."""
    return Sampled(tally, queue.id.base, [now - SETTLED] * len(OUTCOMES))


async def sample(instance: Instance, queue: Sampled, now: int) -> None:
    """Count what finished since the last look. Raises Unavailable."""
    for outcome, name in enumerate(OUTCOMES):
        await _sample(instance, queue, outcome, (queue.base + name.encode(), now - SETTLED))


async def _sample(instance: Instance, queue: Sampled, outcome: int, where: tuple[bytes, int]) -> None:
    key, until = where
    window = pack(b"ZRANGEBYSCORE", key, b"(%d" % queue.until[outcome], until, b"WITHSCORES", b"LIMIT", 0, MOST)
    (reply,) = await instance.read([window])
    found = [(id, integer(score) or 0) for id, score in zip((reply or [])[::2], (reply or [])[1::2], strict=True)]
    if len(found) == MOST and found[0][1] != found[-1][1]:
        # More may have finished in the last one's millisecond: that one is left for the next look.
        until = found[-1][1] - 1
        found = [each for each in found if each[1] <= until]
    jobs = await instance.read([pack(b"HMGET", queue.base + id, *_FIELDS) for id, _ in found])
    for fields, (_, finished) in zip(jobs, found, strict=True):
        if isinstance(fields, list):
            _count(queue.tally, fields, outcome, finished)
    queue.until[outcome] = until
    if found:
        queue.tally.changed()


def _count(tally: Tally, fields: list[Any], outcome: int, finished: int) -> None:
    name, (added, started) = fields[0] or None, (integer(fields[1]), integer(fields[2]))
    if outcome == FAILED:
        tally.failed_for(fields[3] or b"")
    tally.attempted(name, outcome, None if started is None else finished - started)
    tally.finished(name, outcome, finished)
    if added is not None:
        tally.totals[outcome].observe(finished - added)
    attempts = integer(fields[4] or fields[5])
    if attempts and 0 < attempts < _MOST_ATTEMPTS:
        tally.attempts[outcome].observe(attempts)
        tally.name(name).attempts[RETRIED] += attempts - 1
