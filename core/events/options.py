"""What the operator chose about counting jobs."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.reasons import Reason
from core.model import QueueId
from core.settings import Settings
from core.slo import matches

MOST_NAMES = 50
# Jobs under way that are remembered per instance, at about 250 bytes each.
MOST_TRACKED = 200_000


@dataclass(frozen=True, slots=True)
class Options:
    """`reasons` are the classes of failures, `most_names` how many job names of a queue are told apart, `timed` the
    patterns of the queues whose times are kept for each name."""

    reasons: tuple[Reason, ...] = ()
    most_names: int = MOST_NAMES
    timed: tuple[str, ...] = ()
    most_tracked: int = MOST_TRACKED

    def is_timed(self, id: QueueId) -> bool:
        return any(matches(pattern, id) for pattern in self.timed)


def options_of(settings: Settings) -> Options:
    """What the settings say."""
    return Options(settings.reasons, settings.metrics_job_names, settings.metrics_job_times)
