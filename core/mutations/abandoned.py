"""Fail or requeue an active job whose worker is gone.

A worker that lives renews a lock on its job. Bull, and BullMQ up to 4, take a job a moment before they lock it, so a
job without a lock is looked at twice there: the second look is ours, and the caller waits for it. One that the
library itself has noted as stalled needs no second look. From 5 on, job and lock are taken in one step.
"""

from __future__ import annotations

import asyncio

from core.dialects.since import at_least
from core.errors import Invalid
from core.instance import Instance
from core.model import Dialect, Outcome, Queue
from core.mutations.above import met
from core.mutations.act import Act, Answer, Option, base_of, one_slot
from core.mutations.permits import check
from core.mutations.refusals import refusal
from core.mutations.sentences import of_job, standing
from core.mutations.written import plain_text

# Seconds between the two looks. Between taking a job and locking it lie milliseconds, on a very busy worker a second.
AGAIN_AFTER = 5.0
LONGEST_REASON = 2000
# From here on a parent that fails with its child is failed by a worker, which finds the reason in the parent.
_PARENT_FAILED_BY_WORKER = (5, 49, 2)
_FORCED = " Whoever was running it has lost it: what that run still does or returns is not recorded."


async def requeue(instance: Instance, queue: Queue, job_id: str, *, force: bool = False) -> Outcome:
    """An abandoned active job waits again, as the next to run of its priority. `force`: though a worker holds it."""
    check(queue, "requeue")
    answer = await _looked_twice(instance, queue, "requeue", job_id, (int(force),))
    if answer.code != "ok":
        raise refusal("requeue", of_job(queue, job_id), answer)
    lost = _FORCED + " If it still runs, it runs twice." if answer.number(2) else ""
    said = f"{of_job(queue, job_id)} waits again, as the next{standing(answer.number(0), answer.number(1))}.{lost}"
    return Outcome("requeue", queue.id, said, job_id)


async def fail(instance: Instance, queue: Queue, job_id: str, reason: str, *, force: bool = False) -> Outcome:
    """An abandoned active job becomes failed, whatever attempts it has left; its parent learns of it as its library
    tells parents. It stays, whatever its removeOnFail says. `force`: though a worker holds it."""
    check(queue, "fail")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid(f"A failed job needs a reason, of up to {LONGEST_REASON:,} characters.")
    plain_text("The reason", reason, 4 * LONGEST_REASON)
    answer = await _looked_twice(instance, queue, "fail", job_id, (int(force), reason, *_ways(queue)))
    if answer.code != "ok":
        raise refusal("fail", of_job(queue, job_id), answer)
    lost = _FORCED if answer.number(1) else ""
    kept = " It is kept, whatever its removeOnFail says." if answer.number(3) else ""
    said = f"{of_job(queue, job_id)} failed: {reason.strip().rstrip('.')}.{_PARENT[answer.word(2)]}{kept}{lost}"
    return Outcome("fail", queue.id, said, job_id)


_PARENT = {
    "": "",
    "failed": " Its parent failed with it.",
    "told": " Its parent fails with it as soon as a worker takes that.",
    "released": " Its parent goes on without it.",
    "failedreleased": " Its parent failed with it, and the one above goes on without that.",
}


async def _looked_twice(instance: Instance, queue: Queue, verb: str, job_id: str, told: tuple[Option, ...]) -> Answer:
    answer = await _look(instance, queue, verb, job_id, ("", *told))
    if answer.code != "fresh":
        return answer
    await asyncio.sleep(AGAIN_AFTER)
    return await _look(instance, queue, verb, job_id, (answer.word(0), *told))


async def _look(instance: Instance, queue: Queue, verb: str, job_id: str, told: tuple[Option, ...]) -> Answer:
    """The script's answer, once it has the keys of every queue above that it needs and may have."""
    above: tuple[bytes, ...] = ()
    while True:
        (answer,) = await Act(instance, queue, verb, told, above).on_jobs([job_id])
        base = base_of(answer) if answer.code == "parent" else b""
        if not base or base in above or not one_slot(queue.id.base, base):
            return answer
        above = (*above, base)
        met(instance.name, above)


def _ways(queue: Queue) -> tuple[str, int]:
    """Which field counts an attempt when it ends, and whether a parent is failed by a worker of its own."""
    attempts = {Dialect.BULL: "attemptsMade", Dialect.MQ5: "atm"}.get(queue.identity.dialect, "")
    newer = queue.identity.dialect is Dialect.MQ5 and at_least(queue.identity, *_PARENT_FAILED_BY_WORKER)
    return attempts, int(newer is True)
