"""Which of some jobs a query means: what is cheap to know is read of all, what is dear only of those still in doubt.

No call holds up Redis: payloads come in pieces of bounded size, and one larger than any reasonable is not read at
all but counted, so that an answer can say what it left out. Values that must not be seen are not found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.instance import Instance
from core.jobs.logs import read_logs
from core.jobs.rows import Placed
from core.model import Queue, QueueId
from core.query.fields import Cost, reads
from core.query.matching import dearest, fits, ordered
from core.query.needles import needed
from core.query.query import All, Clause, Query
from core.redaction.redaction import NOTHING_HIDDEN, Redaction
from core.search.payloads import Payloads
from core.search.raw_job import RawJob

# So many of a job's last log lines are looked through.
LINES = 200


@dataclass(frozen=True, slots=True)
class Sifted:
    """The jobs that fit, in their order. `unread` could not be decided: what they would have to be read for is too
    large. They are not among those that fit."""

    fitting: tuple[Placed, ...]
    unread: frozenset[bytes] = frozenset()


def _nothing_hidden(_queue: QueueId) -> Redaction:
    return NOTHING_HIDDEN


class Sieve:
    """A query, cut into what is asked first and what later. `redaction` says what must not be seen of a queue's jobs
    (`Sight.redaction`), and so is not matched either."""

    def __init__(self, query: Query, redaction: Callable[[QueueId], Redaction] = _nothing_hidden) -> None:
        self.query, self._redaction = query, redaction
        parts = query.clause.clauses if isinstance(query.clause, All) else (query.clause,)
        self.stages = [stage for level in Cost if (stage := _stage(query, parts, level)) is not None]

    @property
    def refused(self) -> str:
        """What Redis said where it let no script of ours run; empty where it was not asked to, or did."""
        return next((stage.reads.refused for stage in self.stages if stage.reads.refused), "")

    async def sift(self, instance: Instance, queue: Queue, placed: Sequence[Placed]) -> Sifted:
        """Which of these jobs fit. Raises Unavailable."""
        redaction = self._redaction(queue.id)
        left, unread = [RawJob(queue.id, one, redaction) for one in placed], set[bytes]()
        for stage in self.stages:
            if not left:
                break
            left, too_large = await _READERS[stage.level](stage, instance, queue.id.base, left)
            unread |= too_large
            left = [job for job in left if fits(stage.query, job)]
        return Sifted(tuple(job.placed for job in left), frozenset(unread))


@dataclass(slots=True)
class _Stage:
    """What of a query is decided at one cost, and what has to be read for it."""

    level: Cost
    query: Query
    fields: tuple[bytes, ...]
    reads: Payloads = field(init=False)

    def __post_init__(self) -> None:
        self.reads = Payloads(self.fields, needed(self.query.clause))


def _stage(query: Query, parts: Sequence[Clause], level: Cost) -> _Stage | None:
    """The parts whose dearest term is of this level: all of them have to hold."""
    mine = All(tuple(ordered(part) for part in parts if dearest(part) == level))
    names = dict.fromkeys(name for part in Query("", mine, 0).terms() for name in reads(part.field))
    return _Stage(level, Query(query.text, mine, query.now), tuple(names)) if mine.clauses else None


_Read = tuple[list[RawJob], set[bytes]]


class _Reader(Protocol):
    async def __call__(self, stage: _Stage, instance: Instance, base: bytes, jobs: list[RawJob], /) -> _Read: ...


async def _nothing(_: _Stage, __: Instance, ___: bytes, jobs: list[RawJob]) -> _Read:
    return jobs, set()


async def _fields(stage: _Stage, instance: Instance, base: bytes, jobs: list[RawJob]) -> _Read:
    return await stage.reads.read(instance, base, jobs)


async def _logs(stage: _Stage, instance: Instance, base: bytes, jobs: list[RawJob]) -> _Read:
    known, unread = await stage.reads.read(instance, base, jobs)
    for job in known:
        lines = (await read_logs(instance, base + job.placed.id, -LINES, LINES, job.redaction)).lines
        job.learn_lines(lines)
    return known, unread


_READERS: dict[Cost, _Reader] = {
    Cost.KNOWN: _nothing,
    Cost.SMALL: _fields,
    Cost.LARGE: _fields,
    Cost.APART: _logs,
}
