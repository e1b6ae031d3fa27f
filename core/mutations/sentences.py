"""How sentences call a job and a queue."""

from __future__ import annotations

from core.model import Queue
from core.text import printable


def of_job(queue: Queue, job_id: str) -> str:
    """Job 771 of email."""
    return f"Job {printable(job_id)} of {of_queue(queue)}"


def of_queue(queue: Queue) -> str:
    """email."""
    return printable(queue.id.name)


def of_state(state: str) -> str:
    """The word for a state whose key is called otherwise."""
    return "waiting" if state == "wait" else state


def standing(priority: int, paused: int) -> str:
    """What a sentence about a job that became ready goes on with."""
    kept = f"; it keeps priority {priority}" if priority else ""
    return kept + ("; the queue is paused, so it runs after a resume" if paused else "")
