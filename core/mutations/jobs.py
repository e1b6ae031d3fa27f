"""Retry, promote and remove one job.

Each checks that the queue's library is one we do this to, runs one verb of our Lua, which looks again at what is so
and acts in one step, and says what happened. Refused, they raise Conflict, NotFound or Unsupported with the reason;
Unavailable where Redis is away. All can be called twice: the second call finds nothing to do.
"""

from __future__ import annotations

from core.instance import Instance
from core.model import Outcome, Queue
from core.mutations.act import Act, Answer, wishes
from core.mutations.deep import removed
from core.mutations.permits import check
from core.mutations.refusals import refusal
from core.mutations.sentences import of_job, of_queue, of_state, risk, standing
from core.text import printable


async def retry(instance: Instance, queue: Queue, job_id: str, *, reset_attempts: bool = False) -> Outcome:
    """A failed or completed job waits again, with its priority and its place kept.

    `reset_attempts` forgets the attempts made; otherwise a job that had used them all gets one more run.
    """
    answer = await _do(instance, queue, "retry", job_id, wishes(reset=reset_attempts))
    fresh = " with all its attempts" if reset_attempts else ""
    sentence = f"{of_job(queue, job_id)} is waiting again{fresh}{standing(answer.number(1), answer.number(2))}."
    return Outcome("retry", queue.id, sentence, job_id)


async def promote(instance: Instance, queue: Queue, job_id: str) -> Outcome:
    """A delayed job becomes ready now, with its priority kept."""
    answer = await _do(instance, queue, "promote", job_id, wishes())
    sentence = f"{of_job(queue, job_id)} is ready to run{standing(answer.number(0), answer.number(1))}."
    return Outcome("promote", queue.id, sentence, job_id)


async def remove(instance: Instance, queue: Queue, job_id: str, *, force: bool = False) -> Outcome:
    """A job and all that is its own leave Redis; so does the mere id of a job that Redis has lost.

    `force`: though a worker holds it, or a scheduler ends with it.
    """
    check(queue, "remove")
    answer = _fine("remove", queue, job_id, await removed(instance, queue, job_id, force=force))
    state = of_state(answer.word(0))
    if answer.code == "dropped":
        said = f"{printable(job_id)} was dropped from {state} of {of_queue(queue)}; its job was gone already."
        return Outcome("remove", queue.id, f"The id {said}", job_id)
    released = " Its parent waited for nothing else and runs now." if answer.number(1) else ""
    lost = risk(state, job_id) if force else ""
    return Outcome("remove", queue.id, f"{of_job(queue, job_id)} was removed from {state}.{released}{lost}", job_id)


async def _do(instance: Instance, queue: Queue, verb: str, job_id: str, options: str) -> Answer:
    check(queue, verb)
    (answer,) = await Act(instance, queue, verb, (options,)).on_jobs([job_id])
    return _fine(verb, queue, job_id, answer)


def _fine(verb: str, queue: Queue, job_id: str, answer: Answer) -> Answer:
    if answer.code not in ("ok", "dropped"):
        raise refusal(verb, of_job(queue, job_id), answer)
    return answer
