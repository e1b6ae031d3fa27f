"""Failed jobs of several reasons, and bulk work on some of them."""

from __future__ import annotations

from typing import Any

from core.model import State
from core.operations.operation import Operation, Status
from core.operations.request import Action, Options, Request
from tests.contract.bulk import Bulk
from tests.contract.laid_out import LaidOut
from tests.core.waiting import soon

RESET = "connect ECONNRESET 10.0.0.7:6379"


def fail_mixed(mail: LaidOut, jobs: int = 1200) -> list[str]:
    """Every third failed for the reason that is looked for, each with a priority of its own; their ids, in order."""
    pipe = mail.redis.pipeline(transaction=False)
    for n in range(jobs):
        reason = RESET if n % 3 == 0 else f"no such table {n % 40}"
        pipe.hset(f"{mail.base}f{n}", mapping={"name": "deliver", "failedReason": reason, "priority": n % 7})
    pipe.zadd(mail.base + "failed", {f"f{n}": 1000 + n // 5 for n in range(jobs)})
    pipe.execute()
    return [f"f{n}" for n in range(0, jobs, 3)]


def asked(mail: LaidOut, action: Action, query: str, state: State | None = None, **options: Any) -> Request:
    return Request(action, (mail.queue.id,), state, Options(**options), query=query)


async def done(bulk: Bulk, request: Request) -> Operation:
    return await bulk.operations.wait((await bulk.operations.start(request)).id)


async def held(bulk: Bulk, id: str) -> Operation:
    """As soon as it has stopped by itself."""

    async def so() -> Operation | None:
        seen = bulk.operations.get(id)
        return seen if seen.status is Status.STOPPED else None

    found = await soon(so)
    assert found
    return found
