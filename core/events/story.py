"""What happens to the jobs of one BullMQ queue, told by its events: a state machine for each job, counted in a tally.

All instants are the Redis server's clock, as it stands in each event's id, so no two clocks are ever compared. This
is the hot path: an event costs two or three microseconds. Source: docs/events.md 2.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.events.reasons import STALLED as GIVEN_UP
from core.events.seen import COMPLETED, FAILED, REQUEUED, RUNS, STALLED
from core.events.tally import Tally
from core.events.tracked import Tracked
from core.events.unsettled import Unsettled, results
from core.text import integer

Fields = Sequence[bytes]
# What the grammar knows; whatever else somebody writes into the stream is counted together.
_OF_A_JOB = (
    *(b"added", b"waiting", b"delayed", b"waiting-children", b"active", b"progress", b"completed", b"failed"),
    *(b"retries-exhausted", b"stalled", b"removed", b"duplicated", b"deduplicated", b"debounced"),
)
_OF_THE_QUEUE = frozenset((b"drained", b"paused", b"resumed", b"cleaned"))
KNOWN = _OF_THE_QUEUE.union(_OF_A_JOB)

# Failed jobs whose names are kept.
MOST_FAILED = 200


class Story:
    """One queue's. `tally` is what is counted; `jobs` those under way; `unsettled` what a question has to settle."""

    def __init__(self, tally: Tally, events: Counter[bytes]) -> None:
        self.tally = tally
        self.jobs: dict[bytes, Tracked] = {}
        self.unsettled: list[Unsettled] = []
        self._failed_names: dict[bytes, bytes | None] = {}
        self._events = events
        self._tellers: dict[bytes, Callable[[int, bytes, Fields], None]] = {
            b"added": self._added,
            b"waiting": self._waiting,
            b"delayed": self._delayed,
            b"waiting-children": self._waits_for_children,
            b"active": self._active,
            b"completed": self._completed,
            b"failed": self._failed,
            b"retries-exhausted": self._exhausted,
            b"stalled": self._stalled,
            b"removed": self._removed,
            b"duplicated": self._duplicated,
            b"deduplicated": self._deduplicated,
        }

    def take(self, entries: Sequence[Any]) -> None:
        """Go on with these entries of the stream, in their order."""
        tellers, events = self._tellers, self._events
        for id, told in entries:
            fields = told if told[0] == b"event" and told[2:3] == _JOB_ID else _ordered(told)
            kind = fields[1]
            events[kind if kind in KNOWN else b"other"] += 1
            teller = tellers.get(kind)
            if teller is not None:
                teller(int(id[: id.index(b"-")]), fields[3], fields)
        self.tally.changed()

    def warm_up(self, entries: Sequence[Any]) -> None:
        """The same for entries from before we began to count: only what is under way is taken from them."""
        tally, events = self.tally, self._events
        self.tally, self._events = tally.scratch(), Counter()
        self.take(entries)
        self.tally, self._events = tally, events
        for each in self.unsettled:
            each.job.made = None
        self.unsettled.clear()

    def name(self, job_id: bytes) -> bytes | None:
        """The name of a job under way or failed of late, where it is known."""
        job = self.jobs.get(job_id)
        return job.name if job else self._failed_names.get(job_id)

    def strangers(self, entries: Sequence[Any]) -> list[bytes]:
        """Jobs of these entries that go on without ever having been seen: nothing tells their names."""
        added: set[bytes] = set()
        found: dict[bytes, None] = {}
        jobs = self.jobs
        for _, fields in entries:
            if fields[2:3] != _JOB_ID:
                continue
            kind, job_id = fields[1], fields[3]
            if kind == b"added":
                added.add(job_id)
            elif kind in _TELLING and job_id not in jobs and job_id not in added and job_id not in self._failed_names:
                found[job_id] = None
        return list(found)

    def introduce(self, names: Mapping[bytes, bytes | None]) -> None:
        """These are the names of strangers, as far as their jobs were still there."""
        for job_id, name in names.items():
            if name and job_id not in self.jobs:
                self.jobs[job_id] = Tracked(name)

    def doubtful(self, most: int) -> list[bytes]:
        """Jobs of which some attempts have to be settled."""
        jobs = dict.fromkeys(each.job_id for each in self.unsettled)
        return [job_id for job_id, _ in zip(jobs, range(most), strict=False)]

    def settle(self, replies: Mapping[bytes, Any]) -> None:
        """Count the attempts of these jobs, by what their hashes say."""
        ended: dict[bytes, list[Unsettled]] = {job_id: [] for job_id in replies}
        for each in self.unsettled:
            if each.job_id in ended:
                ended[each.job_id].append(each)
        self.unsettled = [each for each in self.unsettled if each.job_id not in ended]
        for job_id, reply in replies.items():
            self._settle(ended[job_id], reply)
        self.tally.changed()

    def _settle(self, ended: Sequence[Unsettled], reply: Any) -> None:
        for each, result in zip(ended, results(ended, reply), strict=True):
            run = each.run if result < len(RUNS) else None
            self.tally.attempted(each.job.name, result, run)

    def forget_times(self) -> None:
        """Events were missed: what spans the gap is not measured. Names stay known."""
        for job in self.jobs.values():
            job.forget_times()

    def evict(self, number: int) -> int:
        """Let go of the jobs that have been tracked for the longest; how many went."""
        oldest = [job_id for job_id, _ in zip(self.jobs, range(number), strict=False)]
        for job_id in oldest:
            del self.jobs[job_id]
        return len(oldest)

    def _job(self, job_id: bytes) -> Tracked:
        job = self.jobs.get(job_id)
        if job is None:
            job = self.jobs[job_id] = Tracked(self._failed_names.pop(job_id, None))
        return job

    def _added(self, at: int, job_id: bytes, fields: Fields) -> None:
        name = _field(fields, b"name") or None
        self.jobs.pop(job_id, None)  # one of the same id may have gone without a word
        self.jobs[job_id] = Tracked(name, at)
        self.tally.add(name)

    def _waiting(self, at: int, job_id: bytes, fields: Fields) -> None:
        job = self._job(job_id)
        prev = _field(fields, b"prev")
        if job.started is not None or prev == b"active":
            self._broke_off(at, job_id, job, delayed=False)
        elif prev == b"delayed" and job.due is not None and at >= job.due:
            self.tally.promotion_delay.observe(at - job.due)
        job.ready, job.due = at, None

    def _delayed(self, at: int, job_id: bytes, fields: Fields) -> None:
        job = self._job(job_id)
        if job.started is not None:
            self._broke_off(at, job_id, job, delayed=True)
        job.ready, job.due = None, integer(_field(fields, b"delay"))  # up to 5.1 with a fraction

    def _waits_for_children(self, _at: int, job_id: bytes, fields: Fields) -> None:
        job = self._job(job_id)
        if job.started is not None or _field(fields, b"prev") == b"active":
            job.started = None
            self.tally.attempted(job.name, REQUEUED)
        job.ready = None

    def _active(self, at: int, job_id: bytes, _fields: Fields) -> None:
        job = self._job(job_id)
        if job.ready is not None:
            self.tally.waited(job.name, at - job.ready)
        if job.starts is not None:
            job.starts += 1
        job.started, job.ready, job.due = at, None, None

    def _broke_off(self, at: int, job_id: bytes, job: Tracked, *, delayed: bool) -> None:
        """An attempt ended, and not for good: how, that is asked when all there is has been read."""
        run = None if job.started is None else at - job.started
        job.started = None
        self.unsettled.append(Unsettled(job_id, job, run, delayed))

    def _stalled(self, _at: int, job_id: bytes, _fields: Fields) -> None:
        """Comes right behind its `waiting`, from the same script: so that is how the last attempt ended."""
        self.tally.stalled += 1
        last = self.unsettled[-1] if self.unsettled else None
        if last is not None and last.job_id == job_id:
            self.unsettled.pop()
            self.tally.attempted(last.job.name, STALLED)

    def _completed(self, at: int, job_id: bytes, _fields: Fields) -> None:
        job = self._job(job_id)
        self.tally.attempted(job.name, COMPLETED, None if job.started is None else at - job.started)
        self._finished(at, job_id, job, COMPLETED)

    def _failed(self, at: int, job_id: bytes, fields: Fields) -> None:
        job = self._job(job_id)
        reason = self.tally.failed_for(_field(fields, b"failedReason") or b"")
        if reason == GIVEN_UP:
            # Where it fails on the spot, `prev` comes first; else that attempt was counted when it stalled, and the
            # job was started once more only for somebody to fail it.
            if fields[4:5] == [b"prev"]:
                self.tally.attempted(job.name, STALLED)
        elif job.started is not None or _field(fields, b"prev") == b"active":
            self.tally.attempted(job.name, FAILED, None if job.started is None else at - job.started)
        self._finished(at, job_id, job, FAILED)

    def _finished(self, at: int, job_id: bytes, job: Tracked, outcome: int) -> None:
        tally = self.tally
        tally.finished(job.name, outcome, at)
        if job.added is not None:
            tally.totals[outcome].observe(at - job.added)
        if job.starts:
            tally.attempts[outcome].observe(job.starts)
        job.done = True
        del self.jobs[job_id]
        if outcome == FAILED:
            self._remember(job_id, job)

    def _remember(self, job_id: bytes, job: Tracked) -> None:
        """A failed job may be retried by hand, and no event will tell its name again."""
        self._failed_names[job_id] = job.name
        if len(self._failed_names) > MOST_FAILED:
            del self._failed_names[next(iter(self._failed_names))]

    def _exhausted(self, _at: int, _job_id: bytes, _fields: Fields) -> None:
        self.tally.exhausted += 1

    def _removed(self, _at: int, job_id: bytes, _fields: Fields) -> None:
        self.tally.removed += 1
        self.jobs.pop(job_id, None)

    def _duplicated(self, _at: int, _job_id: bytes, _fields: Fields) -> None:
        self.tally.duplicated += 1

    def _deduplicated(self, _at: int, _job_id: bytes, _fields: Fields) -> None:
        self.tally.deduplicated += 1


_TELLING = frozenset((b"waiting", b"active", b"completed", b"failed"))
_JOB_ID = [b"jobId"]


def _ordered(fields: Fields) -> Fields:
    """An entry with its event first and its job's id second; of no kind at all, where it has no job but needs one."""
    told = dict(zip(fields[::2], fields[1::2], strict=False))
    kind, job_id = told.pop(b"event", b"other"), told.pop(b"jobId", None)
    if job_id is None:
        return [b"event", kind if kind in _OF_THE_QUEUE else b"other"]
    rest = [part for pair in told.items() for part in pair]
    return [b"event", kind, b"jobId", job_id, *rest]


def _field(fields: Fields, name: bytes) -> bytes | None:
    """A field behind the event's own two."""
    for place in range(4, len(fields) - 1, 2):
        if fields[place] == name:
            return fields[place + 1]
    return None
