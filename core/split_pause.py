"""Jobs that lie where their queue's pause does not expect them: what would become of them, and what to do. Pure.

Bull and BullMQ up to 5 rename `wait` into `paused` while a queue is paused; 6 leaves jobs where they are. Where clients
of both work on one queue, or one pauses by the flag alone, jobs lie in two lists or in the wrong one.
"""

from __future__ import annotations

from core.dialects.since import at_least
from core.model import Dialect, Queue, State
from core.words import count

_MEND = "Mend the pause, which loses none"


def split_pause(queue: Queue) -> str:
    """What is amiss and what to do, in sentences; empty where nothing is."""
    waiting, aside = queue.counts.get(State.WAITING, 0), queue.counts.get(State.PAUSED, 0)
    if aside and not queue.paused:
        lie = "job lies" if aside == 1 else "jobs lie"
        return f"{count(aside)} {lie} in the paused list though the queue runs: no worker takes them. {_MEND}."
    if not queue.paused or not waiting:
        return ""
    return _in_both(queue, waiting, aside) if aside else _by_flag_alone(queue, waiting)


def _in_both(queue: Queue, waiting: int, aside: int) -> str:
    client = "Bull" if queue.identity.dialect is Dialect.BULL else "BullMQ 5 or earlier"
    return (
        f"Paused in two ways at once: {count(waiting)} in wait, {count(aside)} in the paused list. A client of "
        f"{client} that resumes it now loses the {count(waiting)}, one that pauses it again the {count(aside)}. "
        f"{_MEND}, or resume it here."
    )


def _by_flag_alone(queue: Queue, waiting: int) -> str:
    if queue.identity.dialect is not Dialect.MQ5:
        left, them = ("1 job is", "it") if waiting == 1 else (f"{count(waiting)} jobs are", "them")
        return f"Paused by a flag that its workers do not heed: {left} left in wait, and they take {them}. {_MEND}."
    if at_least(queue.identity, 5) and not at_least(queue.identity, 6):
        return (
            f"Paused as BullMQ 6 does, with {count(waiting)} left in wait: once its own library adds a job and resumes "
            f"it, the {count(waiting)} are lost. {_MEND}, or resume it here."
        )
    return ""
