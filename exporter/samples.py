"""How the metrics that take some thought are read off a queue or an instance: in seconds, and None, never a guess."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from core.events.seen import Scheduler, Source
from core.model import Queue, State
from exporter.family import InstanceView, QueueView
from exporter.labels import label

Samples = Iterable[tuple[str, float]]

# JavaScript has no later date, so what claims to be one is not a time. A number that is no float would cost the
# scraper the whole scrape, and much of what is read here was written by somebody's own code.
_LAST_INSTANT = 8_640_000_000_000_000
_MOST = 1 << 63
# Looked up once: up to Python 3.11, a member of an Enum costs more to name than to use.
_WAITING, _PAUSED, _ACTIVE, _PRIORITIZED = State.WAITING, State.PAUSED, State.ACTIVE, State.PRIORITIZED
_COMPLETED, _FAILED = State.COMPLETED, State.FAILED
_STATE: dict[State, str] = {state: label("state", state) for state in State}
_state = _STATE.__getitem__
_POLLING, _BUSY = label("state", "polling"), label("state", "busy_or_idle")
_WAIT, _RUN, _FAILURE = label("slo", "wait"), label("slo", "run"), label("slo", "failure")
_BACKLOG, _FAILURES = label("slo", "backlog"), label("slo", "failures")
_WELL, _BADLY = label("outcome", "completed"), label("outcome", "failed")


def seconds(milliseconds: int | None) -> float | None:
    """A duration or an instant in seconds."""
    if milliseconds is None or not 0 <= milliseconds <= _LAST_INSTANT:
        return None
    return milliseconds / 1000


def natural(number: int | None) -> int | None:
    """A count that somebody else keeps as text in Redis, so long as it is one."""
    return number if number is not None and 0 <= number < _MOST else None


def _age(view: QueueView, since: int | None, jobs: int) -> float | None:
    if since is None:
        return None if jobs else 0
    elapsed = view.at - since
    if elapsed <= 0:
        return 0
    return elapsed / 1000 if elapsed <= _LAST_INSTANT else None


def job_counts(view: QueueView) -> Samples:
    counts = view.queue.counts
    return zip(map(_state, counts), counts.values(), strict=True)


def oldest_waiting(view: QueueView) -> float | None:
    counts = view.queue.counts
    ready = counts.get(_WAITING, 0) + counts.get(_PAUSED, 0)
    return _age(view, view.queue.instants.oldest_waiting, ready)


def oldest_prioritized(view: QueueView) -> float | None:
    jobs = view.queue.counts.get(_PRIORITIZED)
    return None if jobs is None else _age(view, view.queue.instants.oldest_prioritized, jobs)


def oldest_active(view: QueueView) -> float | None:
    return _age(view, view.queue.instants.oldest_active, view.queue.counts.get(_ACTIVE, 0))


def oldest_failed(view: QueueView) -> float | None:
    return _age(view, view.queue.instants.oldest_failed, view.queue.counts.get(_FAILED, 0))


def overdue(view: QueueView) -> float | None:
    jobs = view.queue.overdue
    return _age(view, view.queue.instants.next_delayed, jobs) if jobs else 0


def workers(view: QueueView) -> Samples:
    connected = view.queue.workers
    if connected is None:
        return ()
    return (_POLLING, connected.free), (_BUSY, max(0, connected.total - connected.free))


def finished_last_hour(view: QueueView) -> Samples:
    return (_WELL, view.queue.completed_last_hour), (_BADLY, view.queue.failed_last_hour)


def window_truncated(view: QueueView) -> Samples:
    queue = view.queue
    completed = _truncated(queue, _COMPLETED, queue.completed_last_hour)
    return (_WELL, completed), (_BADLY, _truncated(queue, _FAILED, queue.failed_last_hour))


def _truncated(queue: Queue, outcome: State, last_hour: int) -> int:
    """Whether the hour may have held more: all that is kept is younger, or nothing is kept and jobs have gone."""
    kept = queue.counts.get(outcome, 0)
    return int(last_hour >= kept if kept else (queue.ids or 0) > queue.total)


def active_without_lock(view: QueueView) -> float | None:
    return view.look.without_lock if view.look else None


def last_finished(view: QueueView) -> float | None:
    """The newest that is retained, or that was seen to finish."""
    known = (view.queue.instants.last_finished, view.seen.last_finished if view.seen else None)
    return seconds(max((at for at in known if at is not None), default=None))


def queue_info(view: QueueView) -> Samples:
    identity, kept = view.queue.identity, view.queue.max_events
    source = view.seen.source if view.seen else Source.RETAINED
    events = "" if kept is None else str(kept)
    return ((_queue_info((identity.library, identity.dialect, identity.version or ""), events, source), 1),)


@lru_cache(maxsize=1024)
def _queue_info(library: tuple[str, str, str], max_events: str, source: str) -> str:
    known = zip(("library", "dialect", "version"), library, strict=True)
    return ",".join(label(name, value) for name, value in (*known, ("max_events", max_events), ("source", source)))


def slo_seconds(view: QueueView) -> Samples:
    expected = view.expected.objectives
    known = ((_WAIT, expected.wait), (_RUN, expected.run))
    return [(words, value / 1000) for words, value in known if value is not None]


def slo_ratio(view: QueueView) -> Samples:
    ratio = view.expected.objectives.failure_ratio
    return () if ratio is None else ((_FAILURE, ratio),)


def slo_jobs(view: QueueView) -> Samples:
    expected = view.expected.objectives
    return (_BACKLOG, expected.backlog), (_FAILURES, expected.failures)


def dead_letter(view: QueueView) -> float | None:
    return 1 if view.expected.dead_letter else None


def next_runs(view: QueueView) -> Samples:
    found = ((each, seconds(each.next_run)) for each in _schedulers(view))
    return [(_scheduler(each.key), at) for each, at in found if at is not None]


def iterations(view: QueueView) -> Samples:
    found = ((each, natural(each.iterations)) for each in _schedulers(view))
    return [(_scheduler(each.key), count) for each, count in found if count is not None]


def scheduler_info(view: QueueView) -> Samples:
    return [
        (f"{_scheduler(each.key)},{_words(name=each.name, pattern=each.pattern, every=each.every, tz=each.zone)}", 1)
        for each in _schedulers(view)
    ]


def _schedulers(view: QueueView) -> tuple[Scheduler, ...]:
    return view.look.schedulers if view.look else ()


def _scheduler(key: str) -> str:
    return label("scheduler", key)


def _words(**words: str) -> str:
    return ",".join(label(name, value) for name, value in words.items())


def events(view: InstanceView) -> Samples:
    following = view.following
    return [(label("event", event), count) for event, count in following.events.items()] if following else ()


def redis_up(view: InstanceView) -> float | None:
    if view.reading.down_since is not None:
        return 0
    return None if view.reading.taken_at is None else 1


def redis_info(view: InstanceView) -> Samples:
    facts = view.reading.redis
    if facts is None or not view.fresh:
        return ()
    words = {"version": facts.version, "mode": facts.mode, "maxmemory_policy": facts.policy or ""}
    return ((",".join(label(name, value) for name, value in words.items()), 1),)


def queues(view: InstanceView) -> float | None:
    return len(view.reading.queues) if view.fresh else None
