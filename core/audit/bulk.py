"""Bulk work in the audit log: one entry for each operation, written when it begins and completed when it is over; and
one for each time that somebody holds it, lets it go on or cancels it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from core.access.asker import ITSELF, asker
from core.audit.entry import LONGEST, Ended, Entry, place_of
from core.audit.trail import Trail, begun, with_above
from core.mutations.above import Met, so_far
from core.operations.operation import Operation, Status
from core.operations.request import Request
from core.sight import now

_ENDED = {Status.DONE: Ended.DONE, Status.FAILED: Ended.FAILED}


def telling(trail: Trail, named: Callable[[Met], tuple[str, ...]]) -> Callable[[Operation, str], Awaitable[None]]:
    """What an operation's beginning and end are told to, and what people tell it; `named` are queues as the audit log
    calls them."""

    async def told(operation: Operation, what: str) -> None:
        if what in ("begun", "ended"):
            await trail.write(with_above(_entry(operation, over=what == "ended"), named(so_far())))
        else:
            await trail.write(_of_word(operation, what))

    return told


def _entry(operation: Operation, *, over: bool) -> Entry:
    request, who = operation.request, asker()
    name = _beginner(operation)
    done = f"{operation.done:,} done, {operation.passed_over:,} left alone. {operation.trouble}"
    said = (f"{operation.status}: {done}" if over else f"{_meant(operation)}.", _previewer(request, name))
    return Entry(
        id=operation.id,
        at=operation.started or operation.created,
        who=name[:LONGEST],
        # What goes on after a restart is nobody's request any more, whoever it was begun by.
        role="" if who is ITSELF or who.name != name else who.role,
        verb=request.action,
        queue=_queue(request),
        count=operation.done if over else operation.total,
        reason=request.reason[:LONGEST],
        ended=_ENDED.get(operation.status, Ended.REFUSED) if over else Ended.BEGUN,
        said=" ".join(part.strip() for part in said if part)[:LONGEST],
        ended_at=now() if over else None,
    )


def _of_word(operation: Operation, act: str) -> Entry:
    entry, request = begun(f"{act}-operation", reason=operation.told[-1].reason), operation.request
    said = f"Operation {operation.id}: {request.action} {_meant(operation)}."
    return replace(entry, queue=_queue(request), ended=Ended.DONE, said=said[:LONGEST], ended_at=entry.at)


def _beginner(operation: Operation) -> str:
    """The first that told it anything; it may have been previewed by somebody else."""
    return (operation.told[0].by if operation.told else "") or asker().name


def _previewer(request: Request, beginner: str) -> str:
    return f"Previewed by {request.by}." if request.by not in ("", beginner) else ""


def _queue(request: Request) -> str:
    if request.queues is None or len(request.queues) != 1:
        return ""
    return place_of(request.queues[0])


def _meant(operation: Operation) -> str:
    """Which jobs, of how many queues."""
    request = operation.request
    states = f"{request.state} jobs" if request.state else ""
    queues = "every queue" if request.queues is None else f"{len(request.queues):,} queues"
    fitting = f"that fit {request.query}" if request.query else ""
    return " ".join(part for part in (states, fitting, "of", queues) if part)
