"""Reads jobs whole, as they stand, before they are removed; what could not be put back as it was is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.dialects.contract import LISTS, contract
from core.instance import Instance, pack
from core.jobs.rows import Placed
from core.jobs.whereabouts import locate
from core.model import Queue, State
from core.undo.kept import LARGEST_JOB, MOST_FIELDS, MOST_LINES, KeptJob

# What makes a job part of more than itself, or somebody's at this moment.
_TIES = (b":dependencies", b":processed", b":failed", b":unsuccessful", b":lock")
_LARGE = (b"data", b"returnvalue", b"stacktrace", b"opts", b"failedReason")
# Behind the last of the jobs of a slice, so many more of the tail of a list are looked at to know their places.
BEYOND = 1_000
# Bytes that one answer carries.
AT_ONCE = 2_000_000
FAR, ACTIVE, FLOW = "its place in a long list is not known", "it was active", "it is part of a flow"
LARGE, CLAIM = "it is too large", "it holds a deduplication id or belongs to a scheduler"
GONE = "it was gone already"


@dataclass(frozen=True, slots=True)
class Read:
    """The jobs that can be put back, and why how many others cannot."""

    jobs: tuple[KeptJob, ...]
    left_out: Counter[str]


async def read_whole(instance: Instance, queue: Queue, ids: Sequence[bytes]) -> Read:
    """These jobs as they are now. Raises Unavailable."""
    places = await locate(instance, queue, ids)
    left_out: Counter[str] = Counter()
    standing: list[Placed] = []
    for id in ids:
        place = places[id]
        if why := GONE if place is None else _unsure(place.placed, sure=place.sure):
            left_out[why] += 1
        elif place is not None:
            standing.append(place.placed)
    fit = await _fit(instance, queue, standing, left_out)
    tails = await _tails(instance, queue, fit)
    jobs: list[KeptJob] = []
    for piece in _pieces(fit):
        jobs += await _read(instance, queue, [placed for placed, _ in piece], tails, left_out)
    return Read(tuple(sorted(jobs, key=lambda job: job.place or 0)), left_out)


def _unsure(placed: Placed, *, sure: bool) -> str:
    if placed.state is State.ACTIVE:
        return ACTIVE
    if placed.state is State.WAITING_CHILDREN:
        return FLOW
    return "" if sure and placed.state is not State.UNKNOWN else FAR


async def _fit(
    instance: Instance, queue: Queue, placed: Sequence[Placed], left_out: Counter[str]
) -> list[tuple[Placed, int]]:
    """Those that are whole by themselves, and not too large, with their size."""
    commands: list[bytes] = []
    for job in placed:
        key = queue.id.base + job.id
        commands.append(pack(b"EXISTS", *(key + tie for tie in _TIES)))
        commands += [pack(b"HLEN", key), pack(b"LLEN", key + b":logs")]
        commands += [pack(b"HSTRLEN", key, name) for name in _LARGE]
    replies = iter(await instance.read(commands))
    fit: list[tuple[Placed, int]] = []
    for job in placed:
        ties, fields, lines, *sizes = (_number(next(replies)) for _ in range(3 + len(_LARGE)))
        if ties:
            left_out[FLOW] += 1
        elif not fields:
            left_out[GONE] += 1
        elif sum(sizes) > LARGEST_JOB or fields > MOST_FIELDS or lines > MOST_LINES:
            left_out[LARGE] += 1
        else:
            fit.append((job, sum(sizes)))
    return fit


async def _tails(instance: Instance, queue: Queue, fit: Sequence[tuple[Placed, int]]) -> dict[State, dict[bytes, int]]:
    """How many stand nearer the tail than each job near it."""
    tails: dict[State, dict[bytes, int]] = {}
    keys = contract(queue.identity).keys
    for state in {placed.state for placed, _ in fit} & LISTS:
        reach = 3 * len(fit) + BEYOND
        (members,) = await instance.read([pack(b"LRANGE", queue.id.base + keys[state], -reach, -1)])
        tails[state] = {id: place for place, id in enumerate(reversed(members or ()))}
    return tails


def _pieces(fit: Sequence[tuple[Placed, int]]) -> Iterator[list[tuple[Placed, int]]]:
    piece: list[tuple[Placed, int]] = []
    room = AT_ONCE
    for one in fit:
        if piece and one[1] > room:
            yield piece
            piece, room = [], AT_ONCE
        piece.append(one)
        room -= one[1]
    if piece:
        yield piece


async def _read(
    instance: Instance,
    queue: Queue,
    placed: Sequence[Placed],
    tails: dict[State, dict[bytes, int]],
    left_out: Counter[str],
) -> list[KeptJob]:
    commands: list[bytes] = []
    for job in placed:
        key = queue.id.base + job.id
        commands += [pack(b"HGETALL", key), pack(b"LRANGE", key + b":logs", 0, MOST_LINES - 1)]
        commands.append(pack(b"ZSCORE", queue.id.base + b"priority", job.id))
    replies = iter(await instance.read(commands))
    kept: list[KeptJob] = []
    for job in placed:
        fields, logs, order = (next(replies) for _ in range(3))
        names = frozenset((fields or ())[::2])
        if why := _tied(names, job):
            left_out[why] += 1
            continue
        where = contract(queue.identity).keys[job.state].decode()
        place = tails.get(job.state, {}).get(job.id)
        one = KeptJob(job.id, where, tuple(fields), tuple(logs or ()), job.score or b"", place, order or b"")
        if one.size > 2 * LARGEST_JOB:
            left_out[LARGE] += 1
        else:
            kept.append(one)
    return kept


def _tied(names: frozenset[bytes], job: Placed) -> str:
    if not names:
        return GONE
    if names & {b"parentKey", b"parent"}:
        return FLOW
    ended = job.state in (State.COMPLETED, State.FAILED)
    return CLAIM if (not ended and names & {b"deid", b"rjk"}) or job.id.startswith(b"repeat:") else ""


def _number(reply: Any) -> int:
    return reply if isinstance(reply, int) else 0
