"""The jobs of a flow as a tree shows them: state, progress, durations and children of many jobs in a few round trips.

Payloads are not read, and of what is, nothing is shown before the rules of redaction have been through it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from core.flows.children import counts
from core.flows.flow import Node, Tie
from core.flows.lens import Lens, Spot
from core.flows.standing import Standing, standings
from core.instance import pack
from core.job import JobRow
from core.jobs.relatives import parent_of
from core.jobs.rows import LONGEST_REASON
from core.model import State
from core.redaction.fields import cleaned
from core.text import integer, json_or_none, text

_NUMBERS = (b"timestamp", b"delay", b"priority", b"attemptsMade", b"atm", b"processedOn", b"finishedOn")
# How long a text may be to be read for a tree, in bytes.
LIMITS = {b"name": 512, b"progress": 1024, b"failedReason": 4096, b"parent": 2048}
_DUE = 4096
Raw = Mapping[bytes, bytes | None]


async def read_nodes(lens: Lens, wanted: Sequence[tuple[Spot, Tie | None]]) -> list[Node]:
    """Each as it is now, in order."""
    spots = [spot for spot, _ in wanted]
    known = [spot for spot in spots if spot.queue is not None]
    keys = [spot.key for spot in known]
    states, raws, children = await asyncio.gather(
        standings(lens, known, exact=True), _hashes(lens, known), counts(lens.instance, keys)
    )
    hashes, families = dict(zip(keys, raws, strict=True)), dict(zip(keys, children, strict=True))
    active = [spot.key for spot in known if states[spot.key].state is State.ACTIVE]
    locks = dict(
        zip(active, await lens.instance.read([pack(b"EXISTS", key + b":lock") for key in active]), strict=True)
    )
    nodes = []
    for spot, tie in wanted:
        if spot.queue is None:
            nodes.append(Node(*lens.shown(spot), tie=tie))
            continue
        state, raw = states[spot.key], hashes[spot.key]
        nodes.append(
            Node(
                key=text(spot.key),
                id=text(spot.id),
                queue=spot.queue.id,
                row=_row(lens, spot, state, raw) if state.there else None,
                tie=tie,
                terms=_terms(lens, raw),
                since=integer(state.score) if state.state is State.WAITING_CHILDREN else None,
                children=families[spot.key],
                locked=bool(locks[spot.key]) if spot.key in locks else None,
                sure=state.sure,
            )
        )
    return nodes


async def _hashes(lens: Lens, spots: Sequence[Spot]) -> list[Raw]:
    """The numbers of each, and those texts that are short."""
    width = 1 + len(LIMITS)
    first = await lens.instance.read(
        [
            command
            for spot in spots
            for command in (
                pack(b"HMGET", spot.key, *_NUMBERS),
                *(pack(b"HSTRLEN", spot.key, name) for name in LIMITS),
            )
        ]
    )
    pieces = [first[at * width : (at + 1) * width] for at in range(len(spots))]
    short = [[n for (n, most), size in zip(LIMITS.items(), p[1:], strict=True) if _fits(size, most)] for p in pieces]
    asked = [pack(b"HMGET", spot.key, *names) for spot, names in zip(spots, short, strict=True) if names]
    second = iter(await lens.instance.read(asked))
    found: list[Raw] = []
    for piece, names in zip(pieces, short, strict=True):
        numbers = zip(_NUMBERS, piece[0] or [None] * len(_NUMBERS), strict=True)
        texts = zip(names, next(second) or [None] * len(names), strict=True) if names else ()
        long = {n: _too_long(size) for (n, _), size in zip(LIMITS.items(), piece[1:], strict=True) if n not in names}
        found.append({**dict(numbers), **{n: value for n, value in long.items() if value}, **dict(texts)})
    return found


def _fits(size: Any, most: int) -> bool:
    return isinstance(size, int) and 0 < size <= most


def _too_long(size: Any) -> bytes | None:
    return f"({size / 1000:.1f} KB, too long for a tree)".encode() if isinstance(size, int) and size else None


def _row(lens: Lens, spot: Spot, state: Standing, raw: Raw) -> JobRow:
    assert spot.queue is not None  # noqa: S101 # asked for known queues only
    hidden = lens.sight.redaction(spot.queue.id)
    numbers = {name: integer(raw.get(name)) for name in _NUMBERS}
    progress, reason = raw.get(b"progress"), raw.get(b"failedReason")
    made = numbers[b"attemptsMade"]
    score = integer(state.score)
    return JobRow(
        id=text(spot.id),
        state=state.state,
        name=text(name) if (name := raw.get(b"name")) is not None else None,
        timestamp=numbers[b"timestamp"],
        delay=numbers[b"delay"] or 0,
        due_at=score // _DUE if score is not None and state.state is State.DELAYED else None,
        priority=numbers[b"priority"] or 0,
        attempts_made=(numbers[b"atm"] if made is None else made) or 0,
        processed_on=numbers[b"processedOn"],
        finished_on=numbers[b"finishedOn"],
        progress=json_or_none(cleaned(hidden, b"progress", progress)) if progress else None,
        failed_reason=text(cleaned(hidden, b"failedReason", reason))[:LONGEST_REASON] if reason else None,
        missing=all(value is None for value in raw.values()),
    )


def _terms(lens: Lens, raw: Raw) -> str:
    """What the job's failure means for its parent."""
    parent = parent_of(raw.get(b"parent"), None, lambda key: lens.sight.resolve(lens.instance.name, key))
    return parent.note.removeprefix("this child ") if parent else ""
