"""A queue under observation: what it is, its packed questions, and what is remembered between readings."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import crc32

from core.bands import Bands
from core.model import Identity, QueueId
from core.readiness import Readiness
from core.survey.questions import deep_questions, quick_questions

# What changes slowly, or only matters for trends, is asked about this often (milliseconds).
DEEP_EVERY = 10_000


@dataclass(slots=True)
class Deep:
    """What was learned when the queue was last asked everything. `limited_until` is an instant."""

    at: int = 0
    limited_until: int | None = None
    completed_ever: int | None = None
    failed_ever: int | None = None
    stalled_check: int | None = None
    oldest_failed: int | None = None
    last_finished: int | None = None
    failed_last_hour: int = 0
    completed_last_hour: int = 0


@dataclass(slots=True)
class Watched:
    """One queue, from reading to reading."""

    base: bytes
    id: QueueId
    identity: Identity
    quick: tuple[bytes, int] = (b"", 0)
    every: tuple[bytes, int] = (b"", 0)
    deep: Deep = field(default_factory=Deep)
    bands: Bands = field(default_factory=Bands)
    readiness: Readiness = field(default_factory=Readiness)

    def identify(self, identity: Identity) -> None:
        """Take on an identity, and pack the questions that its dialect makes sense of."""
        self.identity = identity
        quick = quick_questions(self.base, identity)
        every = [*quick, *deep_questions(self.base)]
        self.quick, self.every = (b"".join(quick), len(quick)), (b"".join(every), len(every))

    def is_due(self, now: int) -> bool:
        """Whether it is time to ask everything again: each queue at its own pace, so that not all are due at once."""
        return now - self.deep.at >= DEEP_EVERY * (0.7 + 0.6 * (crc32(self.base) % 100) / 100)
