"""From a job up to the top of its flow, and what is broken on the way."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from core.access.asker import asker
from core.flows.flow import Tie
from core.flows.lens import Lens, Spot
from core.instance import pack
from core.text import json_or_none, printable, raw_bytes, text

# Deeper flows are shown from so far above the job.
MOST_LEVELS = 50
# A parent is named in some hundred bytes.
LARGEST = 4096
_ORDER = (Tie.FAILED, Tie.PENDING, Tie.IGNORED, Tie.PROCESSED)


@dataclass(frozen=True, slots=True)
class Climb:
    """The way down to the job, from the top: each with how its parent counts it (the top: None)."""

    chain: tuple[tuple[Spot, Tie | None], ...]
    notes: tuple[str, ...] = ()


async def climb(lens: Lens, start: Spot) -> Climb:
    """Up by each job's own pointer, until there is none, or it leads nowhere."""
    chain, note = await _up(lens, start)
    ties = await _ties(lens, chain)
    notes = [note] if note else []
    for child, above, tie in zip(chain, chain[1:], ties, strict=False):
        if tie is Tie.STRANGE:
            notes.append(
                f"J{_named(above)[1:]} does not count job {_id(child)} among its children (any more): it will not "
                "learn of its end."
            )
    return Climb(tuple(reversed(list(zip(chain, [*ties, None], strict=True)))), tuple(notes))


async def _up(lens: Lens, start: Spot) -> tuple[list[Spot], str]:
    """The jobs from this one upwards, and why they end where they do, where that is odd."""
    chain = [start]
    _, key = await _pointer(lens, start)
    while key is not None:
        above, at = lens.spot(key), _id(chain[-1])
        if any(spot.key == key for spot in chain):
            return chain, f"The parents form a circle: {_named(above)} stands above and below job {at}."
        if above.queue is None:
            named = f": {printable(text(key[:300]))}" if asker().scope.is_whole else ""
            return chain, f"Job {at} names a parent in a queue that is not known here{named}."
        if len(chain) > MOST_LEVELS:
            return chain, f"The flow goes on above what is shown: {MOST_LEVELS} levels were climbed."
        there, key = await _pointer(lens, above)
        if not there:
            return chain, f"Job {at} names a parent that is gone from Redis: {_named(above)}."
        chain.append(above)
    return chain, ""


async def _pointer(lens: Lens, spot: Spot) -> tuple[bool, bytes | None]:
    """Whether the job is there, and the full key of the parent that it names, in `parent` ({id, queueKey}) or, where
    that is all there is, in `parentKey`."""
    there, *sizes = await lens.instance.read(
        [pack(b"EXISTS", spot.key), *(pack(b"HSTRLEN", spot.key, name) for name in (b"parent", b"parentKey"))]
    )
    if not any(sizes) or any(isinstance(size, int) and size > LARGEST for size in sizes):
        return bool(there), None
    (fields,) = await lens.instance.read([pack(b"HMGET", spot.key, b"parent", b"parentKey")])
    named, key = fields or (None, None)
    parent = json_or_none(named)
    if isinstance(parent, dict) and isinstance(parent.get("queueKey"), str) and "id" in parent:
        return bool(there), _writable(f"{parent['queueKey']}:{parent['id']}")
    return bool(there), key or None


def _writable(key: str) -> bytes | None:
    try:
        return raw_bytes(key)
    except UnicodeEncodeError:
        return None  # half a character, which no key of Redis can hold


async def _ties(lens: Lens, chain: list[Spot]) -> list[Tie]:
    """How each is counted by the keys of the one above it."""
    pairs = list(pairwise(chain))
    replies = iter(
        await lens.instance.read(
            [
                command
                for child, parent in pairs
                for command in (
                    pack(b"ZSCORE", parent.key + b":unsuccessful", child.key),
                    pack(b"SISMEMBER", parent.key + b":dependencies", child.key),
                    pack(b"HEXISTS", parent.key + b":failed", child.key),
                    pack(b"HEXISTS", parent.key + b":processed", child.key),
                )
            ]
        )
    )
    counted = [[next(replies) for _ in range(4)] for _ in pairs]
    return [
        next((tie for tie, says in zip(_ORDER, said, strict=True) if says or says == b"0"), Tie.STRANGE)
        for said in counted
    ]


def _id(spot: Spot) -> str:
    return printable(text(spot.id[:300]))


def _named(spot: Spot) -> str:
    queue = f" of {printable(spot.queue.id.name)}" if spot.queue else ""
    return f"job {_id(spot)}{queue}"
