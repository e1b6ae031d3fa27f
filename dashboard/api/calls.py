"""Everything the API can be asked, as one table: the routes and the OpenAPI document are both made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dashboard.api import actions, adding, job_changes, operations, queue_changes, reads
from dashboard.api.asked import Asked
from dashboard.api.parameters import Parameter
from dashboard.api.queries import BYTES, CURSOR, FORCE, LIMIT, LINES, ORDER, START, STATE, Q
from dashboard.api.shapes import Json
from dashboard.urls import DEDUPLICATION, JOB, OPERATION, QUEUE

Answer = Callable[[Asked], Awaitable[Json]]
# What any call may be refused with, and what only those that go to Redis or change something may.
ALWAYS = ("invalid", "unauthorized", "forbidden", "too_large", "rate_limited", "internal")
READING = ("not_found", "unavailable")
ACTING = ("not_found", "conflict", "unsupported", "unavailable")
HOLDING = ("not_found", "conflict", "unavailable")


@dataclass(frozen=True, slots=True)
class Call:
    """One method on one path. `shape` names the schema of its answer, `refusals` the codes it may be refused with,
    `body` the schema of what it reads, empty where it reads nothing."""

    method: str
    path: str
    answer: Answer
    shape: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    refusals: tuple[str, ...] = READING
    body: str = ""

    @property
    def acts(self) -> bool:
        """Whether it changes something in Redis."""
        return self.method != "GET"

    @property
    def refused_with(self) -> tuple[str, ...]:
        """Every code that may be the answer instead."""
        return (*ALWAYS, *self.refusals)


LIST = (STATE, Q, ORDER, LIMIT, CURSOR)


def _acts(*acts: tuple[str, str, Answer, str, str]) -> list[Call]:
    """Calls that do one thing each, and answer what they did."""
    return [
        Call(method, path, answer, "Outcome", about, (), ACTING, body) for method, path, answer, about, body in acts
    ]


CALLS = (
    Call("GET", "/queues", reads.queues, "Queues", "Every queue of every instance", refusals=()),
    Call("GET", QUEUE, reads.queue, "Queue", "One queue"),
    Call("GET", f"{QUEUE}/metrics", reads.metrics, "Metrics", "What a queue holds, and did in the last hour"),
    Call("GET", f"{QUEUE}/jobs", reads.jobs, "JobPage", "The jobs of a state", LIST),
    Call("GET", JOB, reads.job, "Job", "One job in full", (BYTES,)),
    Call("GET", f"{JOB}/status", reads.status, "Status", "How a job stands", (BYTES,)),
    Call("GET", f"{JOB}/logs", reads.logs, "Logs", "Lines that a job has logged", (START, LINES)),
    *_acts(
        ("POST", f"{JOB}/retry", actions.retry, "Run a failed or completed job again", "Retry"),
        ("POST", f"{JOB}/promote", actions.promote, "Run a delayed job now", ""),
        ("POST", f"{JOB}/duplicate", job_changes.duplicate, "Add the same job once more", "Duplicate"),
        ("POST", f"{JOB}/fail", job_changes.fail, "Fail an active job that its worker has abandoned", "Failure"),
        ("POST", f"{JOB}/requeue", job_changes.requeue, "Let an abandoned active job wait again", "Requeue"),
        ("POST", f"{JOB}/logs", job_changes.add_line, "Add a line to a job's log", "LogLine"),
        ("POST", f"{QUEUE}/pause", actions.pause, "Let no worker take a job", ""),
        ("POST", f"{QUEUE}/resume", actions.resume, "Let workers take jobs again", ""),
        ("POST", f"{QUEUE}/trim-events", queue_changes.trim_events, "Shorten a queue's event stream", "EventTrim"),
        ("POST", f"{QUEUE}/mend-pause", queue_changes.mend_pause, "Mend a pause that is split in two", ""),
        ("DELETE", f"{QUEUE}/rate-limit", queue_changes.release_rate_limit, "Go on though it is reached", ""),
        ("DELETE", DEDUPLICATION, queue_changes.release_deduplication, "Let such a job be added again", ""),
    ),
    Call("POST", f"{QUEUE}/jobs", adding.add_jobs, "Added", "Add a job, or several", (), ACTING, "NewJobs"),
    Call("DELETE", JOB, actions.remove, "Outcome", "Remove a job for good", (FORCE,), ACTING),
    Call("PATCH", JOB, job_changes.change_job, "Outcomes", "Change a job", (), ACTING, "JobChange"),
    Call("PATCH", QUEUE, queue_changes.change_queue, "Outcomes", "Change a queue's limits", (), ACTING, "QueueChange"),
    Call(
        "GET",
        "/operations",
        operations.operations,
        "Operations",
        "Bulk work: under way, previewed and done",
        refusals=(),
    ),
    Call(
        "POST",
        "/operations",
        operations.start_operation,
        "Operation",
        "Act on many jobs or queues at once, or preview that",
        refusals=ACTING,
        body="OperationRequest",
    ),
    Call("GET", OPERATION, operations.operation, "Operation", "How an operation stands"),
    Call("POST", f"{OPERATION}/pause", operations.pause_operation, "Operation", "Hold it", refusals=HOLDING),
    Call("POST", f"{OPERATION}/resume", operations.resume_operation, "Operation", "Go on, or begin", refusals=HOLDING),
    Call("DELETE", OPERATION, operations.cancel_operation, "Operation", "Cancel it", refusals=HOLDING),
)
