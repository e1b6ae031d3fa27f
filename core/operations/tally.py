"""What an operation has done so far: counts, and for what it skipped the reasons with a few examples of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.model import QueueId
from core.mutations.act import Answer
from core.mutations.refusals import refusal
from core.operations.operation import Skip
from core.operations.pace import Pace
from core.operations.place import START, Place
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
}


@dataclass(slots=True)
class Tally:
    """Counts per reason over a whole operation, with examples. Bounded, however many jobs there are."""

    done: int = 0
    unconfirmed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[Skip] = field(default_factory=list)

    def skip(self, skip: Skip, jobs: int) -> None:
        """So many jobs were left alone for this reason."""
        self.reasons[skip.reason] += jobs
        if len(self.examples) < EXAMPLES and sum(e.reason == skip.reason for e in self.examples) < EXAMPLES_EACH:
            self.examples.append(skip)


async def _unrecorded() -> None:
    """Nobody keeps a record."""


@dataclass(slots=True)
class Book:
    """The page of one target in that tally, and the pace that all targets share.

    `before_slice` is awaited when it is known which jobs a slice will act on, before it does; `begun` is where an
    earlier process left off.
    """

    tally: Tally
    pace: Pace
    done: int = 0
    passed_over: int = 0
    begun: Place = START
    before_slice: Callable[[], Awaitable[None]] = _unrecorded

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
