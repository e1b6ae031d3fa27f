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


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A job's place; `sure` is False when its list is too long to have been searched through."""

    placed: Placed
    sure: bool = True


async def locate(instance: Instance, queue: Queue, ids: Sequence[bytes]) -> Mapping[bytes, Whereabouts | None]:
    """Each job's place: None for one that is gone, UNKNOWN for a hash that no state lists."""
    notions = contract(queue.identity)
    found = await _in_sets(instance, queue.id.base, notions, ids)
    rest = [id for id in ids if id not in found]
    return {**dict.fromkeys(ids), **found, **await _in_lists(instance, queue, notions, rest)}


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


async def _in_lists(
    instance: Instance, queue: Queue, notions: Contract, ids: Sequence[bytes]
) -> dict[bytes, Whereabouts | None]:
    base = queue.id.base
    lists = [(state, base + key) for state, key in notions.keys.items() if state in LISTS]
    lists.sort(key=lambda pair: pair[0] is not State.ACTIVE)
    commands = [command for id in ids for command in _search(base, id, lists)]
    replies = iter(await instance.read(commands))
    return {id: _place(id, lists, [next(replies) for _ in range(1 + 3 * len(lists))]) for id in ids}


def _search(base: bytes, id: bytes, lists: Sequence[tuple[State, bytes]]) -> list[bytes]:
    commands = [pack(b"EXISTS", base + id)]
    for _, key in lists:
        commands += [
            pack(b"LPOS", key, id, b"RANK", 1, b"MAXLEN", DEPTH),
            pack(b"LPOS", key, id, b"RANK", -1, b"MAXLEN", DEPTH),
            pack(b"LLEN", key),
        ]
    return commands


def _place(id: bytes, lists: Sequence[tuple[State, bytes]], replies: Sequence[Any]) -> Whereabouts | None:
    exists, searches = replies[0], replies[1:]
    too_long: State | None = None
    for place, (state, _) in enumerate(lists):
        head, tail, length = searches[place * 3 : place * 3 + 3]
        if isinstance(head, int) or isinstance(tail, int):
            return Whereabouts(Placed(id, state))
        if isinstance(length, int) and length > 2 * DEPTH and too_long is None:
            too_long = state
    if not exists:
        return None
    return Whereabouts(Placed(id, too_long or State.UNKNOWN), sure=too_long is None)
