"""Write down what one job says of itself: its progress, and lines of its log."""

from __future__ import annotations

from core.instance import Instance
from core.model import Outcome, Queue
from core.mutations.one_job import act_on_job
from core.mutations.refusals import counted
from core.mutations.sentences import of_job
from core.mutations.written import LINE_LIMIT, PROGRESS_LIMIT, json_text, plain_text


async def set_progress(instance: Instance, queue: Queue, job_id: str, progress: str) -> Outcome:
    """The job's progress becomes this JSON value, and listeners are told. A running job may say another at once."""
    json_text("The progress", progress, PROGRESS_LIMIT)
    await act_on_job(instance, queue, "set_progress", job_id, progress)
    return Outcome("set_progress", queue.id, f"{of_job(queue, job_id)} has new progress.", job_id)


async def log(instance: Instance, queue: Queue, job_id: str, line: str) -> Outcome:
    """One more line in the job's log; where the job keeps only so many, the oldest goes."""
    plain_text("The line", line, LINE_LIMIT)
    answer = await act_on_job(instance, queue, "log", job_id, line)
    lines = counted(answer.number(0), "line", "lines")
    return Outcome("log", queue.id, f"{of_job(queue, job_id)} has {lines} in its log now.", job_id)
