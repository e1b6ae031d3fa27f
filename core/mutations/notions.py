"""What a queue's library does not have at all, and so cannot be asked of it: in a sentence, with what to do instead."""

from __future__ import annotations

from collections.abc import Callable

from core.dialects.contract import contract
from core.dialects.since import at_least
from core.model import Dialect, Queue

CONCURRENCY_SINCE = (5, 9)
RATE_SINCE = (5, 60)
DEDUPLICATION_SINCE = (5, 11)


def absent(queue: Queue, verb: str) -> str:
    """Why this queue's library has no notion of the verb; empty where it has one, as far as is known."""
    missing = _ABSENT.get(verb)
    return missing(queue) if missing else ""


def _concurrency(queue: Queue) -> str:
    known = queue.limits.concurrency is not None
    return "" if known else _limit(queue, "concurrency", CONCURRENCY_SINCE)


def _rate(queue: Queue) -> str:
    known = queue.limits.rate_max is not None
    return "" if known else _limit(queue, "rate limit", RATE_SINCE)


def _limit(queue: Queue, what: str, since: tuple[int, int]) -> str:
    first = f"BullMQ {since[0]}.{since[1]}"
    claimed = at_least(queue.identity, *since) if queue.identity.dialect is Dialect.MQ5 else False
    if claimed is None:
        return (
            f"Nothing here tells whether this queue's BullMQ is {first[7:]} or later, the first whose workers heed a "
            f"{what} of the whole queue: set it where its workers are started."
        )
    if claimed:
        return ""
    return (
        f"The workers of {queue.identity.label} heed no {what} of a whole queue, which came with {first}: "
        "set it where they are started."
    )


def _deduplication(queue: Queue) -> str:
    identity = queue.identity
    if identity.dialect is Dialect.BULL or (identity.dialect is Dialect.MQ5 and _may_deduplicate(queue)):
        return ""
    return f"{identity.label} knows no deduplication, which came with BullMQ 5.11: no id is held by it."


def _may_deduplicate(queue: Queue) -> bool:
    return at_least(queue.identity, *DEDUPLICATION_SINCE) is not False


def _events(queue: Queue) -> str:
    if b"events" in contract(queue.identity).script_keys:
        return ""
    return "Bull keeps no stream of events: it publishes them, and nothing is left to trim."


_ABSENT: dict[str, Callable[[Queue], str]] = {
    "set_concurrency": _concurrency,
    "set_rate_limit": _rate,
    "release_deduplication": _deduplication,
    "trim_events": _events,
}
