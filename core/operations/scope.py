"""Which jobs an operation may touch: frozen when it is previewed, so that jobs that come or fail later are left alone.

In sorted sets the last member that belongs is remembered; in lists, which are walked from the tail, the newest ids
that belong and how many there are. Where neither can tell, a job's own instants do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.dialects.contract import LISTS, contract, is_marker
from core.instance import Instance, pack
from core.model import Queue, QueueId, State
from core.operations.request import Options

# The newest jobs of a list that are remembered: more than are likely to be removed one by one meanwhile.
ANCHORS = 6
# Here the score is the instant by which a job's age is judged.
DATED = frozenset({State.COMPLETED, State.FAILED, State.WAITING_CHILDREN})


@dataclass(frozen=True, slots=True)
class Scope:
    """One state of one queue (no state: the queue itself). `count` is how many will be acted on at most, `reach` how
    many belong; `exact` says that nothing but refusals will make it fewer. Instants are ms since the epoch.

    `last` is the last member of a sorted set that belongs, `anchors` the newest of a list. `youngest` is set where
    jobs themselves have to be asked: one added after it, or run after `cutoff`, does not belong.
    """

    queue: QueueId
    state: State | None
    count: int = 0
    reach: int = 0
    exact: bool = True
    cutoff: int = 0
    youngest: int | None = None
    last: tuple[bytes, bytes] | None = None
    anchors: tuple[bytes, ...] = ()
    refusal: str = ""


def spelled(queue: Queue, state: State) -> str:
    """The state as scripts call it."""
    return contract(queue.identity).keys[state].decode().replace("-", "_")


async def freeze(instance: Instance, queue: Queue, state: State, options: Options, now: int) -> Scope:
    """What this state of the queue holds now, as far as the options let an operation touch it."""
    key = queue.id.base + contract(queue.identity).keys[state]
    blank = Scope(queue.id, state, cutoff=now)
    if state in LISTS:
        scope = await _of_list(instance, key, blank, options)
    elif state in DATED:
        scope = await _of_dated(instance, key, blank, options)
    else:
        scope = await _of_undated(instance, key, blank, options)
    return replace(scope, count=min(scope.reach, options.limit or scope.reach))


async def _of_list(instance: Instance, key: bytes, blank: Scope, options: Options) -> Scope:
    length, ends, newest = await instance.read(
        [
            pack(b"LLEN", key),
            pack(b"LRANGE", key, -1, -1),
            pack(b"LRANGE", key, options.keep, options.keep + ANCHORS),
        ]
    )
    # A wake-up mark stands at either end only, and is no job.
    head = list(newest or ())[:1] if not options.keep else []
    marks = sum(is_marker(member) for member in (head + list(ends or ()) if (length or 0) > 1 else head))
    anchors = tuple(member for member in newest or () if not is_marker(member))[:ANCHORS]
    reach = max(0, (length or 0) - options.keep - marks)
    return replace(blank, reach=reach, anchors=anchors, youngest=blank.cutoff - options.grace, exact=not options.grace)


async def _of_dated(instance: Instance, key: bytes, blank: Scope, options: Options) -> Scope:
    until = blank.cutoff - options.grace if options.grace else b"+inf"
    old, all_of_it = await instance.read([pack(b"ZCOUNT", key, b"-inf", until), pack(b"ZCARD", key)])
    return await _up_to(instance, key, blank, min(old or 0, (all_of_it or 0) - options.keep))


async def _of_undated(instance: Instance, key: bytes, blank: Scope, options: Options) -> Scope:
    """Scores say when, or before whom, a job runs: not when it was added."""
    (all_of_it,) = await instance.read([pack(b"ZCARD", key)])
    scope = await _up_to(instance, key, blank, all_of_it or 0)
    return replace(scope, youngest=blank.cutoff - options.grace, exact=not options.grace)


async def _up_to(instance: Instance, key: bytes, blank: Scope, reach: int) -> Scope:
    if reach <= 0:
        return blank
    (found,) = await instance.read([pack(b"ZRANGE", key, reach - 1, reach - 1, b"WITHSCORES")])
    return replace(blank, reach=reach, last=_member(found)) if found else blank


def _member(found: Any) -> tuple[bytes, bytes]:
    id, score = found
    return score, id
