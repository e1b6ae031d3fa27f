"""What happens to the jobs of one Bull queue, told by the messages it publishes.

They carry no names, no times and no attempts: names are asked while the job is there, times are ours on arrival, and
a retry shows only when the job starts again. What cannot be known is left out. Source: docs/events.md 2.5.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.events.reasons import STALLED as GIVEN_UP
from core.events.seen import COMPLETED, FAILED, RETRIED, STALLED
from core.events.tally import Tally
from core.events.tracked import Tracked
from core.text import integer, raw_bytes, text

_ENDED = re.compile(rb'\{"jobId":\s*("(?:[^"\\]|\\.)*"|\d+),\s*"val":\s*"?', re.DOTALL)
_PLAIN = frozenset((b"waiting", b"active", b"stalled", b"duplicated"))
_TOLD = frozenset((b"completed", b"failed"))
_OTHERS = frozenset((b"delayed", b"progress", b"drained", b"paused", b"resumed", b"debounced", b"cleaned"))


@dataclass(frozen=True, slots=True)
class Message:
    """One message: when it arrived by the steady clock, what happened, to which job, and the beginning of the reason.
    `told` is all of it, kept only while somebody watches."""

    at: int
    event: bytes
    job_id: bytes = b""
    reason: bytes = b""
    told: bytes = b""


def heard(channel: bytes, data: bytes, at: int) -> tuple[bytes, Message] | None:
    """The base key of the queue, and what it said; None for what is no message of Bull's."""
    base, _, last = channel.rpartition(b":")
    event, _, _token = last.partition(b"@")
    if not base:
        return None
    if event in _TOLD:
        ended = _ENDED.match(data)
        job_id = _id(ended[1]) if ended else None
        if ended is None or job_id is None:
            return None
        return base + b":", Message(at, event, job_id, data[ended.end() : ended.end() + 200])
    if event in _PLAIN:
        return base + b":", Message(at, event, data)
    return (base + b":", Message(at, event)) if event in _OTHERS else None


def _id(literal: bytes) -> bytes | None:
    """The id in a literal of JSON; None where anybody else than Bull has written it."""
    try:
        return raw_bytes(str(json.loads(text(literal))))
    except ValueError:
        return None


class BullStory:
    """One queue's jobs under way, and what is counted of them."""

    def __init__(self, tally: Tally, events: Counter[bytes]) -> None:
        self.tally = tally
        self.jobs: dict[bytes, Tracked] = {}
        self._events = events

    def name(self, job_id: bytes) -> bytes | None:
        """The name of a job under way, where it is known."""
        job = self.jobs.get(job_id)
        return job.name if job else None

    def strangers(self, messages: Iterable[Message]) -> list[bytes]:
        """Jobs of which nothing is known yet."""
        found = dict.fromkeys(message.job_id for message in messages if message.job_id)
        return [job_id for job_id in found if job_id not in self.jobs]

    def introduce(self, answers: Mapping[bytes, Any]) -> None:
        """Name and attempts made of these, as far as their jobs are still there."""
        for job_id, answer in answers.items():
            name, made = answer if isinstance(answer, list) else (None, None)
            job = self.jobs[job_id] = Tracked(name or None)
            # Only of a job that never ran do we see every start.
            job.starts = 0 if name is not None and not integer(made) else None

    def take(self, messages: Sequence[Message]) -> None:
        """Go on with these, in their order."""
        for message in messages:
            self._events[message.event] += 1
            match message.event:
                case b"waiting":
                    self._waiting(message)
                case b"active":
                    self._active(message)
                case b"stalled":
                    self._stalled(message)
                case b"completed":
                    self._finished(message, COMPLETED)
                case b"failed":
                    self._finished(message, FAILED)
                case b"duplicated":
                    self.tally.duplicated += 1
                case _:
                    pass
        self.tally.changed()

    def forget_times(self) -> None:
        """Messages were missed."""
        for job in self.jobs.values():
            job.forget_times()

    def evict(self, number: int) -> int:
        """Let go of the jobs that have been tracked for the longest; how many went."""
        oldest = [job_id for job_id, _ in zip(self.jobs, range(number), strict=False)]
        for job_id in oldest:
            del self.jobs[job_id]
        return len(oldest)

    def _job(self, message: Message) -> Tracked:
        return self.jobs.setdefault(message.job_id, Tracked())

    def _waiting(self, message: Message) -> None:
        job = self._job(message)
        self._retried(job)
        job.ready = message.at

    def _active(self, message: Message) -> None:
        job = self._job(message)
        self._retried(job)
        if job.ready is not None:
            self.tally.waited(job.name, message.at - job.ready)
        if job.starts is not None:
            job.starts += 1
        job.started, job.ready = message.at, None

    def _retried(self, job: Tracked) -> None:
        """It is back, so the attempt before had failed; when it did, nobody said."""
        if job.started is not None:
            job.started = None
            self.tally.attempted(job.name, RETRIED)

    def _stalled(self, message: Message) -> None:
        job = self._job(message)
        job.started, job.ready = None, message.at
        self.tally.stalled += 1
        self.tally.attempted(job.name, STALLED)

    def _finished(self, message: Message, outcome: int) -> None:
        job = self._job(message)
        given_up = outcome == FAILED and self.tally.failed_for(message.reason) == GIVEN_UP
        run = None if job.started is None or given_up else message.at - job.started
        self.tally.attempted(job.name, STALLED if given_up else outcome, run)
        self.tally.finished(job.name, outcome, message.at)
        if job.starts:
            self.tally.attempts[outcome].observe(job.starts)
        del self.jobs[message.job_id]
