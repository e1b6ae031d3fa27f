"""One reading of every queue of an instance, in three pipelined rounds that all who look then share.

The first round asks each queue the same dozen questions, the second only what the first makes worth asking, the
third what the oldest jobs say of themselves. The first round's bytes never change for a queue, so they are packed
once; the clock in the second is put in by replacing a mark of the same length.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from core.bands import Bands
from core.dialects.contract import LISTS, contract, is_marker
from core.errors import Unavailable
from core.instance import Instance, pack
from core.model import Identity, Instants, Limits, Queue, QueueId, State
from core.readiness import Readiness
from core.text import integer

HOUR = 3_600_000
# Queues per round trip: about 1,500 commands, which Redis answers in under 2 ms and we read in about 4.
SLICE = 100
# Both marks are as long as the number that replaces them, until the year 2039 (2^53 / 4096 ms).
_HOUR_AGO = b"\x00hour-ago-ms\x00"
_DUE_NOW = b"\x00due-score-now-\x00"
_META = (b"paused", b"concurrency", b"max", b"duration", b"opts.maxLenEvents")
_FIXED = 7


@dataclass(slots=True)
class Watched:
    """A queue under observation: what it is, its packed questions, and what is remembered between readings."""

    base: bytes
    id: QueueId
    identity: Identity
    questions: bytes = b""
    asked: int = 0
    bands: Bands = field(default_factory=Bands)
    readiness: Readiness = field(default_factory=Readiness)

    def identify(self, identity: Identity) -> None:
        """Take on an identity, and pack the questions that its dialect makes sense of."""
        self.identity = identity
        commands = _first_questions(self.base, identity)
        self.questions, self.asked = b"".join(commands), len(commands)


def _first_questions(base: bytes, identity: Identity) -> list[bytes]:
    states = contract(identity).keys.items()
    return [
        *(pack(b"LLEN" if state in LISTS else b"ZCARD", base + key) for state, key in states),
        pack(b"HMGET", base + b"meta", *_META),
        pack(b"EXISTS", base + b"meta-paused"),
        pack(b"GET", base + b"id"),
        pack(b"PTTL", base + b"limiter"),
        pack(b"HGET", base + b"metrics:completed", b"count"),
        pack(b"HGET", base + b"metrics:failed", b"count"),
        pack(b"PTTL", base + b"stalled-check"),
    ]


@dataclass(slots=True)
class Draft:
    """A queue's answers while they come in."""

    watched: Watched
    counts: Mapping[State, int]
    meta: Sequence[bytes | None]
    meta_paused: bool
    ids: int | None
    limiter_ttl: int
    completed_ever: int | None
    failed_ever: int | None
    stalled_check: int | None
    oldest: dict[str, bytes | None] = field(default_factory=dict)
    instants: dict[str, int | None] = field(default_factory=dict)
    overdue: int = 0
    failed_last_hour: int = 0
    completed_last_hour: int = 0
    limiter: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing of this queue is left in Redis, as far as these questions tell."""
        nothing = self.ids is None and not self.meta_paused and self.stalled_check is None
        return nothing and not any(self.counts.values()) and not any(self.meta)

    @property
    def paused(self) -> bool:
        """Bull's own flag is a key of its own; BullMQ's a field of meta."""
        if self.watched.identity.library == "bull":
            return self.meta_paused
        return self.meta[0] is not None

    def queue(self, now: int) -> Queue:
        rate_max, duration = integer(self.meta[2]), integer(self.meta[3])
        return Queue(
            id=self.watched.id,
            identity=self.watched.identity,
            paused=self.paused,
            counts=self.counts,
            limits=Limits(integer(self.meta[1]), rate_max, duration, self._limited_for(rate_max)),
            instants=Instants(stalled_check=self._stalled_check_at(now), **self.instants),
            overdue=self.overdue,
            failed_last_hour=self.failed_last_hour,
            completed_last_hour=self.completed_last_hour,
            ids=self.ids,
            completed_ever=self.completed_ever,
            failed_ever=self.failed_ever,
            max_events=integer(self.meta[4]),
        )

    def _limited_for(self, rate_max: int | None) -> int | None:
        """The time left, while the window's jobs are used up; a worker's own limit shows only in its counter."""
        if self.limiter_ttl <= 0 or self.limiter is None:
            return None
        by_hand = self.limiter > 1 << 50
        return self.limiter_ttl if by_hand or (rate_max is not None and self.limiter >= rate_max) else None

    def _stalled_check_at(self, now: int) -> int | None:
        return None if self.stalled_check is None else now + self.stalled_check


async def survey(instance: Instance, watched: Sequence[Watched], now: int) -> list[Draft]:
    """Read all these queues. `now` is the instant of the reading in milliseconds."""
    drafts: list[Draft] = []
    for start in range(0, len(watched), SLICE):
        drafts += await _slice(instance, watched[start : start + SLICE], now)
        await asyncio.sleep(0)
    return drafts


async def _slice(instance: Instance, watched: Sequence[Watched], now: int) -> list[Draft]:
    packed = b"".join(w.questions for w in watched)
    replies = iter(await instance.stream(packed, sum(w.asked for w in watched)))
    drafts = [_draft(w, list(islice(replies, w.asked))) for w in watched]
    await _ask_further(instance, drafts, now)
    await _ask_the_oldest(instance, drafts)
    return drafts


def _draft(watched: Watched, replies: list[Any]) -> Draft:
    _raise_unless_foreign(watched, replies)
    states = contract(watched.identity).states
    counts = {state: reply for state, reply in zip(states, replies, strict=False) if isinstance(reply, int)}
    meta, meta_paused, ids, limiter_ttl, completed, failed, stalled_check = replies[-_FIXED:]
    return Draft(
        watched=watched,
        counts=counts,
        meta=meta if isinstance(meta, list) else [None] * len(_META),
        meta_paused=meta_paused == 1,
        ids=_number(ids),
        limiter_ttl=limiter_ttl if isinstance(limiter_ttl, int) else 0,
        completed_ever=_number(completed),
        failed_ever=_number(failed),
        stalled_check=stalled_check if isinstance(stalled_check, int) and stalled_check > 0 else None,
    )


def _raise_unless_foreign(watched: Watched, replies: list[Any]) -> None:
    """A key of the wrong type is somebody else's and is left out; any other refusal must not pass for zero jobs."""
    for reply in replies:
        if isinstance(reply, Exception) and not str(reply).startswith("WRONGTYPE"):
            raise Unavailable(f"Redis {watched.id.instance} refuses to be read: {reply}.")


def _number(reply: Any) -> int | None:
    return integer(reply) if isinstance(reply, bytes) else None


async def _ask_further(instance: Instance, drafts: Sequence[Draft], now: int) -> None:
    asked = [(draft, _further(draft)) for draft in drafts]
    packed = b"".join(command for _, commands in asked for command in commands)
    packed = packed.replace(_HOUR_AGO, b"%013d" % (now - HOUR)).replace(_DUE_NOW, b"%016d" % (now * 4096 + 4095))
    replies = iter(await instance.stream(packed, sum(len(commands) for _, commands in asked)))
    for draft, _ in asked:
        _take_further(draft, replies)


def _further(draft: Draft) -> list[bytes]:
    """What is worth asking, in the order in which `_take_further` takes the answers."""
    base, counts = draft.watched.base, draft.counts
    commands: list[bytes] = []
    if counts.get(State.WAITING):
        # Three from the end: in BullMQ 3 and 4 the last ones may be markers, which are no jobs.
        commands += [pack(b"LRANGE", base + b"wait", -3, -1), pack(b"LINDEX", base + b"wait", 0)]
    if counts.get(State.PAUSED):
        commands.append(pack(b"LRANGE", base + b"paused", -3, -1))
    if counts.get(State.ACTIVE):
        commands.append(pack(b"LINDEX", base + b"active", -1))
    if counts.get(State.PRIORITIZED):
        commands.append(draft.watched.bands.question(base))
    if counts.get(State.DELAYED):
        commands.append(pack(b"ZRANGE", base + b"delayed", 0, 0, b"WITHSCORES"))
        commands.append(pack(b"ZCOUNT", base + b"delayed", b"-inf", _DUE_NOW))
    if counts.get(State.FAILED):
        commands.append(pack(b"ZRANGE", base + b"failed", 0, 0, b"WITHSCORES"))
        commands.append(pack(b"ZCOUNT", base + b"failed", _HOUR_AGO, b"+inf"))
        commands.append(pack(b"ZRANGE", base + b"failed", -1, -1, b"WITHSCORES"))
    if counts.get(State.COMPLETED):
        commands.append(pack(b"ZCOUNT", base + b"completed", _HOUR_AGO, b"+inf"))
        commands.append(pack(b"ZRANGE", base + b"completed", -1, -1, b"WITHSCORES"))
    if draft.limiter_ttl > 0:
        commands.append(pack(b"GET", base + b"limiter"))
    return commands


def _take_further(draft: Draft, replies: Iterator[Any]) -> None:
    counts = draft.counts
    if counts.get(State.WAITING):
        draft.oldest["tail"] = _last_job(next(replies))
        draft.oldest["head"] = _job(next(replies))  # with LIFO jobs the oldest may lie there
    if counts.get(State.PAUSED):
        draft.oldest["paused"] = _last_job(next(replies))
    if counts.get(State.ACTIVE):
        draft.oldest["active"] = _job(next(replies))
    if counts.get(State.PRIORITIZED):
        draft.oldest["prioritized"] = draft.watched.bands.take(next(replies))
    if counts.get(State.DELAYED):
        due = _score(next(replies))
        draft.instants["next_delayed"] = None if due is None else due // 4096
        draft.overdue = _whole(next(replies))
    if counts.get(State.FAILED):
        draft.instants["oldest_failed"] = _score(next(replies))
        draft.failed_last_hour = _whole(next(replies))
        _note_finish(draft, _score(next(replies)))
    if counts.get(State.COMPLETED):
        draft.completed_last_hour = _whole(next(replies))
        _note_finish(draft, _score(next(replies)))
    if draft.limiter_ttl > 0:
        draft.limiter = _number(next(replies))


def _note_finish(draft: Draft, at: int | None) -> None:
    known = draft.instants.get("last_finished")
    if at is not None:
        draft.instants["last_finished"] = at if known is None else max(known, at)


def _job(reply: Any) -> bytes | None:
    return reply if isinstance(reply, bytes) and not is_marker(reply) else None


def _last_job(reply: Any) -> bytes | None:
    if not isinstance(reply, list):
        return None
    return next((member for member in reversed(reply) if _job(member)), None)


def _score(reply: Any) -> int | None:
    return integer(reply[1]) if isinstance(reply, list) and len(reply) == 2 else None


def _whole(reply: Any) -> int:
    return reply if isinstance(reply, int) else 0


async def _ask_the_oldest(instance: Instance, drafts: Sequence[Draft]) -> None:
    """When the oldest jobs became ready or started; what is known from the last reading is not asked again."""
    for draft in drafts:
        draft.watched.readiness.expect(draft.oldest)
    wanted = [command for draft in drafts for command in draft.watched.readiness.questions(draft.watched.base)]
    replies = iter(await instance.batch(wanted))
    for draft in drafts:
        draft.watched.readiness.take(replies)
    later = [command for draft in drafts for command in draft.watched.readiness.options(draft.watched.base)]
    replies = iter(await instance.batch(later))
    for draft in drafts:
        draft.watched.readiness.take_options(replies)
        draft.instants |= draft.watched.readiness.instants(draft.oldest)
        draft.watched.bands.note(draft.watched.readiness.at(draft.oldest.get("prioritized")))
        if draft.counts.get(State.PRIORITIZED):
            draft.instants["oldest_prioritized"] = draft.watched.bands.oldest
