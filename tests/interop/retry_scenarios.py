"""Retries, by every library that has them, and where we differ."""

from __future__ import annotations

from typing import Any

from tests.interop.differences import (
    CHILD_FIRST,
    CHILD_FIRST_AND_WAKES,
    KEEPS_PRIORITY,
    KEEPS_PRIORITY_AND_WAKES,
    KEEPS_PRIORITY_IN_LIST,
    PARENT_IS_DONE,
    STAYS_PAUSED,
    WAKES,
    at,
)
from tests.interop.node_driver import NodeQueue
from tests.interop.ours import Ours
from tests.interop.scenario import (
    FAR,
    Scenario,
    after_failure,
    after_success,
    bullmq,
    company,
    completed,
    failed,
    newer_bullmq,
    retries_heed_pause,
)


def _among_others(queue: NodeQueue, **opts: Any) -> str:
    job_id = failed(queue, **opts)
    company(queue)
    return job_id


def _while_paused(queue: NodeQueue, **opts: Any) -> str:
    job_id = failed(queue, **opts)
    queue.add("other", jobId="first")
    queue.pause()
    queue.add("other", jobId="second")
    return job_id


def _exhausted(queue: NodeQueue) -> str:
    return failed(queue, attempts=3)


def _completed_among_others(queue: NodeQueue) -> str:
    job_id = completed(queue)
    company(queue)
    return job_id


def _retry_completed(queue: NodeQueue, job_id: str) -> None:
    queue.retry(job_id, "completed")


def _retry_reset(queue: NodeQueue, job_id: str) -> None:
    queue.call("job.retry", job_id, "failed", {"resetAttemptsMade": True, "resetAttemptsStarted": True})


async def _ours_reset(ours: Ours, job_id: str) -> None:
    await ours.retry(job_id, reset_attempts=True)


SCENARIOS = [
    Scenario("a failed job", "retry", _among_others, differs=at(WAKES, "bullmq51")),
    Scenario("a failed lifo job", "retry", lambda q: _among_others(q, lifo=True), differs=at(WAKES, "bullmq51")),
    Scenario(
        "a failed job with priority",
        "retry",
        lambda q: _among_others(q, priority=5),
        differs={
            **at(KEEPS_PRIORITY_IN_LIST, "bull3", "bull4", "bullmq1", "bullmq2", "bullmq3"),
            **at(KEEPS_PRIORITY, "bullmq4", "bullmq5"),
            "bullmq51": KEEPS_PRIORITY_AND_WAKES,
        },
    ),
    Scenario("a failed job, paused", "retry", _while_paused, differs=at(STAYS_PAUSED, "bull3", "bullmq1", "bullmq2")),
    Scenario("a failed lifo job, paused", "retry", lambda q: _while_paused(q, lifo=True), retries_heed_pause),
    Scenario("an exhausted job", "retry", _exhausted, differs=at(WAKES, "bullmq51")),
    Scenario("an exhausted job, reset", "retry", _exhausted, newer_bullmq, _retry_reset, _ours_reset),
    Scenario("a deduplicated job", "retry", lambda q: failed(q, deduplication={"id": "order-1"}), newer_bullmq),
    Scenario(
        "a completed job",
        "retry",
        _completed_among_others,
        bullmq,
        _retry_completed,
        differs=at(WAKES, "bullmq51"),
    ),
    Scenario(
        "a failed child of a waiting parent",
        "retry",
        lambda q: after_failure(q, {}, {"delay": FAR}),
        bullmq,
        differs=at(WAKES, "bullmq51"),
    ),
    Scenario(
        "a child whose failure was ignored",
        "retry",
        lambda q: after_failure(q, {"ignoreDependencyOnFailure": True}, {"delay": FAR}),
        newer_bullmq,
    ),
    Scenario(
        "a child that was let go",
        "retry",
        lambda q: after_failure(q, {"removeDependencyOnFailure": True}, {"delay": FAR}),
        newer_bullmq,
    ),
    Scenario(
        "a child that failed its parent",
        "retry",
        lambda q: after_failure(q, {"failParentOnFailure": True}, {"delay": FAR}),
        newer_bullmq,
    ),
    Scenario(
        "a completed child of a waiting parent",
        "retry",
        lambda q: after_success(q, {}, {"delay": FAR}),
        bullmq,
        _retry_completed,
        differs={**at(CHILD_FIRST, "bullmq1", "bullmq2", "bullmq3", "bullmq4"), "bullmq51": CHILD_FIRST_AND_WAKES},
    ),
    Scenario(
        "a completed child of a completed parent",
        "retry",
        lambda q: after_success(q, {}),
        newer_bullmq,
        _retry_completed,
        differs=at(PARENT_IS_DONE, "bullmq5", "bullmq6"),
    ),
    Scenario(
        "a completed parent",
        "retry",
        lambda q: after_success(q, {}) and "parent",
        newer_bullmq,
        _retry_completed,
    ),
]
