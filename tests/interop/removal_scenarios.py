"""Removals, by every library, and where we differ."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.interop.differences import (
    CLAIM_RESPECTED,
    FORGIVEN,
    PARENT_AFTER_ITS_DELAY,
    PARENT_AFTER_ITS_DELAY_AND_TELLS,
    PARENT_AFTER_ITS_DELAY_AND_WAKES,
    PARENT_BY_PRIORITY,
    PARENT_BY_PRIORITY_AND_WAKES,
    PARENT_BY_PRIORITY_IN_LIST,
    RESULT_KEPT,
    WAKES,
    at,
)
from tests.interop.node_driver import NodeQueue, until
from tests.interop.ours import Ours
from tests.interop.scenario import (
    FAR,
    Scenario,
    after_failure,
    after_success,
    bull,
    bullmq,
    company,
    completed,
    failed,
    family,
    may_keep_children,
    newer_bullmq,
    only,
    waiting,
)

GROUPED = {"max": 1, "duration": 100_000, "groupKey": "customer"}


def _beside_others(build: Callable[[NodeQueue], str]) -> Callable[[NodeQueue], str]:
    def built(queue: NodeQueue) -> str:
        job_id = build(queue)
        company(queue)
        return job_id

    return built


def _with_logs(queue: NodeQueue) -> str:
    job_id = waiting(queue)
    queue.log(job_id, "one line")
    return job_id


def _while_paused(queue: NodeQueue) -> str:
    queue.add("other", jobId="first")
    queue.pause()
    job_id = waiting(queue)
    queue.add("other", jobId="second")
    return job_id


def _deduplicated(queue: NodeQueue, **opts: Any) -> str:
    kind = "debounce" if queue.library.facts.is_bull else "deduplication"
    return waiting(queue, **{kind: {"id": "order-1", "ttl": FAR}}, **opts)


def _claimed_by_another(queue: NodeQueue) -> str:
    """Its debounce id lapsed, and another job took it."""
    job_id = waiting(queue, debounce={"id": "order-1", "ttl": 1})
    time.sleep(0.02)  # nothing but time ends a ttl of 1 ms
    queue.add("other", jobId="somebody-else", debounce={"id": "order-1", "ttl": FAR})
    return job_id


def _limited(queue: NodeQueue) -> str:
    """Put off by its group's limit, which remembers it."""
    queue.open(limiter=GROUPED)
    for name in ("one", "two", "three"):
        queue.add(name, {"customer": "anna"}, jobId=name)
    with queue.worker(limiter=GROUPED):
        until(lambda: len(queue.ids("delayed")) == 2)
    return queue.ids("delayed")[0]


def _last_child(**parent: Any) -> Callable[[NodeQueue], str]:
    def built(queue: NodeQueue) -> str:
        queue.add("other", jobId="first")
        family(queue, {"delay": FAR}, **parent)
        return "child0"

    return built


def _last_child_paused(queue: NodeQueue) -> str:
    family(queue, {"delay": FAR})
    queue.pause()
    return "child0"


def _finished_parent(queue: NodeQueue) -> str:
    after_success(queue, {})
    return "parent"


def _alone(queue: NodeQueue, job_id: str) -> None:
    queue.call("job.remove", job_id, {"removeChildren": False})


async def _ours(ours: Ours, job_id: str) -> None:
    await ours.remove(job_id)


RELEASE = at(WAKES, "bullmq51")
SCENARIOS = [
    Scenario("a waiting job", "remove", _beside_others(waiting)),
    Scenario("a waiting job with logs", "remove", _beside_others(_with_logs)),
    Scenario("a waiting job, paused", "remove", _while_paused),
    Scenario("a delayed job", "remove", _beside_others(lambda q: waiting(q, delay=FAR))),
    Scenario("a job with priority", "remove", _beside_others(lambda q: waiting(q, priority=5))),
    Scenario("a failed job", "remove", _beside_others(failed)),
    Scenario("a completed job", "remove", _beside_others(completed)),
    Scenario("a deduplicated job", "remove", _deduplicated, only("bull4", "bullmq5", "bullmq6")),
    Scenario(
        "a job whose debounce id lapsed",
        "remove",
        _claimed_by_another,
        only("bull4"),
        differs=at(CLAIM_RESPECTED, "bull4"),
    ),
    Scenario("a job put off by its group's limit", "remove", _limited, bull),
    Scenario("a child among others", "remove", lambda q: family(q, {"delay": FAR}, {}) and "child0", bullmq),
    Scenario(
        "a completed child",
        "remove",
        lambda q: after_success(q, {}, {"delay": FAR}),
        bullmq,
        differs=at(RESULT_KEPT, "bullmq1", "bullmq2"),
    ),
    Scenario("a failed child", "remove", lambda q: after_failure(q, {}, {"delay": FAR}), bullmq),
    Scenario(
        "a child that failed its parent",
        "remove",
        lambda q: after_failure(q, {"failParentOnFailure": True}, {"delay": FAR}),
        newer_bullmq,
        differs=at(FORGIVEN, "bullmq5", "bullmq6"),
    ),
    Scenario(
        "a child whose failure was ignored",
        "remove",
        lambda q: after_failure(q, {"ignoreDependencyOnFailure": True}, {"delay": FAR}),
        newer_bullmq,
    ),
    Scenario("the last child", "remove", _last_child(), bullmq, differs=RELEASE),
    Scenario("the last child, paused", "remove", _last_child_paused, bullmq),
    Scenario("the last child of a lifo parent", "remove", _last_child(lifo=True), bullmq, differs=RELEASE),
    Scenario(
        "the last child of a parent with priority",
        "remove",
        _last_child(priority=7),
        bullmq,
        differs={
            **at(PARENT_BY_PRIORITY_IN_LIST, "bullmq1", "bullmq2", "bullmq3"),
            **at(PARENT_BY_PRIORITY, "bullmq4", "bullmq5", "bullmq6"),
            "bullmq51": PARENT_BY_PRIORITY_AND_WAKES,
        },
    ),
    Scenario(
        "the last child of a delayed parent",
        "remove",
        _last_child(delay=FAR),
        bullmq,
        differs={
            "bullmq1": PARENT_AFTER_ITS_DELAY_AND_TELLS,
            **at(PARENT_AFTER_ITS_DELAY, "bullmq2", "bullmq3", "bullmq4"),
            **at(PARENT_AFTER_ITS_DELAY_AND_WAKES, "bullmq51", "bullmq5", "bullmq6"),
        },
    ),
    Scenario("a parent whose children have finished", "remove", _finished_parent, may_keep_children, _alone, _ours),
]
