"""What an operation has done so far: counts, and for what it skipped the reasons with a few examples of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.model import Queue, QueueId
from core.mutations.act import Answer
from core.mutations.refusals import refusal
from core.operations.canary import Canary
from core.operations.operation import Skip
from core.operations.pace import Pace
from core.operations.place import START, Place
from core.operations.request import Options
from core.redaction.redaction import NOTHING_HIDDEN, Redaction
from core.text import printable

EXAMPLES_EACH = 5
EXAMPLES = 50
DONE = frozenset({"ok", "dropped"})
# A job that is answered with one of these is not where it was read.
AWAY = frozenset({"missing", "elsewhere", "nowhere", "gone"})
_OURS = {
    "new": "{} was added or run after the operation was previewed.",
    "young": "{} is younger than the grace.",
    "gone": "{} left the state before it was its turn.",
    "whole": "{} is there as it should be.",
    "unread": "Whether {} fits could not be decided: what the query asks for is too large to be read.",
}


def _unlisted(_skip: Skip) -> None:
    """Nobody keeps them all."""


@dataclass(slots=True)
class Tally:
    """Counts per reason over a whole operation, with examples. Bounded, however many jobs there are."""

    done: int = 0
    unconfirmed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[Skip] = field(default_factory=list)
    listed: Callable[[Skip], None] = _unlisted

    def skip(self, skip: Skip, jobs: int) -> None:
        """So many jobs were left alone for this reason."""
        self.reasons[skip.reason] += jobs
        self.listed(skip)
        if len(self.examples) < EXAMPLES and sum(e.reason == skip.reason for e in self.examples) < EXAMPLES_EACH:
            self.examples.append(skip)


async def _unrecorded() -> None:
    """Nobody keeps a record."""


async def _nothing_kept(_queue: Queue, _ids: Sequence[str]) -> None:
    """What is removed is gone."""


async def _nothing_spared(_queue: QueueId, _ids: Sequence[str]) -> None:
    """Nobody had kept it."""


def _nothing_hidden(_id: QueueId) -> Redaction:
    return NOTHING_HIDDEN


# Of jobs that become due together no more than this share a millisecond, in which Redis keeps 4,096 in their order.
TOGETHER = 4_000
_DUE = 4_096


@dataclass(slots=True)
class Book:
    """The page of one target in that tally, and the pace that all targets share.

    `before_slice` is awaited when it is known which jobs a slice will act on, `after_slice` once it has, and
    `before_removal` with the queue and the ids before they are removed, `spared` with those that were left alone after
    all. `begun` is where an earlier process left off,
    `started` when the operation began. `drifted` is how far the count was off when it stopped for that, `tolerated`
    what was let pass.
    """

    tally: Tally
    pace: Pace
    done: int = 0
    passed_over: int = 0
    begun: Place = START
    before_slice: Callable[[], Awaitable[None]] = _unrecorded
    after_slice: Callable[[], Awaitable[None]] = _unrecorded
    before_removal: Callable[[Queue, Sequence[str]], Awaitable[None]] = _nothing_kept
    spared: Callable[[QueueId, Sequence[str]], Awaitable[None]] = _nothing_spared
    options: Options = field(default_factory=Options)
    canary: Canary | None = None
    redaction: Callable[[QueueId], Redaction] = _nothing_hidden
    started: int = 0
    reach: int = 0
    drifted: int = 0
    tolerated: int = 0

    @property
    def due(self) -> int:
        """When jobs that are put off now become due, ms since the epoch."""
        return self.started + (self.options.delay or 0) + self.done // TOGETHER

    @property
    def beside(self) -> tuple[int, int] | None:
        """The scores of delayed jobs that were put off already, the last one not included."""
        if self.options.delay is None:
            return None
        first = self.started + self.options.delay
        return first * _DUE, (first + self.reach // TOGETHER + 1) * _DUE

    def most(self, size: int) -> int:
        """How many may be acted on at once: none before the canary has been watched."""
        room = size if self.canary is None else self.canary.room(size)
        return room if self.options.rate is None else min(room, max(1, self.options.rate // 4))

    def acted(self, queue: QueueId, job_ids: Sequence[str]) -> None:
        """These are done, as far as is known."""
        if self.canary is not None:
            self.canary.sent(queue, job_ids)

    def tolerate(self) -> None:
        """Somebody lets it go on though the count is off."""
        self.tolerated = self.drifted

    def add_done(self, jobs: int = 1) -> None:
        self.done += jobs
        self.tally.done += jobs

    def add_unconfirmed(self, jobs: int) -> None:
        """Done as far as can be seen: they have left the state, but the answer that said so was lost."""
        self.add_done(jobs)
        self.tally.unconfirmed += jobs

    def skip(self, skip: Skip, jobs: int = 1) -> None:
        """So many jobs (or this queue) were left alone."""
        self.passed_over += jobs
        self.tally.skip(skip, jobs)


def skipped(queue: QueueId, job_id: str, verb: str, answer: Answer) -> Skip:
    """Why this answer of a script left the job alone."""
    if answer.code in _OURS:
        return left_out(queue, job_id, answer.code)
    job = f"Job {printable(job_id)} of {printable(queue.name)}"
    return Skip(queue, job_id, answer.code, str(refusal(verb, job, answer)))


def left_out(queue: QueueId, job_id: str | None, reason: str) -> Skip:
    """Why we ourselves left a job alone, or could not find it any more."""
    who = f"Job {printable(job_id)}" if job_id is not None else f"A job of {printable(queue.name)}"
    return Skip(queue, job_id, reason, _OURS[reason].format(who))
