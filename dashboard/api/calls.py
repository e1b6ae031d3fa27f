"""Everything the API can be asked, as one table: the routes and the OpenAPI document are both made from it."""

from __future__ import annotations

from core.permission import Permission
from dashboard.api import (
    actions,
    adding,
    audit_calls,
    export_calls,
    failure_calls,
    job_changes,
    operation_calls,
    queue_changes,
    reads,
    redis_calls,
    worker_calls,
)
from dashboard.api.batch_calls import CALLS as BATCH_CALLS
from dashboard.api.call import ACTING, Answer, Call
from dashboard.api.dead_letter_calls import CALLS as DEAD_LETTER_CALLS
from dashboard.api.deduplication_calls import CALLS as DEDUPLICATION_CALLS
from dashboard.api.feed_calls import CALLS as FEED_CALLS
from dashboard.api.flow_calls import CALLS as FLOW_CALLS
from dashboard.api.priority_calls import CALLS as PRIORITY_CALLS
from dashboard.api.queries import BYTES, CURSOR, FORCE, LIMIT, LINES, ORDER, START, STATE, Q
from dashboard.api.reveal_calls import CALLS as REVEAL_CALLS
from dashboard.api.sample_calls import CALLS as SAMPLE_CALLS
from dashboard.api.scheduler_calls import CALLS as SCHEDULER_CALLS
from dashboard.api.search_calls import CALLS as SEARCH_CALLS
from dashboard.api.undo_calls import CALLS as UNDO_CALLS
from dashboard.api.view_calls import CALLS as VIEW_CALLS
from dashboard.budgets import Cost
from dashboard.urls import DEDUPLICATION, JOB, QUEUE

LIST = (STATE, Q, ORDER, LIMIT, CURSOR)


def _acts(needs: Permission, *acts: tuple[str, str, Answer, str, str]) -> list[Call]:
    """Calls that do one thing each, and answer what they did."""
    return [
        Call(method, path, answer, "Outcome", about, needs, (), ACTING, body)
        for method, path, answer, about, body in acts
    ]


CALLS = (
    Call("GET", "/queues", reads.queues, "Queues", "Every queue of every instance", Permission.VIEW, refusals=()),
    Call("GET", QUEUE, reads.queue, "Queue", "One queue", Permission.VIEW),
    Call(
        "GET",
        f"{QUEUE}/metrics",
        reads.metrics,
        "Metrics",
        "What a queue holds, and did in the last hour",
        Permission.VIEW,
        costs=Cost.HEAVY,
    ),
    Call(
        "GET",
        f"{QUEUE}/jobs",
        reads.jobs,
        "JobPage",
        "The jobs of a state",
        Permission.VIEW,
        LIST,
        costs=Cost.HEAVY,
    ),
    Call("GET", JOB, reads.job, "Job", "One job in full", Permission.VIEW, (BYTES,)),
    Call("GET", f"{JOB}/status", reads.status, "Status", "How a job stands", Permission.VIEW, (BYTES,)),
    Call("GET", f"{JOB}/logs", reads.logs, "Logs", "Lines that a job has logged", Permission.VIEW, (START, LINES)),
    *_acts(
        Permission.RETRY,
        ("POST", f"{JOB}/retry", actions.retry, "Run a failed or completed job again", "Retry"),
        ("POST", f"{JOB}/fail", job_changes.fail, "Fail an active job that its worker has abandoned", "Failure"),
        ("POST", f"{JOB}/requeue", job_changes.requeue, "Let an abandoned active job wait again", "Requeue"),
    ),
    *_acts(
        Permission.PROMOTE,
        ("POST", f"{JOB}/promote", actions.promote, "Run a delayed job now", ""),
    ),
    *_acts(
        Permission.ADD,
        ("POST", f"{JOB}/duplicate", job_changes.duplicate, "Add the same job once more", "Duplicate"),
        ("POST", f"{JOB}/move", job_changes.move, "Move a job to another queue of its Redis", "Move"),
    ),
    *_acts(
        Permission.ADD,
        ("POST", f"{JOB}/logs", job_changes.add_line, "Add a line to a job's log", "LogLine"),
    ),
    *_acts(
        Permission.PAUSE,
        ("POST", f"{QUEUE}/pause", actions.pause, "Let no worker take a job", ""),
        ("POST", f"{QUEUE}/resume", actions.resume, "Let workers take jobs again", ""),
        ("POST", f"{QUEUE}/mend-pause", queue_changes.mend_pause, "Mend a pause that is split in two", ""),
    ),
    *_acts(
        Permission.LIMIT,
        ("POST", f"{QUEUE}/trim-events", queue_changes.trim_events, "Shorten a queue's event stream", "EventTrim"),
        ("DELETE", f"{QUEUE}/rate-limit", queue_changes.release_rate_limit, "Go on though it is reached", ""),
        ("DELETE", DEDUPLICATION, queue_changes.release_deduplication, "Let such a job be added again", ""),
    ),
    Call(
        "POST",
        f"{QUEUE}/jobs",
        adding.add_jobs,
        "Added",
        "Add a job, or several",
        Permission.ADD,
        (),
        ACTING,
        "NewJobs",
        costs=Cost.HEAVY,
    ),
    Call("DELETE", JOB, actions.remove, "Outcome", "Remove a job for good", Permission.REMOVE, (FORCE,), ACTING),
    Call("PATCH", JOB, job_changes.change_job, "Outcomes", "Change a job", Permission.VIEW, (), ACTING, "JobChange"),
    Call(
        "PATCH",
        QUEUE,
        queue_changes.change_queue,
        "Outcomes",
        "Change a queue's limits",
        Permission.LIMIT,
        (),
        ACTING,
        "QueueChange",
    ),
    *operation_calls.CALLS,
    *audit_calls.CALLS,
    *worker_calls.CALLS,
    *redis_calls.CALLS,
    *BATCH_CALLS,
    *DEAD_LETTER_CALLS,
    *DEDUPLICATION_CALLS,
    *PRIORITY_CALLS,
    *export_calls.CALLS,
    *failure_calls.CALLS,
    *UNDO_CALLS,
    *REVEAL_CALLS,
    *SCHEDULER_CALLS,
    *SEARCH_CALLS,
    *SAMPLE_CALLS,
    *VIEW_CALLS,
    *FEED_CALLS,
    *FLOW_CALLS,
)
