"""A reading of the queues that can be read now: where a part of a cluster is away, the others are read without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.errors import Unavailable
from core.instance import Instance
from core.model import Health, Queue, QueueId, Verdict
from core.survey.draft import Draft
from core.survey.rounds import survey
from core.survey.watched import Watched


async def reachable(instance: Instance, watched: Sequence[Watched], now: int) -> tuple[list[Draft], list[Watched]]:
    """The readings, and those queues that were left out. Raises Unavailable where nothing can be read."""
    here = [each for each in watched if instance.reaches(each.base)]
    while True:
        try:
            bases = {each.base for each in here}
            return await survey(instance, here, now), [each for each in watched if each.base not in bases]
        except Unavailable:
            still = [each for each in here if instance.reaches(each.base)]
            if not still or len(still) == len(here):
                raise
            # One that was left out stays out, though it may be asked again by now: so this comes to an end.
            here = still


def left_out(watched: Sequence[Watched], last: Mapping[QueueId, Queue]) -> list[Queue]:
    """These queues as they were last read, as far as they ever were, and said to be old."""
    verdict = Verdict(
        Health.STALE, "Its part of the cluster is away: this is how it was last read.", needs_attention=True
    )
    return [replace(last[each.id], verdict=verdict) for each in watched if each.id in last]
