"""Why a queue is, or is not, moving: an ordered list of rules, each with its evidence in one sentence."""

from __future__ import annotations

from collections.abc import Callable

from core.model import Health, Queue, State, Verdict
from core.split_pause import split_pause
from core.words import count, span

# A delayed job may be late by a worker's own poll; later than this nobody is promoting.
OVERDUE = 60_000
FAILING_SHARE = 0.05
FAILING_LEAST = 5
OVERLOADED_LEAST = 100
# Readings of two rates jitter; a queue is only overloaded when clearly more comes in than goes out.
OVERLOADED_FACTOR = 1.1


def verdict(queue: Queue, now: int) -> Verdict:
    """The first rule that applies. `now` in milliseconds since the epoch."""
    return next(found for rule in RULES if (found := rule(queue, now)) is not None)


def _paused(queue: Queue, now: int) -> Verdict | None:
    if not queue.paused:
        return None
    if amiss := split_pause(queue):
        return Verdict(Health.PAUSED, amiss, needs_attention=True)
    waiting = f"Paused while {_jobs(queue.backlog)} {_wait(queue.backlog)}{_since(queue, now)}."
    return Verdict(Health.PAUSED, waiting if queue.backlog else "Paused.", needs_attention=queue.backlog > 0)


def _unattended(queue: Queue, now: int) -> Verdict | None:
    work = queue.backlog + queue.overdue
    if not work or _somebody_works(queue):
        return None
    how = f"{_jobs(work)} {_wait(work)} and no worker is connected{_since(queue, now)}."
    return Verdict(Health.UNATTENDED, how, needs_attention=True)


def _left_behind(queue: Queue, _now: int) -> Verdict | None:
    amiss = split_pause(queue)
    return Verdict(Health.RUNNING, amiss, needs_attention=True) if amiss else None


def _overdue(queue: Queue, now: int) -> Verdict | None:
    due = queue.instants.next_delayed
    if not queue.overdue or due is None or now - due < OVERDUE:
        return None
    how = f"{_jobs(queue.overdue, 'delayed job')} should have started; the first {span(now - due)} ago."
    return Verdict(Health.OVERLOADED, how, needs_attention=True)


def _failing(queue: Queue, _now: int) -> Verdict | None:
    failed = queue.failed_last_hour
    if failed < FAILING_LEAST or failed < FAILING_SHARE * (failed + _completed_last_hour(queue)):
        return None
    return Verdict(Health.FAILING, f"{_jobs(failed)} failed in the last hour.", needs_attention=True)


def _limited(queue: Queue, _now: int) -> Verdict | None:
    if not queue.backlog or not queue.limits.limited_for:
        return None
    return Verdict(Health.RUNNING, f"Rate limited for another {span(queue.limits.limited_for)}.", needs_attention=False)


def _overloaded(queue: Queue, _now: int) -> Verdict | None:
    came, went = queue.traffic.in_per_minute, queue.traffic.out_per_minute
    if came is None or went is None or queue.backlog < OVERLOADED_LEAST or came <= went * OVERLOADED_FACTOR:
        return None
    how = f"More comes in ({count(round(came))}/min) than goes out ({count(round(went))}/min)."
    return Verdict(Health.OVERLOADED, how, needs_attention=True)


def _running(queue: Queue, _now: int) -> Verdict | None:
    if queue.counts.get(State.ACTIVE) or queue.backlog or (queue.traffic.out_per_minute or 0) > 0:
        return Verdict(Health.RUNNING, "", needs_attention=False)
    return None


def _idle(_queue: Queue, _now: int) -> Verdict | None:
    return Verdict(Health.IDLE, "", needs_attention=False)


RULES: tuple[Callable[[Queue, int], Verdict | None], ...] = (
    _paused,
    _unattended,
    _left_behind,
    _overdue,
    _failing,
    _limited,
    _overloaded,
    _running,
    _idle,
)


def _somebody_works(queue: Queue) -> bool:
    """Workers that are listed, or, where Redis does not let us ask, the sign of life that each renews."""
    if queue.workers is None or queue.workers.total == 0:
        return queue.workers is None and queue.instants.stalled_check is not None
    return True


def _completed_last_hour(queue: Queue) -> float:
    """Retained jobs, or, where they are removed at once, what our own readings saw leave."""
    return max(queue.completed_last_hour, (queue.traffic.out_per_minute or 0) * 60)


def _jobs(number: int, noun: str = "job") -> str:
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"


def _since(queue: Queue, now: int) -> str:
    oldest = queue.oldest_ready
    return f", the oldest for {span(now - oldest)}" if oldest is not None and now > oldest else ""
