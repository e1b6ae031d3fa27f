"""In which state jobs are now, by looking their ids up where they could be.

Sorted sets answer at once. Lists are searched from both ends to a bounded depth, because Redis walks them; a job
that is in none of the sets and not near an end of a list is taken to be waiting, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.dialects.contract import LISTS, Contract, contract
from core.instance import Instance, pack
from core.jobs.rows import Placed
from core.model import Queue, State

# From each end; about 0.4 ms of Redis' time a search.
DEPTH = 10_000
# Up to this many jobs are searched for one by one.
FEW = 8
# Jobs move in this direction, and so do we: one that moves on is met again, not missed.
_FLOW = (State.PAUSED, State.WAITING, State.ACTIVE)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A job's place; `sure` is False when its list is too long to have been searched through."""

    placed: Placed
    sure: bool = True


async def locate(instance: Instance, queue: Queue, ids: Sequence[bytes]) -> Mapping[bytes, Whereabouts | None]:
    """Each job's place: None for one that is gone, UNKNOWN for a hash that no state lists."""
    found = await _look(instance, queue, ids)
    # A job that moved while we looked may have been in none of the places where we did: look once more.
    missed = [id for id, place in found.items() if place is not None and place.placed.state is State.UNKNOWN]
    return {**found, **await _look(instance, queue, missed)} if missed else found


async def _look(instance: Instance, queue: Queue, ids: Sequence[bytes]) -> dict[bytes, Whereabouts | None]:
    notions = contract(queue.identity)
    found = await _in_sets(instance, queue.id.base, notions, ids)
    lists = [(state, queue.id.base + notions.keys[state]) for state in _FLOW]
    rest = [id for id in ids if id not in found]
    if len(rest) > FEW:
        found |= await _near_ends(instance, lists, rest)
        rest = [id for id in rest if id not in found]
    return {**dict.fromkeys(ids), **found, **await _in_lists(instance, queue, lists, rest)}


async def _in_sets(
    instance: Instance, base: bytes, notions: Contract, ids: Sequence[bytes]
) -> dict[bytes, Whereabouts]:
    sets = [(state, key) for state, key in notions.keys.items() if state not in LISTS]
    replies = iter(await instance.read([pack(b"ZSCORE", base + key, id) for id in ids for _, key in sets]))
    found: dict[bytes, Whereabouts] = {}
    for id in ids:
        for state, _ in sets:
            score = next(replies)
            if isinstance(score, bytes) and id not in found:
                found[id] = Whereabouts(Placed(id, state, score))
    return found


async def _near_ends(
    instance: Instance, lists: Sequence[tuple[State, bytes]], ids: Sequence[bytes]
) -> dict[bytes, Whereabouts]:
    """Those that stand near an end of a list, as the jobs of a page do: cheaper than a search for each."""
    reach = len(ids) * 3
    windows = await instance.read(
        [pack(b"LRANGE", key, *ends) for _, key in lists for ends in ((0, reach - 1), (-reach, -1))]
    )
    wanted = set(ids)
    found: dict[bytes, Whereabouts] = {}
    for place, (state, _) in enumerate(lists):
        seen = {id for window in windows[place * 2 : place * 2 + 2] if window for id in window}
        found |= {id: Whereabouts(Placed(id, state)) for id in seen & wanted}
    return found


async def _in_lists(
    instance: Instance, queue: Queue, lists: Sequence[tuple[State, bytes]], ids: Sequence[bytes]
) -> dict[bytes, Whereabouts | None]:
    commands = [command for id in ids for command in _search(queue.id.base, id, lists)]
    replies = iter(await instance.read(commands))
    return {id: _place(id, lists, [next(replies) for _ in range(3 * len(lists) + 1)]) for id in ids}


def _search(base: bytes, id: bytes, lists: Sequence[tuple[State, bytes]]) -> list[bytes]:
    commands = []
    for _, key in lists:
        commands += [
            pack(b"LPOS", key, id, b"RANK", 1, b"MAXLEN", DEPTH),
            pack(b"LPOS", key, id, b"RANK", -1, b"MAXLEN", DEPTH),
            pack(b"LLEN", key),
        ]
    # Every library writes it on adding a job; a queue's other hashes, and a scheduler's, have none.
    return [*commands, pack(b"HEXISTS", base + id, b"timestamp")]


def _place(id: bytes, lists: Sequence[tuple[State, bytes]], replies: Sequence[Any]) -> Whereabouts | None:
    *searches, exists = replies
    found: State | None = None
    too_long: State | None = None
    for place, (state, _) in enumerate(lists):
        head, tail, length = searches[place * 3 : place * 3 + 3]
        if isinstance(head, int) or isinstance(tail, int):
            found = state
        elif isinstance(length, int) and length > 2 * DEPTH and too_long is None:
            too_long = state
    if found is not None:
        return Whereabouts(Placed(id, found))
    if not exists:
        return None
    return Whereabouts(Placed(id, too_long or State.UNKNOWN), sure=too_long is None)
