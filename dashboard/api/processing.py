"""How long jobs take: the average over the newest of those that completed within the last hour and are still kept."""

from __future__ import annotations

from dataclasses import dataclass

from core.herd import Herd
from core.job import Covered
from core.model import QueueId, State

HOUR = 3_600_000
# One page of light rows: a bounded cost, and enough for an average to settle.
SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """Durations in milliseconds of some of last hour's completed jobs, and of how many they are."""

    durations: tuple[int, ...]
    covered: Covered


async def sample(herd: Herd, id: QueueId, now: int) -> Sample:
    """The newest completed jobs' durations, at most `SAMPLE` of them, none older than an hour."""
    page = await herd.jobs(id, State.COMPLETED, order="newest", limit=SAMPLE)
    recent = [row for row in page.rows if row.finished_on is not None and row.finished_on >= now - HOUR]
    durations = tuple(row.took for row in recent if row.took is not None)
    kept = len(recent)
    if page.next and kept == len(page.rows):
        kept = max(kept, herd.queue(id).completed_last_hour)
    return Sample(durations, Covered(len(durations), kept, _note(len(durations), kept)))


def average(sample: Sample) -> float | None:
    """The mean in milliseconds; None where no job tells."""
    return round(sum(sample.durations) / len(sample.durations), 3) if sample.durations else None


def _note(looked_at: int, kept: int) -> str:
    if not looked_at:
        return "No completed job of the last hour is kept, so how long they took is not known."
    if looked_at < kept:
        return f"The newest {looked_at:,} of {kept:,} completed jobs of the last hour that are still kept."
    return "All completed jobs of the last hour that are still kept."
