"""What an operation would touch: for each queue and state the count and the frozen scope, or why it is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.dialects.contract import contract
from core.errors import NotFound, TickbirdError, Unsupported
from core.ground import Ground
from core.model import Queue, QueueId, State
from core.mutations.permits import check
from core.operations.obliteration import whole_queue
from core.operations.request import Action, Request
from core.operations.scope import Scope, freeze

# Queues that are looked at side by side: more would only wait for a connection.
AT_ONCE = 4


async def preview(ground: Ground, request: Request, known: Iterable[QueueId]) -> list[Scope]:
    """The scopes, in the order of the queues. Raises what refuses it where nothing at all would be done."""
    request.check()
    queues = request.chosen(known)
    if request.matching and not queues:
        raise NotFound(f"No queue is called like {request.matching!r}.")
    now, turns = time.time_ns() // 1_000_000, asyncio.Semaphore(AT_ONCE)

    async def one(id: QueueId) -> list[Scope] | TickbirdError:
        async with turns:
            try:
                return await _of_queue(ground, request, id, now)
            except TickbirdError as error:
                return error

    found = await asyncio.gather(*map(one, queues))
    refusals = [error for error in found if isinstance(error, TickbirdError)]
    if refusals and len(refusals) == len(found):
        raise refusals[0]
    scopes = [scope for id, outcome in zip(queues, found, strict=True) for scope in _scopes(request, id, outcome)]
    # Of all queues there are, those that hold nothing to act on would only hide the others.
    return scopes if request.queues is not None else [scope for scope in scopes if scope.count or scope.refusal]


def _scopes(request: Request, id: QueueId, outcome: Sequence[Scope] | TickbirdError) -> Sequence[Scope]:
    if isinstance(outcome, TickbirdError):
        return [Scope(id, None if request.on_queues else request.states[0], refusal=str(outcome))]
    return outcome


async def _of_queue(ground: Ground, request: Request, id: QueueId, now: int) -> list[Scope]:
    queue = ground.find(id)
    check(queue, request.verb)
    if request.action is Action.OBLITERATE:
        return [await whole_queue(ground.instance(id), queue, now, force=request.options.force)]
    if request.on_queues:
        return [Scope(id, None, count=1, reach=1, cutoff=now)]
    states = _states(request, queue)
    scopes = [await freeze(ground.instance(id), queue, state, request.options, now) for state in states]
    # How many of them are ghosts is known only once each was looked at.
    return [replace(scope, exact=False) for scope in scopes] if request.action is Action.DROP_GHOSTS else scopes


def _states(request: Request, queue: Queue) -> list[State]:
    notions = contract(queue.identity)
    states = [state for state in request.states if state in notions.keys]
    if not states:
        raise Unsupported(f"{queue.identity.label} has no state {request.states[0].value!r}.")
    return states
