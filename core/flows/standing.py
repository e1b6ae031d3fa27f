"""In which state many jobs of many queues are, by a few commands a queue.

Sorted sets answer for all jobs at once. What is in none of them is in a list: the active one is short, and the
waiting ones are read whole where they are not long. Elsewhere a job is taken to be waiting, and that is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.dialects.contract import LISTS, contract
from core.flows.lens import Lens, Spot, by_queue
from core.instance import Instance, pack
from core.model import Queue, State

# Jobs that run at the same time: more than any queue is given.
MOST_ACTIVE = 2_000
# A waiting list of so many is read whole to be sure: 200 KB, and a millisecond of Redis' time.
SHORT = 5_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A job's state, the score that says so, and whether that is certain. `there` is False where its hash is gone and
    no state lists it either."""

    state: State
    score: bytes | None = None
    sure: bool = True
    there: bool = True


async def standings(lens: Lens, spots: Sequence[Spot], *, exact: bool) -> dict[bytes, Standing]:
    """By key, of those in known queues. Not `exact`: no list but the active one is looked at."""
    queues = by_queue(spots).values()
    answers = await asyncio.gather(*(_surely(lens.instance, queue, mine, exact=exact) for queue, mine in queues))
    return {key: standing for found in answers for key, standing in found.items()}


async def _surely(instance: Instance, queue: Queue, spots: Sequence[Spot], *, exact: bool) -> dict[bytes, Standing]:
    """A job that moved while we looked may have been in none of the places where we did: look once more."""
    found = await _of_queue(instance, queue, spots, exact=exact)
    missed = [spot for spot in spots if found[spot.key].state is State.UNKNOWN]
    return {**found, **await _of_queue(instance, queue, missed, exact=exact)} if missed else found


async def _of_queue(instance: Instance, queue: Queue, spots: Sequence[Spot], *, exact: bool) -> dict[bytes, Standing]:
    found = await _in_sets(instance, queue, spots)
    rest = [spot for spot in spots if spot.key not in found]
    if not rest:
        return found
    asked = [pack(b"HEXISTS", spot.key, b"timestamp") for spot in rest]
    lists, exists = await asyncio.gather(_lists(instance, queue, exact=exact), instance.read(asked))
    whole = exact and all(members is not None for members in lists.values())
    for spot, there in zip(rest, exists, strict=True):
        listed = next((state for state, members in lists.items() if members and spot.id in members), None)
        if listed is not None:
            found[spot.key] = Standing(listed)
        elif not there:
            found[spot.key] = Standing(State.UNKNOWN, there=False)
        else:
            found[spot.key] = Standing(State.UNKNOWN) if whole else Standing(_waiting(queue), sure=False)
    return found


def _waiting(queue: Queue) -> State:
    """The list in which jobs of a paused queue wait, where it has one of its own."""
    return State.PAUSED if queue.paused and queue.counts.get(State.PAUSED) else State.WAITING


async def _in_sets(instance: Instance, queue: Queue, spots: Sequence[Spot]) -> dict[bytes, Standing]:
    keys = contract(queue.identity).keys
    sets = [(state, queue.id.base + key) for state, key in keys.items() if state not in LISTS]
    ids = [spot.id for spot in spots]
    replies = await instance.read([pack(b"ZMSCORE", key, *ids) for _, key in sets])
    found: dict[bytes, Standing] = {}
    for (state, _), scores in zip(sets, replies, strict=True):
        for spot, score in zip(spots, scores or (), strict=False):
            if isinstance(score, bytes):
                found.setdefault(spot.key, Standing(state, score))
    return found


async def _lists(instance: Instance, queue: Queue, *, exact: bool) -> Mapping[State, frozenset[bytes] | None]:
    """What stands in each list; None for one that is too long to be read whole."""
    keys = contract(queue.identity).keys
    wanted = [state for state in keys if state in LISTS and (exact or state is State.ACTIVE)]
    # The newest waiting come in at the head; workers put what they take at the head too.
    asked = [(state, SHORT if state is not State.ACTIVE else MOST_ACTIVE) for state in wanted]
    lengths = await instance.read([pack(b"LLEN", queue.id.base + keys[state]) for state in wanted])
    short = [most for most, length in zip(asked, lengths, strict=True) if _length(length) <= most[1]]
    replies = await instance.read([pack(b"LRANGE", queue.id.base + keys[state], 0, most - 1) for state, most in short])
    read = {state: frozenset(reply or ()) for (state, _), reply in zip(short, replies, strict=True)}
    return {state: read.get(state) for state in wanted}


def _length(reply: Any) -> int:
    return reply if isinstance(reply, int) else 0
