"""Fields of some jobs for a query: by scripts, or where Redis runs none of ours by a command for each, which is slower.

What is too large is not read at all; of the rest only jobs are kept that hold what the query needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redis.exceptions import ResponseError

from core.instance import Instance, pack
from core.query.needles import Need
from core.search.raw_job import RawJob
from core.search.scripted import Scripted

# A field longer than this is not shipped (bytes), and so much is shipped at once.
LARGEST_FIELD = 1_000_000
AT_ONCE = 2_000_000
# What may be long: its size is asked first.
LARGE = frozenset((b"failedReason", b"data", b"opts", b"returnvalue", b"stacktrace"))


class Payloads:
    """Reads these fields. `refused` is what Redis said where it ran no script; it is then not asked again."""

    def __init__(self, fields: Sequence[bytes], need: Need | None) -> None:
        self._large = [name for name in fields if name in LARGE]
        self._fields = [*self._large, *(name for name in fields if name not in LARGE)]
        self._need = need
        self._scripted = Scripted(self._fields, len(self._large), LARGEST_FIELD, need)
        self.refused = ""

    async def read(self, instance: Instance, base: bytes, jobs: Sequence[RawJob]) -> tuple[list[RawJob], set[bytes]]:
        """The jobs that may be meant, with what was read of them, and the ids of those that are too large."""
        if not self._fields:
            return list(jobs), set()
        if not self.refused:
            try:
                found, unread = await self._scripted.read(instance, base, jobs)
                return [job for job in found if self._may(job)], unread
            except ResponseError as refusal:
                self.refused = str(refusal)
        return await self._piped(instance, base, jobs)

    def _may(self, job: RawJob) -> bool:
        return self._need is None or job.hides or self._need.may(job.raw)

    async def _piped(self, instance: Instance, base: bytes, jobs: Sequence[RawJob]) -> tuple[list[RawJob], set[bytes]]:
        sizes = await self._sizes(instance, base, jobs)
        readable = [(job, sum(lengths)) for job, lengths in sizes if max(lengths, default=0) <= LARGEST_FIELD]
        unread = {job.placed.id for job, lengths in sizes if max(lengths, default=0) > LARGEST_FIELD}
        kept: list[RawJob] = []
        for piece in _pieces(readable):
            replies = await instance.read([pack(b"HMGET", base + job.placed.id, *self._fields) for job in piece])
            for job, values in zip(piece, replies, strict=True):
                job.learn(self._fields, values or ())
            kept += [job for job in piece if self._may(job)]
        return kept, unread

    async def _sizes(self, instance: Instance, base: bytes, jobs: Sequence[RawJob]) -> list[tuple[RawJob, list[int]]]:
        """How long the large fields of each job are, in bytes."""
        asked = [pack(b"HSTRLEN", base + job.placed.id, name) for job in jobs for name in self._large]
        replies = iter(await instance.read(asked))
        return [(job, [size for _ in self._large if isinstance(size := next(replies), int)]) for job in jobs]


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
