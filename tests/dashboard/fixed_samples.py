"""Samples of a fixed herd: counted by core's own rules from the jobs that it was given."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.model import QueueId, State
from core.samples.sample import Part, Sample, bounds
from core.samples.samples import Samples
from core.samples.values import BY_TIME, by, paths, span_words

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd


class FixedSamples(Samples):
    """`more` jobs are there of which nothing is read, as in a large state."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.more = 0

    async def take(self, id: QueueId, state: State, said: str, size: int = 1000) -> Sample:
        what = by(said)
        self._herd.reach(id)
        jobs = [job for job in self._herd.contents if job.queue == id and job.row.state is state]
        counted: list[tuple[str | None, int, str]]
        if what.field == BY_TIME:
            hour = (1_700_000_000_000, 1_700_003_599_999)
            counted = [(f"{hour[0]}..{hour[1]}", len(jobs), span_words(hour))] if jobs else []
        else:
            texts = (job.data.text[:200] if job.data else None for job in jobs)
            values = Counter(job.row.name for job in jobs) if said == "name" else Counter(texts)
            counted = [(value, count, what.words(value)) for value, count in values.most_common()]
        total = len(jobs) + self.more
        parts = tuple(
            Part(value, count, count * total // len(jobs), *bounds(count, len(jobs), total), words)
            for value, count, words in counted
        )
        known = tuple(paths(job.data.value for job in jobs if job.data))
        return Sample(said, total, len(jobs), not self.more, parts, len(parts), known)
