"""Tend a queue: free a deduplication id, shorten its events, bring together what was paused apart."""

from __future__ import annotations

from core.errors import Invalid, NotFound
from core.instance import Instance
from core.model import Outcome, Queue
from core.mutations.act import Act
from core.mutations.pausing import MOVED_AT_ONCE, rounds
from core.mutations.permits import check
from core.mutations.refusals import counted
from core.mutations.sentences import of_queue
from core.text import printable

# What the libraries' own scripts can still count with.
MOST_KEPT = 2**53 - 1
# Of these one call trims at least half, unless there are no more.
_TRIMMED_AT_ONCE = 10_000


async def release_deduplication(instance: Instance, queue: Queue, deduplication_id: str) -> Outcome:
    """The next job with this id is added, whatever became of the one that holds it, which itself stays."""
    check(queue, "release_deduplication")
    (answer,) = await Act(instance, queue, "release_deduplication").on_jobs([deduplication_id])
    held = f"Deduplication id {printable(deduplication_id)} of {of_queue(queue)}"
    if answer.code == "missing":
        raise NotFound(f"{held} is held by no job.", "It may have run out, or its job may have finished.")
    behind = " The follow-up that is kept behind that job is added when it ends." if answer.number(1) else ""
    said = f"{held} is free: it was held by job {printable(answer.word(0))}.{behind}"
    return Outcome("release_deduplication", queue.id, said)


async def trim_events(instance: Instance, queue: Queue, keep: int) -> Outcome:
    """The newest `keep` events stay. How many the library keeps by itself, its maxLenEvents, is not touched."""
    check(queue, "trim_events")
    if not 0 <= keep <= MOST_KEPT:
        raise Invalid(f"The number of events to keep is 0 to {MOST_KEPT:,}.")
    gone, left = await Act(instance, queue, "trim_events", (keep, "about")).on_queue()
    for _ in range(max(0, left - keep) // (_TRIMMED_AT_ONCE // 2)):
        more, left = await Act(instance, queue, "trim_events", (keep, "about")).on_queue()
        gone += more
        if not more:
            break
    more, left = await Act(instance, queue, "trim_events", (keep, "exactly")).on_queue()
    gone += more
    kept = f"{counted(left, 'is', 'are')} left"
    said = f"{counted(gone, 'event', 'events')} of {of_queue(queue)} went; {kept}."
    return Outcome("trim_events", queue.id, said, changed=gone > 0)


async def mend_pause(instance: Instance, queue: Queue) -> Outcome:
    """Jobs that clients of different versions left in two lists come together without loss; the queue stays paused
    if it is, and running if it is not."""
    check(queue, "mend_pause")
    act = Act(instance, queue, "mend_pause", (MOVED_AT_ONCE,))
    paused, moved, left = await act.on_queue()
    for _ in range(rounds(left)):
        _, more, left = await act.on_queue()
        moved += more
        if not left or not more:
            break
    return Outcome("mend_pause", queue.id, _mended(queue, moved, left, paused=bool(paused)), changed=moved > 0)


def _mended(queue: Queue, moved: int, left: int, *, paused: bool) -> str:
    if not moved:
        return f"{of_queue(queue)} has nothing to mend: its jobs are in one list."
    rest = f" {counted(left, 'more has', 'more have')} come meanwhile: mend it again." if left else ""
    jobs = counted(moved, "job", "jobs")
    if paused:
        return f"{jobs} of {of_queue(queue)} joined those that are set aside; it stays paused.{rest}"
    return f"{jobs} of {of_queue(queue)} came back from its paused list, and run before the others.{rest}"
