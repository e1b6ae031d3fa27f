"""Abandoned jobs, limits, deduplication ids and event streams, by every library that has such a thing, and where we
differ."""

from __future__ import annotations

from typing import Any

from tests.interop.differences import BULLMQ, Difference, at
from tests.interop.keyspace import Seen
from tests.interop.node_driver import NodeQueue, until
from tests.interop.ours import Ours
from tests.interop.scenario import FAR, Scenario, bullmq, company, family, newer_bullmq, only, waiting

TOKEN = "ours-to-give"


def _without_an_empty_stack(seen: Seen) -> None:
    for job_id in ("subject", "child0"):
        seen.keys.get(job_id, {}).pop("stacktrace", None)


def _said_whence_too(seen: Seen) -> None:
    _without_an_empty_stack(seen)
    event = next(event for event in seen.events if event["jobId"] in ("subject", "child0"))
    event["prev"] = "active"


def _unlocked(seen: Seen) -> None:
    _without_an_empty_stack(seen)
    del seen.keys["subject:lock"]


def _marker(seen: Seen) -> None:
    seen.keys["marker"] = [("0", 0.0)]


NO_EMPTY_STACK = Difference("the library writes an empty stack where there is none; we do not", _without_an_empty_stack)
SAYS_WHENCE = Difference(
    "nor does the library say that the job was active before; later ones and we do", _said_whence_too
)
UNLOCKS = Difference("told to ignore the lock, Bull leaves it behind; we take it away", _unlocked)
WAKES_FOR_PRIORITY = Difference("the library wakes nobody for a job with priority; we do", _marker)
WAKES_ALL = Difference("the library lets idle workers sleep on under a new limit; we wake them", _marker)


def _active(queue: NodeQueue, job_id: str = "subject", **opts: Any) -> str:
    """Taken by a worker that does nothing with it."""
    if queue.library.facts.is_bull:
        queue.add("deliver", {"script": {"hold": "never"}}, jobId=job_id, **opts)
        worker = queue.worker()
        until(lambda: queue.ids("active") == [job_id])
        worker.kill()
        return job_id
    queue.add("deliver", jobId=job_id, **opts)
    _take(queue)
    return job_id


def _take(queue: NodeQueue) -> None:
    with queue.worker(autorun=False) as worker:
        queue.call("worker.getNextJob", worker.id, TOKEN)


def _beside_others(queue: NodeQueue, **opts: Any) -> str:
    job_id = _active(queue, **opts)
    company(queue)
    return job_id


def _while_paused(queue: NodeQueue, **opts: Any) -> str:
    job_id = _active(queue, **opts)
    queue.add("other", jobId="first")
    queue.pause()
    return job_id


def _child(**terms: bool) -> Any:
    def built(queue: NodeQueue) -> str:
        family(queue, terms, {"delay": FAR})
        _take(queue)
        return "child0"

    return built


def _fail(queue: NodeQueue, job_id: str) -> None:
    if queue.library.facts.is_bull:
        queue.call("job.moveToFailed", job_id, {"message": "gone"}, True)
    else:
        queue.call("job.moveToFailed", job_id, {"message": "gone"}, TOKEN, False)


async def _fail_ours(ours: Ours, job_id: str) -> None:
    await ours.fail(job_id, "gone", force=True)


def _requeue(queue: NodeQueue, job_id: str) -> None:
    queue.call("job.moveToWait", job_id, TOKEN)


async def _requeue_ours(ours: Ours, job_id: str) -> None:
    await ours.requeue(job_id, force=True)


def _queue_call(name: str, *args: Any) -> Any:
    return lambda queue, _job_id: queue.call(f"queue.{name}", *args)


def _ours(verb: str, *args: Any) -> Any:
    return lambda ours, _job_id: getattr(ours, verb)(*args)


def _busy(queue: NodeQueue) -> str:
    company(queue)
    return ""


def _limited(queue: NodeQueue) -> str:
    company(queue)
    queue.call("queue.setGlobalConcurrency", 2)
    queue.call("queue.setGlobalRateLimit", 5, 1000)
    return ""


def _held_back(queue: NodeQueue) -> str:
    queue.call("queue.rateLimit", FAR)
    return ""


def _held_back_with_jobs(queue: NodeQueue) -> str:
    company(queue)
    return _held_back(queue)


def _deduplicated(queue: NodeQueue) -> str:
    return waiting(queue, deduplication={"id": "order-1", "ttl": FAR})


OLDER = ("bullmq1", "bullmq2", "bullmq3", "bullmq4", "bullmq51")
NEWER = ("bullmq5", "bullmq6")
_DIFFERS = {**at(UNLOCKS, "bull3", "bull4"), **at(SAYS_WHENCE, *OLDER), **at(NO_EMPTY_STACK, *NEWER)}
_FAILED: dict[str, Any] = {"theirs": _fail, "ours": _fail_ours, "differs": _DIFFERS}
_REQUEUED: dict[str, Any] = {"on": newer_bullmq, "theirs": _requeue, "ours": _requeue_ours}

SCENARIOS = [
    Scenario("the only job, active", "fail", _active, **_FAILED),
    Scenario("an active job among others", "fail", _beside_others, **_FAILED),
    Scenario("an active job, paused", "fail", _while_paused, **_FAILED),
    Scenario("a child among others", "fail", _child(), bullmq, **_FAILED),
    Scenario(
        "a child that its parent fails with",
        "fail",
        _child(failParentOnFailure=True),
        lambda library: library.alias in BULLMQ[1:],
        **_FAILED,
    ),
    Scenario(
        "a child that its parent does without",
        "fail",
        _child(removeDependencyOnFailure=True),
        only("bullmq4", "bullmq51", "bullmq5", "bullmq6"),
        **_FAILED,
    ),
    Scenario(
        "a child whose failure is ignored", "fail", _child(ignoreDependencyOnFailure=True), newer_bullmq, **_FAILED
    ),
    Scenario(
        "a child whose failure lets its parent go on",
        "fail",
        _child(continueParentOnFailure=True),
        newer_bullmq,
        **_FAILED,
    ),
    Scenario("the only job, active", "requeue", _active, **_REQUEUED),
    Scenario("an active job among others", "requeue", _beside_others, **_REQUEUED),
    Scenario(
        "an active job with priority",
        "requeue",
        lambda q: _beside_others(q, priority=5),
        differs=at(WAKES_FOR_PRIORITY, *NEWER),
        **_REQUEUED,
    ),
    Scenario("an active job, paused", "requeue", _while_paused, **_REQUEUED),
    Scenario(
        "a busy queue",
        "set_concurrency",
        _busy,
        newer_bullmq,
        _queue_call("setGlobalConcurrency", 3),
        _ours("set_concurrency", 3),
        at(WAKES_ALL, *NEWER),
    ),
    Scenario(
        "a limited queue",
        "set_concurrency lifted",
        _limited,
        newer_bullmq,
        _queue_call("removeGlobalConcurrency"),
        _ours("set_concurrency", None),
        at(WAKES_ALL, *NEWER),
    ),
    Scenario(
        "an empty queue",
        "set_rate_limit",
        lambda _: "",
        newer_bullmq,
        _queue_call("setGlobalRateLimit", 10, 60_000),
        _ours("set_rate_limit", 10, 60_000),
    ),
    Scenario(
        "a limited queue",
        "set_rate_limit lifted",
        _limited,
        newer_bullmq,
        _queue_call("removeGlobalRateLimit"),
        _ours("set_rate_limit", None, None),
        at(WAKES_ALL, *NEWER),
    ),
    Scenario(
        "an empty queue",
        "release_rate_limit",
        _held_back,
        newer_bullmq,
        _queue_call("removeRateLimitKey"),
        _ours("release_rate_limit"),
    ),
    Scenario(
        "a busy queue",
        "release_rate_limit",
        _held_back_with_jobs,
        newer_bullmq,
        _queue_call("removeRateLimitKey"),
        _ours("release_rate_limit"),
        at(WAKES_ALL, *NEWER),
    ),
    Scenario(
        "a waiting job",
        "release_deduplication",
        _deduplicated,
        newer_bullmq,
        _queue_call("removeDeduplicationKey", "order-1"),
        _ours("release_deduplication", "order-1"),
    ),
    Scenario("a busy queue", "trim_events", _busy, bullmq, _queue_call("trimEvents", 0), _ours("trim_events", 0)),
]
