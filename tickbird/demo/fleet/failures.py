"""Failures as the company's services report them: a message, and the stack of the runtime it came from."""

from __future__ import annotations

from functools import partial

from bullmq import Job
from bullmq.custom_errors import UnrecoverableError

STACKS_KEPT = 10


class Failure(Exception):
    """A failure in a Node service: its stack is the one that BullMQ for Node would have recorded."""

    def __init__(self, message: str, *frames: str, kind: str = "Error") -> None:
        super().__init__(message)
        lines = [f"{kind}: {message}", *(f"    at {frame}" for frame in frames)]
        self.stack = "\n".join(lines)


class FinalFailure(Failure, UnrecoverableError):  # type: ignore[misc]  # bullmq carries no types
    """A failure that no further attempt can mend."""


def use_own_stack(job: Job, error: Exception) -> None:
    """Lets `job` record the stack of a Node service in place of ours. Python failures keep their own."""
    if isinstance(error, Failure):
        job.updateStacktrace = partial(_record, job, error.stack)


def _record(job: Job, stack: str) -> None:
    job.stacktrace = [*job.stacktrace, stack][-STACKS_KEPT:]
