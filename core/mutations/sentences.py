"""How sentences call a job and a queue."""

from __future__ import annotations

import re

from core.model import Queue
from core.text import printable

_ITERATION = re.compile(r"repeat:.+:\d+\Z")


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


def risk(state: str, job_id: str) -> str:
    """What a removal by force may have cost, in a sentence that goes on after others."""
    if state == "active":
        return " If a worker was running it, that run's result is lost, and its worker will complain of a missing job."
    if state not in ("completed", "failed") and _ITERATION.match(job_id):
        return " It was an iteration of a scheduler: if it was the next one, that scheduler is at its end."
    return ""
