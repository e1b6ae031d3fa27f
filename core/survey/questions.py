"""What a queue is asked: a dozen things at every reading, a few more now and then, some only when worth asking.

The bytes of the first two kinds never change for a queue, so they are packed once. The clock in the third kind is
put in by replacing a mark of the same length.
"""

from __future__ import annotations

from core.dialects.contract import LISTS, contract
from core.instance import pack
from core.model import Dialect, Identity, State

HOUR = 3_600_000
META = (b"paused", b"concurrency", b"max", b"duration", b"opts.maxLenEvents", b"version")
# Both marks are as long as the number that replaces them, until the year 2039 (2^53 / 4096 ms).
_HOUR_AGO = b"\x00hour-ago-ms\x00"
_DUE_NOW = b"\x00due-score-now-\x00"


def quick_questions(base: bytes, identity: Identity) -> list[bytes]:
    """A length per state, how many jobs were ever added, the flags, how many wait by priority: in this order."""
    states = contract(identity).keys.items()
    counts = [pack(b"LLEN" if state in LISTS else b"ZCARD", base + key) for state, key in states]
    flags = pack(b"HMGET", base + b"meta", *META)
    if identity.dialect is Dialect.BULL:
        flags = pack(b"EXISTS", base + b"meta-paused")
    # Where prioritized jobs have no state of their own, they stand before the others in the same list.
    first = [] if State.PRIORITIZED in contract(identity).keys else [pack(b"ZCARD", base + b"priority")]
    return [*counts, pack(b"GET", base + b"id"), flags, *first]


def deep_questions(base: bytes) -> list[bytes]:
    """The rate limit, the counters that workers keep when asked to, and the sign of life they renew."""
    return [
        pack(b"PTTL", base + b"limiter"),
        pack(b"GET", base + b"limiter"),
        pack(b"HGET", base + b"metrics:completed", b"count"),
        pack(b"HGET", base + b"metrics:failed", b"count"),
        pack(b"PTTL", base + b"stalled-check"),
    ]


def quick_follow_ups(base: bytes, state: State, band: bytes, *, first: int) -> list[bytes]:
    """What a non-empty state makes worth asking at every reading. `band` is the question for prioritized jobs, and
    `first` how many of them stand at the end of a list, so that the oldest of all others stands behind them."""
    match state:
        case State.WAITING | State.PAUSED:
            key = base + (b"wait" if state is State.WAITING else b"paused")
            # Three from the end: in BullMQ 3 and 4 the last ones may be markers, which are no jobs. With LIFO jobs
            # the oldest may lie at the head.
            ends = [pack(b"LRANGE", key, -3, -1), pack(b"LINDEX", key, 0)]
            return [*ends, pack(b"LINDEX", key, -1 - first)] if first else ends
        case State.ACTIVE:
            return [pack(b"LINDEX", base + b"active", -1)]
        case State.PRIORITIZED:
            return [band]
        case State.DELAYED:
            soonest = pack(b"ZRANGE", base + b"delayed", 0, 0, b"WITHSCORES")
            return [soonest, pack(b"ZCOUNT", base + b"delayed", b"-inf", _DUE_NOW)]
        case _:
            return []


def deep_follow_ups(base: bytes, state: State) -> list[bytes]:
    """What a non-empty finished state tells of the last hour: its oldest, how many in the hour, its newest."""
    if state not in (State.COMPLETED, State.FAILED):
        return []
    key = base + state.value.encode()
    return [
        pack(b"ZRANGE", key, 0, 0, b"WITHSCORES"),
        pack(b"ZCOUNT", key, _HOUR_AGO, b"+inf"),
        pack(b"ZRANGE", key, -1, -1, b"WITHSCORES"),
    ]


def at_the_time(packed: bytes, now: int) -> bytes:
    """The packed questions with the clock put in. `now` in milliseconds."""
    return packed.replace(_HOUR_AGO, b"%013d" % (now - HOUR)).replace(_DUE_NOW, b"%016d" % (now * 4096 + 4095))
