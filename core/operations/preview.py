"""What an operation would touch: for each queue and state the count and the frozen scope, or why it is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from core.clock import earlier_clock
from core.dialects.contract import LISTS, contract
from core.errors import NotFound, TickbirdError, Unsupported
from core.ground import Ground
from core.model import Queue, QueueId, State
from core.mutations.job_options import check_priority
from core.mutations.permits import check
from core.operations.counting import counted
from core.operations.moves import Moves
from core.operations.obliteration import whole_queue
from core.operations.record import Example
from core.operations.request import Action, Request
from core.operations.scope import Bounds, Scope, frozen_bounds
from core.operations.sifting import Sifting
from core.redaction.redaction import Redaction
from core.text import text

# Queues that are looked at side by side: more would only wait for a connection.
AT_ONCE = 4
# How long jobs are looked at for a count (seconds): a person waits for it.
PATIENCE = 4.0
# So many of those that fit are shown.
SAMPLES = 10


@dataclass(slots=True)
class Preview:
    """One request's preview. `sample` are some of the jobs that fit its query."""

    ground: Ground
    request: Request
    now: int
    deadline: float
    redaction: Callable[[QueueId], Redaction]
    scopes: tuple[Scope, ...] = ()
    sample: tuple[Example, ...] = ()


def previewing(ground: Ground, request: Request, redaction: Callable[[QueueId], Redaction], patience: float) -> Preview:
    """Still without scopes. Jobs are looked at for `patience` seconds, where a query asks of them; what `redaction`
    hides is not matched. Raises Invalid where the words make no sense."""
    now = time.time_ns() // 1_000_000
    request = replace(request, asked=request.asked or now) if request.query else request
    request.check()
    return Preview(ground, request, now, time.monotonic() + patience, redaction)


async def preview(seen: Preview, known: Iterable[QueueId]) -> Preview:
    """With the scopes, in the order of the queues. Raises what refuses it where nothing at all would be done."""
    seen.scopes = tuple(await _scopes_of(seen, _chosen(seen.request, known)))
    return seen


def _chosen(request: Request, known: Iterable[QueueId]) -> tuple[QueueId, ...]:
    queues = request.chosen(known)
    if request.matching and not queues:
        raise NotFound(f"No queue is called like {request.matching!r}.")
    if request.query and not queues:
        raise NotFound("In none of these queues can a job fit.", f"It asks for {request.query[:200]!r}.")
    return queues


async def _scopes_of(seen: Preview, queues: Sequence[QueueId]) -> list[Scope]:
    turns, request = asyncio.Semaphore(AT_ONCE), seen.request

    async def one(id: QueueId) -> list[Scope] | TickbirdError:
        async with turns:
            try:
                return await _of_queue(seen, id)
            except TickbirdError as error:
                return error

    found = await asyncio.gather(*map(one, queues))
    refusals = [error for error in found if isinstance(error, TickbirdError)]
    if refusals and len(refusals) == len(found):
        raise refusals[0]
    scopes = [scope for id, outcome in zip(queues, found, strict=True) for scope in _scopes(request, id, outcome)]
    # Of all queues there are, those that hold nothing to act on would only hide the others.
    return scopes if request.queues is not None else [scope for scope in scopes if scope.refusal or not scope.is_empty]


def _scopes(request: Request, id: QueueId, outcome: Sequence[Scope] | TickbirdError) -> Sequence[Scope]:
    if isinstance(outcome, TickbirdError):
        return [Scope(id, None if request.on_queues else request.states[0], refusal=str(outcome))]
    return outcome


async def _of_queue(seen: Preview, id: QueueId) -> list[Scope]:
    ground, request = seen.ground, seen.request
    queue = ground.find(id)
    check(queue, request.verb)
    if request.action is Action.MOVE:
        Moves(ground, request, queue, request.states[0]).check()
    if request.action is Action.OBLITERATE:
        return [await whole_queue(ground.instance(id), queue, seen.now, force=request.options.force)]
    if request.on_queues:
        return [Scope(id, None, count=1, reach=1, cutoff=seen.now)]
    return [await _of_state(seen, queue, state) for state in _states(request, queue)]


async def _of_state(seen: Preview, queue: Queue, state: State) -> Scope:
    request, instance = seen.request, seen.ground.instance(queue.id)
    now = await earlier_clock(instance, queue.id, seen.now) if request.options.grace else seen.now
    scope = await frozen_bounds(instance, queue, Bounds(state, now, request.options, request.meant))
    if not request.query:
        # How many of them are ghosts is known only once each was looked at.
        return replace(scope, exact=False) if request.action is Action.DROP_GHOSTS else scope
    scope, ids = await counted(seen.ground, Sifting(request, scope, seen.redaction), seen.deadline)
    found = tuple(Example(queue.id, text(id)) for id in ids)
    seen.sample = (*seen.sample, *found)[:SAMPLES]
    return scope


def _states(request: Request, queue: Queue) -> list[State]:
    notions = contract(queue.identity)
    states = [state for state in request.states if state in notions.keys]
    if not states:
        raise Unsupported(f"{queue.identity.label} has no state {request.states[0].value!r}.")
    if request.action is Action.CHANGE_PRIORITY and request.options.priority is not None:
        check_priority(queue.identity, request.options.priority)
        _check_order(queue, states)
    return states


def _check_order(queue: Queue, states: Iterable[State]) -> None:
    """In the old layouts waiting jobs of all priorities share one list, in which a change moves others as well: many
    changes one after the other would pass some by and meet others twice."""
    if State.PRIORITIZED not in contract(queue.identity).keys and LISTS.intersection(states):
        raise Unsupported(
            f"{queue.identity.label} keeps waiting jobs of all priorities in one list, where each change moves others.",
            "Change one job at a time, or those that are delayed.",
        )
