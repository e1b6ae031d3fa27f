"""A queue's answers while they come in, and the queue they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.dialects.contract import contract, is_marker
from core.model import Dialect, Instants, Limits, Queue, State, Workers
from core.survey.questions import META
from core.survey.watched import Watched
from core.text import integer

# A worker's own rateLimit() writes 2^53-1 into the counter.
_BY_HAND = 1 << 50


@dataclass(slots=True)
class Draft:
    """One queue of one reading. `deep` says whether everything was asked this time, `first` how many jobs stand before
    all others in their list by priority."""

    watched: Watched
    deep: bool
    counts: Mapping[State, int]
    ids: int | None
    meta: Mapping[bytes, bytes | None]
    meta_paused: bool
    first: int
    oldest: dict[str, bytes | None] = field(default_factory=dict)
    instants: dict[str, int | None] = field(default_factory=dict)
    overdue: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing of this queue is left in Redis, as far as these questions tell."""
        nothing = self.ids is None and not self.meta_paused and self.watched.deep.stalled_check is None
        return nothing and not any(self.counts.values()) and not any(self.meta.values())

    def queue(self, workers: Workers | None, now: int) -> Queue:
        """The queue as it was read at `now`, with the workers that are connected (None: not known)."""
        deep = self.watched.deep
        limited = deep.limited_until - now if deep.limited_until and deep.limited_until > now else None
        rate_max, duration = integer(self.meta.get(b"max")), integer(self.meta.get(b"duration"))
        return Queue(
            id=self.watched.id,
            identity=self.watched.identity,
            paused=self.meta_paused or self.meta.get(b"paused") is not None,
            counts=self.counts,
            limits=Limits(integer(self.meta.get(b"concurrency")), rate_max, duration, limited),
            instants=self._instants(now),
            overdue=self.overdue,
            workers=workers,
            failed_last_hour=deep.failed_last_hour,
            completed_last_hour=deep.completed_last_hour,
            ids=self.ids,
            completed_ever=deep.completed_ever,
            failed_ever=deep.failed_ever,
            max_events=integer(self.meta.get(b"opts.maxLenEvents")),
        )

    def _instants(self, now: int) -> Instants:
        deep = self.watched.deep
        alive = deep.stalled_check if deep.stalled_check and deep.stalled_check > now else None
        failed = deep.oldest_failed if self.counts.get(State.FAILED) else None
        return Instants(**self.instants, oldest_failed=failed, last_finished=deep.last_finished, stalled_check=alive)


def draft(watched: Watched, replies: Sequence[Any], now: int, *, deep: bool) -> Draft:
    """Take the first round's answers. A key of the wrong type is somebody else's and is left out."""
    states = contract(watched.identity).states
    counts = {state: reply for state, reply in zip(states, replies, strict=False) if isinstance(reply, int)}
    ids, flags, *rest = replies[len(states) :]
    bull = watched.identity.dialect is Dialect.BULL
    meta = {} if bull or not isinstance(flags, list) else dict(zip(META, flags, strict=True))
    first = 0 if State.PRIORITIZED in states else _whole(rest.pop(0))
    if deep:
        _deepen(watched, rest, integer(meta.get(b"max")), now)
    return Draft(watched, deep, counts, _number(ids), meta, bull and flags == 1, first)


def _deepen(watched: Watched, replies: Sequence[Any], rate_max: int | None, now: int) -> None:
    limiter_ttl, limiter, completed, failed, stalled_check = replies
    deep = watched.deep
    deep.at = now
    deep.limited_until = _limited_until(limiter_ttl, (_number(limiter), rate_max), now)
    deep.completed_ever, deep.failed_ever = _number(completed), _number(failed)
    deep.stalled_check = now + stalled_check if isinstance(stalled_check, int) and stalled_check > 0 else None
    deep.last_finished = deep.oldest_failed = None
    deep.failed_last_hour = deep.completed_last_hour = 0


def _limited_until(ttl: Any, window: tuple[int | None, int | None], now: int) -> int | None:
    """When the present window ends, if its jobs are used up. A limit that only its worker knows shows no maximum."""
    taken, rate_max = window
    if not isinstance(ttl, int) or ttl <= 0 or taken is None:
        return None
    return now + ttl if taken >= _BY_HAND or (rate_max is not None and taken >= rate_max) else None


def _number(reply: Any) -> int | None:
    return integer(reply) if isinstance(reply, bytes) else None


def take_quick(found: Draft, state: State, replies: Iterator[Any]) -> None:
    """Take the answers to `quick_follow_ups` of a state."""
    match state:
        case State.WAITING | State.PAUSED:
            found.oldest[f"{state} last"] = _last_job(found, state, next(replies))
            found.oldest[f"{state} head"] = _job(next(replies))
            if found.first:
                found.oldest[f"{state} behind"] = _job(next(replies))
        case State.ACTIVE:
            found.oldest["active"] = _job(next(replies))
        case State.PRIORITIZED:
            found.oldest["prioritized"] = found.watched.bands.take(next(replies))
        case State.DELAYED:
            due = _score(next(replies))
            found.instants["next_delayed"] = None if due is None else due // 4096
            found.overdue = _whole(next(replies))
        case _:
            pass


def take_deep(found: Draft, state: State, replies: Iterator[Any]) -> None:
    """Take the answers to `deep_follow_ups` of a state."""
    if state not in (State.COMPLETED, State.FAILED):
        return
    deep = found.watched.deep
    oldest, in_the_hour, newest = _score(next(replies)), _whole(next(replies)), _score(next(replies))
    if state is State.FAILED:
        deep.oldest_failed, deep.failed_last_hour = oldest, in_the_hour
    else:
        deep.completed_last_hour = in_the_hour
    deep.last_finished = max((at for at in (deep.last_finished, newest) if at is not None), default=None)


def _job(reply: Any) -> bytes | None:
    return reply if isinstance(reply, bytes) and not is_marker(reply) else None


def _last_job(found: Draft, state: State, reply: Any) -> bytes | None:
    """The last member that is a job. The marks beside it are taken off the count."""
    members = reply if isinstance(reply, list) else []
    if contract(found.watched.identity).list_markers:
        marks = sum(is_marker(member) for member in members)
        found.counts = {**found.counts, state: found.counts[state] - marks}
    return next((member for member in reversed(members) if _job(member)), None)


def _score(reply: Any) -> int | None:
    return integer(reply[1]) if isinstance(reply, list) and len(reply) == 2 else None


def _whole(reply: Any) -> int:
    return reply if isinstance(reply, int) else 0
