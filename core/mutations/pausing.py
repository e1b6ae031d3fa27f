"""Pause and resume a queue, without loss whatever version of its library looks on."""

from __future__ import annotations

from core.instance import Instance
from core.model import Outcome, Queue, State
from core.mutations.act import Act
from core.mutations.permits import check
from core.mutations.refusals import counted
from core.mutations.sentences import of_queue

# Jobs that one script moves from list to list where no renaming will do: half a millisecond's work.
MOVED_AT_ONCE = 1000


async def pause(instance: Instance, queue: Queue) -> Outcome:
    """No worker takes another job of this queue; what is active runs to its end."""
    check(queue, "pause")
    act = Act(instance, queue, "pause", (MOVED_AT_ONCE,))
    changed, moved, left = await act.on_queue()
    for _ in range(rounds(left)):
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
    for _ in range(rounds(left)):
        _, more, left = await more_of_it.on_queue()
        moved += more
        if not left or not more:
            break
    return Outcome("resume", queue.id, _resumed(queue, bool(changed), moved, left), changed=bool(changed or moved))


def rounds(left: int) -> int:
    """How many more calls move what is left, and what arrives meanwhile; never an endless chase."""
    return 2 * (left // MOVED_AT_ONCE + 1) if left else 0


def _paused(queue: Queue, changed: bool, moved: int) -> str:
    if not changed:
        rest = f"; {counted(moved, 'more job was', 'more jobs were')} set aside" if moved else ""
        return f"{of_queue(queue)} was paused already{rest}."
    active = queue.counts.get(State.ACTIVE, 0)
    running = f" {counted(active, 'active job runs', 'active jobs run')} to the end." if active else ""
    return f"{of_queue(queue)} is paused: no worker takes another job.{running}"


def _resumed(queue: Queue, changed: bool, moved: int, left: int) -> str:
    if left:
        return f"{of_queue(queue)} was paused again meanwhile; {counted(left, 'job is', 'jobs are')} still set aside."
    if changed:
        return f"{of_queue(queue)} runs again: workers take jobs."
    back = f", but {counted(moved, 'job', 'jobs')} left in its paused list came back" if moved else ""
    return f"{of_queue(queue)} was not paused{back}."
