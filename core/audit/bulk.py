"""Bulk work in the audit log: one entry for each operation, written when it begins and completed when it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.access.asker import ITSELF, asker
from core.audit.entry import Ended, Entry
from core.audit.trail import LONGEST, Trail
from core.model import QueueId
from core.operations.operation import Operation, Status
from core.sight import now

_ENDED = {Status.DONE: Ended.DONE, Status.FAILED: Ended.FAILED}


def telling(trail: Trail) -> Callable[[Operation, str], Awaitable[None]]:
    """What an operation's beginning and end are told to."""

    async def told(operation: Operation, what: str) -> None:
        await trail.write(_entry(operation, over=what == "ended"))

    return told


def _entry(operation: Operation, *, over: bool) -> Entry:
    request, who = operation.request, asker()
    done = f"{operation.done:,} done, {sum((operation.skipped or {}).values()):,} left alone. {operation.trouble}"
    return Entry(
        id=operation.id,
        at=operation.started or operation.created,
        who=request.by or who.name,
        # What goes on after a restart is nobody's request any more, whoever it was begun by.
        role="" if who is ITSELF else who.role,
        verb=request.action,
        queue=_place(request.queues[0]) if request.queues and len(request.queues) == 1 else "",
        count=operation.done if over else operation.total,
        reason=request.reason[:LONGEST],
        ended=_ENDED.get(operation.status, Ended.REFUSED) if over else Ended.BEGUN,
        said=(f"{operation.status}: {done}" if over else _meant(operation)).strip()[:LONGEST],
        ended_at=now() if over else None,
    )


def _place(id: QueueId) -> str:
    return f"{id.instance}/{id.prefix}/{id.name}"[:LONGEST]


def _meant(operation: Operation) -> str:
    """Which jobs, of how many queues."""
    request = operation.request
    states = f"{request.state} jobs" if request.state else ""
    queues = "every queue" if request.queues is None else f"{len(request.queues):,} queues"
    fitting = f"that fit {request.query}" if request.query else ""
    return " ".join(part for part in (states, fitting, "of", queues) if part)
