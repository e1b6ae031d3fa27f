"""Which of some jobs a query means: what is cheap to know is read of all, what is dear only of those still in doubt.

No call holds up Redis: payloads come in pieces of bounded size, and one larger than any reasonable is not read at
all but counted, so that an answer can say what it left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.instance import Instance, pack
from core.jobs.logs import read_logs
from core.jobs.rows import Placed
from core.model import Queue
from core.query.fields import Cost, reads
from core.query.matching import dearest, fits, ordered
from core.query.query import All, Clause, Query
from core.search.raw_job import RawJob

# A field longer than this is not shipped (bytes), and so much is shipped at once.
LARGEST_FIELD = 1_000_000
AT_ONCE = 2_000_000
# So many of a job's last log lines are looked through.
LINES = 200


@dataclass(frozen=True, slots=True)
class Sifted:
    """The jobs that fit, in their order. `unread` could not be decided: what they would have to be read for is too
    large. They are not among those that fit."""

    fitting: tuple[Placed, ...]
    unread: frozenset[bytes] = frozenset()


class Sieve:
    """A query, cut into what is asked first and what later."""

    def __init__(self, query: Query) -> None:
        self.query = query
        parts = query.clause.clauses if isinstance(query.clause, All) else (query.clause,)
        self._stages = [(level, stage) for level in Cost if (stage := _stage(query, parts, level)) is not None]

    async def sift(self, instance: Instance, queue: Queue, placed: Sequence[Placed]) -> Sifted:
        """Which of these jobs fit. Raises Unavailable."""
        left, unread = [RawJob(queue.id, one) for one in placed], set[bytes]()
        for level, stage in self._stages:
            if not left:
                break
            decided = await _READERS[level](instance, queue.id.base, _fields(stage), left)
            unread |= {job.placed.id for job in left} - {job.placed.id for job in decided}
            left = [job for job in decided if fits(stage, job)]
        return Sifted(tuple(job.placed for job in left), frozenset(unread))


def _stage(query: Query, parts: Sequence[Clause], level: Cost) -> Query | None:
    """The parts whose dearest term is of this level: all of them have to hold."""
    mine = tuple(ordered(part) for part in parts if dearest(part) == level)
    return Query(query.text, All(mine), query.now) if mine else None


def _fields(stage: Query) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(name for term in stage.terms() for name in reads(term.field)))


# What may be long: its size is asked first.
_LARGE = frozenset((b"failedReason", b"data", b"opts", b"returnvalue", b"stacktrace"))


async def _nothing(_: Instance, __: bytes, ___: Sequence[bytes], jobs: list[RawJob]) -> list[RawJob]:
    return jobs


async def _small(instance: Instance, base: bytes, fields: Sequence[bytes], jobs: list[RawJob]) -> list[RawJob]:
    if fields:
        replies = await instance.read([pack(b"HMGET", base + job.placed.id, *fields) for job in jobs])
        for job, values in zip(jobs, replies, strict=True):
            job.learn(fields, values or ())
    return jobs


async def _payloads(instance: Instance, base: bytes, fields: Sequence[bytes], jobs: list[RawJob]) -> list[RawJob]:
    sizes = await _sizes(instance, base, [name for name in fields if name in _LARGE], jobs)
    readable = [(job, sum(lengths)) for job, lengths in sizes if max(lengths, default=0) <= LARGEST_FIELD]
    for piece in _pieces(readable):
        await _small(instance, base, fields, piece)
    return [job for job, _ in readable]


async def _sizes(
    instance: Instance, base: bytes, names: Sequence[bytes], jobs: Sequence[RawJob]
) -> list[tuple[RawJob, list[int]]]:
    """How long these fields of each job are, in bytes."""
    asked = [pack(b"HSTRLEN", base + job.placed.id, name) for job in jobs for name in names]
    replies = iter(await instance.read(asked))
    return [(job, [size for _ in names if isinstance(size := next(replies), int)]) for job in jobs]


def _pieces(sized: Sequence[tuple[RawJob, int]]) -> Iterator[list[RawJob]]:
    piece: list[RawJob] = []
    room = AT_ONCE
    for job, size in sized:
        if piece and size > room:
            yield piece
            piece, room = [], AT_ONCE
        piece.append(job)
        room -= size
    if piece:
        yield piece


async def _logs(instance: Instance, base: bytes, fields: Sequence[bytes], jobs: list[RawJob]) -> list[RawJob]:
    known = await _payloads(instance, base, fields, jobs)
    for job in known:
        job.learn_lines((await read_logs(instance, base + job.placed.id, -LINES, LINES)).lines)
    return known


_READERS = {Cost.KNOWN: _nothing, Cost.SMALL: _small, Cost.LARGE: _payloads, Cost.APART: _logs}
