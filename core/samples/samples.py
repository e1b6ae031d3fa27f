"""Samples of what waits, fails or is done: tens of milliseconds, however much of it there is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from core.dialects.contract import contract
from core.errors import Invalid
from core.instance import Instance
from core.model import Queue, QueueId, State
from core.samples.drawing import Drawn, draw
from core.samples.sample import Part, Sample, bounds
from core.samples.values import BY_TIME, By, by, moments, paths, span_words
from core.search.payloads import Payloads
from core.search.raw_job import RawJob
from core.sight import Sight

USUAL, MOST = 1000, 5000
# Jobs are read until this is over (seconds); the sample is then as large as it is. So many are read at a time.
PATIENCE = 0.35
AT_ONCE = 100
MOST_PARTS = 20
# Of so many jobs the data are looked through for paths.
LOOKED_THROUGH = 200
# Two who ask within so many seconds see the same sample.
FRESH = 5.0


class Samples:
    """What pages and API ask for samples."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    async def take(self, id: QueueId, state: State, said: str, size: int = USUAL) -> Sample:
        """What is in that state, by a field or path. Raises NotFound, Invalid, Unavailable."""
        queue, what = self._sight.queue(id), by(said)
        if state not in contract(queue.identity).keys:
            raise Invalid(f"{queue.identity.label} has no state {state.value!r}.")
        if not 1 <= size <= MOST:
            raise Invalid(f"A sample has 1 to {MOST:,} jobs.")
        key = ("sample", state, said, size)
        return await self._sight.read(id, key, lambda instance: self._take(instance, queue, what, (state, size)), FRESH)

    async def _take(self, instance: Instance, queue: Queue, what: By, wanted: tuple[State, int]) -> Sample:
        drawn = await draw(instance, queue, *wanted)
        jobs, unread = await self._read(instance, queue, what, drawn)
        taken = len(jobs) + unread
        exact = taken >= drawn.total
        total = taken if exact else drawn.total
        counted = _by_time(jobs) if what.field == BY_TIME else _by_value(jobs, what)
        parts = tuple(_part(value, count, (taken, total), words) for value, count, words in counted[:MOST_PARTS])
        data = (job.json("data") for job in jobs[:LOOKED_THROUGH])
        return Sample(what.said, total, taken, exact, parts, len(counted), tuple(paths(data)), unread)

    async def _read(self, instance: Instance, queue: Queue, what: By, drawn: Drawn) -> tuple[list[RawJob], int]:
        redaction, until = self._sight.redaction(queue.id), time.monotonic() + PATIENCE
        jobs, unread = list[RawJob](), 0
        both = (Payloads((*what.reads, b"data"), None), Payloads(what.reads, None))
        for first in range(0, len(drawn.placed), AT_ONCE):
            if jobs and time.monotonic() > until:
                break
            piece = [RawJob(queue.id, placed, redaction) for placed in drawn.placed[first : first + AT_ONCE]]
            found, large = await both[first >= LOOKED_THROUGH].read(instance, queue.id.base, piece)
            jobs += found
            unread += len(large)
        return jobs, unread


_Counted = list[tuple[str | None, int, str]]


def _by_value(jobs: Iterable[RawJob], what: By) -> _Counted:
    counts = Counter(value for job in jobs for value in what.of(job))
    return [(value, count, what.words(value)) for value, count in counts.most_common()]


def _by_time(jobs: Sequence[RawJob]) -> _Counted:
    """Newest first, the spans in which there are none left out."""
    known = [at for job in jobs if (at := job.number("timestamp")) is not None and 0 < at < 1 << 47]
    spans = moments(min(known), max(known)) if known else []
    counts = [(span, sum(span[0] <= at <= span[1] for at in known)) for span in reversed(spans)]
    found: _Counted = [(f"{span[0]}..{span[1]}", count, span_words(span)) for span, count in counts if count]
    return [*found, *([(None, len(jobs) - len(known), "")] if len(known) < len(jobs) else [])]


def _part(value: str | None, count: int, of: tuple[int, int], words: str) -> Part:
    taken, total = of
    return Part(value, count, round(count * total / taken), *bounds(count, taken, total), words)
