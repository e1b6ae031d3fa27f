"""Everything the API can be asked, as one table: the routes and the OpenAPI document are both made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.herd import MOST_JOBS, MOST_LINES
from core.model import STATES
from dashboard.api import actions, operations, reads
from dashboard.api.asked import Asked
from dashboard.api.parameters import Parameter
from dashboard.api.shapes import Json
from dashboard.urls import JOB, OPERATION, QUEUE

Answer = Callable[[Asked], Awaitable[Json]]
# What any call may be refused with, and what only those that go to Redis or change something may.
ALWAYS = ("invalid", "unauthorized", "forbidden", "too_large", "rate_limited", "internal")
READING = ("not_found", "unavailable")
ACTING = ("not_found", "conflict", "unsupported", "unavailable")
HOLDING = ("not_found", "conflict")


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


STATE = Parameter("state", "Which jobs.", {"type": "string", "enum": [state.value for state in STATES]}, required=True)
ORDER = Parameter(
    "order",
    "Which end to begin at: the newest job or the one that is there for the longest.",
    {"type": "string", "enum": ["newest", "oldest"], "default": "newest"},
)
LIMIT = Parameter(
    "limit", "The most jobs in one page.", {"type": "integer", "minimum": 1, "maximum": MOST_JOBS, "default": 50}
)
CURSOR = Parameter(
    "cursor",
    "Where to go on: `next` of the page before, as it is.",
    {"type": "string", "minLength": 1, "maxLength": 32_768},  # it carries a few job ids, which may be long
)
BYTES = Parameter(
    "bytes",
    "The most bytes of any one field; a longer one is cut, and its true size told.",
    {"type": "integer", "minimum": 1, "maximum": reads.LARGEST_FIELD, "default": 65_536},
)
START = Parameter(
    "start",
    "The first line, from 0; a negative one counts from the end.",
    {"type": "integer", "minimum": -1_000_000_000, "maximum": 1_000_000_000, "default": 0},
)
LINES = Parameter(
    "limit",
    "The most lines.",
    {"type": "integer", "minimum": 1, "maximum": MOST_LINES, "default": 200},
)

CALLS = (
    Call("GET", "/queues", reads.queues, "Queues", "Every queue of every instance", refusals=()),
    Call("GET", QUEUE, reads.queue, "Queue", "One queue"),
    Call("GET", f"{QUEUE}/metrics", reads.metrics, "Metrics", "What a queue holds, and did in the last hour"),
    Call("GET", f"{QUEUE}/jobs", reads.jobs, "JobPage", "The jobs of a state", (STATE, ORDER, LIMIT, CURSOR)),
    Call("GET", JOB, reads.job, "Job", "One job in full", (BYTES,)),
    Call("GET", f"{JOB}/status", reads.status, "Status", "How a job stands", (BYTES,)),
    Call("GET", f"{JOB}/logs", reads.logs, "Logs", "Lines that a job has logged", (START, LINES)),
    Call("POST", f"{JOB}/retry", actions.retry, "Outcome", "Run a failed or completed job again", refusals=ACTING),
    Call("POST", f"{JOB}/promote", actions.promote, "Outcome", "Run a delayed job now", refusals=ACTING),
    Call("DELETE", JOB, actions.remove, "Outcome", "Remove a job for good", refusals=ACTING),
    Call("POST", f"{QUEUE}/pause", actions.pause, "Outcome", "Let no worker take a job", refusals=ACTING),
    Call("POST", f"{QUEUE}/resume", actions.resume, "Outcome", "Let workers take jobs again", refusals=ACTING),
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
    Call("GET", OPERATION, operations.operation, "Operation", "How an operation stands", refusals=("not_found",)),
    Call("POST", f"{OPERATION}/pause", operations.pause_operation, "Operation", "Hold it", refusals=HOLDING),
    Call("POST", f"{OPERATION}/resume", operations.resume_operation, "Operation", "Go on, or begin", refusals=HOLDING),
    Call("DELETE", OPERATION, operations.cancel_operation, "Operation", "Cancel it", refusals=HOLDING),
)
