"""The writes: retry, promote and remove a job, pause and resume a queue. Every face calls these.

Each checks that the queue's library is one we do this to, runs one verb of our Lua, which looks again at what is so
and acts in one step, and says what happened. Refused, they raise Conflict, NotFound or Unsupported with the reason;
Unavailable where Redis is away. All can be called twice: the second call finds nothing to do.
"""

from __future__ import annotations

from core.acts import Act, Answer
from core.instance import Instance
from core.model import Outcome, Queue, State
from core.permits import check
from core.refusals import counted, refusal
from core.text import printable

# Jobs that one script moves from list to list where no renaming will do: half a millisecond's work.
MOVED_AT_ONCE = 1000


async def retry(instance: Instance, queue: Queue, job_id: str, *, reset_attempts: bool = False) -> Outcome:
    """A failed or completed job waits again, with its priority and its place kept.

    `reset_attempts` forgets the attempts made; otherwise a job that had used them all gets one more run.
    """
    answer = await _do(instance, queue, "retry", job_id, int(reset_attempts))
    fresh = " with all its attempts" if reset_attempts else ""
    sentence = f"{_job(queue, job_id)} is waiting again{fresh}{_standing(answer.number(1), answer.number(2))}."
    return Outcome("retry", queue.id, sentence, job_id)


async def promote(instance: Instance, queue: Queue, job_id: str) -> Outcome:
    """A delayed job becomes ready now, with its priority kept."""
    answer = await _do(instance, queue, "promote", job_id)
    sentence = f"{_job(queue, job_id)} is ready to run{_standing(answer.number(0), answer.number(1))}."
    return Outcome("promote", queue.id, sentence, job_id)


async def remove(instance: Instance, queue: Queue, job_id: str) -> Outcome:
    """A job and all that is its own leave Redis; so does the mere id of a job that Redis has lost."""
    answer = await _do(instance, queue, "remove", job_id)
    state = _called(answer.word(0))
    if answer.code == "dropped":
        said = f"{printable(job_id)} was dropped from {state} of {_queue(queue)}; its job was gone already."
        return Outcome("remove", queue.id, f"The id {said}", job_id)
    released = " Its parent waited for nothing else and runs now." if answer.number(1) else ""
    return Outcome("remove", queue.id, f"{_job(queue, job_id)} was removed from {state}.{released}", job_id)


async def pause(instance: Instance, queue: Queue) -> Outcome:
    """No worker takes another job of this queue; what is active runs to its end."""
    check(queue, "pause")
    act = Act(instance, queue, "pause", (MOVED_AT_ONCE,))
    changed, moved, left = await act.on_queue()
    for _ in range(_rounds(left)):
        _, more, left = await act.on_queue()
        moved += more
        if not left:
            break
    return Outcome("pause", queue.id, _paused(queue, bool(changed), moved), changed=bool(changed or moved))


async def resume(instance: Instance, queue: Queue) -> Outcome:
    """Workers take jobs again; those in a legacy paused list, split off or not, come back without loss."""
    check(queue, "resume")
    changed, moved, left = await Act(instance, queue, "resume", (MOVED_AT_ONCE, "first")).on_queue()
    more_of_it = Act(instance, queue, "resume", (MOVED_AT_ONCE, "rest"))
    for _ in range(_rounds(left)):
        _, more, left = await more_of_it.on_queue()
        moved += more
        if not left or not more:
            break
    return Outcome("resume", queue.id, _resumed(queue, bool(changed), moved, left), changed=bool(changed or moved))


async def _do(instance: Instance, queue: Queue, verb: str, job_id: str, *options: int) -> Answer:
    check(queue, verb)
    (answer,) = await Act(instance, queue, verb, options).on_jobs([job_id])
    if answer.code not in ("ok", "dropped"):
        raise refusal(verb, _job(queue, job_id), answer)
    return answer


def _rounds(left: int) -> int:
    """How many more calls move what is left, and what arrives meanwhile; never an endless chase."""
    return 2 * (left // MOVED_AT_ONCE + 1) if left else 0


def _paused(queue: Queue, changed: bool, moved: int) -> str:
    if not changed:
        rest = f"; {counted(moved, 'more job was', 'more jobs were')} set aside" if moved else ""
        return f"{_queue(queue)} was paused already{rest}."
    active = queue.counts.get(State.ACTIVE, 0)
    running = f" {counted(active, 'active job runs', 'active jobs run')} to the end." if active else ""
    return f"{_queue(queue)} is paused: no worker takes another job.{running}"


def _resumed(queue: Queue, changed: bool, moved: int, left: int) -> str:
    if left:
        return f"{_queue(queue)} was paused again meanwhile; {counted(left, 'job is', 'jobs are')} still set aside."
    if changed:
        return f"{_queue(queue)} runs again: workers take jobs."
    back = f", but {counted(moved, 'job', 'jobs')} left in its paused list came back" if moved else ""
    return f"{_queue(queue)} was not paused{back}."


def _standing(priority: int, paused: int) -> str:
    kept = f"; it keeps priority {priority}" if priority else ""
    return kept + ("; the queue is paused, so it runs after a resume" if paused else "")


def _called(state: str) -> str:
    return "waiting" if state == "wait" else state


def _job(queue: Queue, job_id: str) -> str:
    return f"Job {printable(job_id)} of {_queue(queue)}"


def _queue(queue: Queue) -> str:
    return printable(queue.id.name)
