"""Promotions, pauses and resumes, by every library, and where we differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.interop.differences import EVERYWHERE, KEEPS_LIFO, SAID_ONCE, STAYS_PAUSED, WAKES_LATER, at
from tests.interop.node_driver import NodeQueue
from tests.interop.ours import Ours
from tests.interop.scenario import (
    FAR,
    Scenario,
    company,
    newer_bullmq,
    only,
    run_until,
    waiting,
)


def _delayed(queue: NodeQueue, **opts: Any) -> str:
    company(queue)
    return waiting(queue, delay=FAR, **opts)


def _delayed_while_paused(queue: NodeQueue, **opts: Any) -> str:
    queue.add("other", jobId="first")
    queue.pause()
    queue.add("other", jobId="second")
    return waiting(queue, delay=FAR, **opts)


def _alone_and_set_aside(queue: NodeQueue) -> str:
    """In front of it a marker stands, up to 4, which the pause has moved with the list."""
    job_id = waiting(queue, delay=FAR)
    queue.pause()
    return job_id


def _iteration(queue: NodeQueue) -> str:
    queue.call("queue.upsertJobScheduler", "nightly", {"pattern": "0 3 1 1 *"}, {"name": "tidy"})
    return queue.ids("delayed")[0]


def _repeatable(queue: NodeQueue) -> str:
    queue.add("tidy", repeat={"cron" if queue.library.facts.is_bull else "pattern": "0 3 1 1 *"})
    return queue.ids("delayed")[0]


def _busy(queue: NodeQueue) -> str:
    company(queue)
    return ""


def _idle(queue: NodeQueue) -> str:
    queue.add("other", jobId="later", delay=FAR)
    return ""


def _for_later_while_paused(queue: NodeQueue) -> str:
    queue.pause()
    queue.add("other", jobId="later", delay=FAR)
    return ""


def _for_later_with_workers_told(queue: NodeQueue) -> str:
    """Its worker has taken the marker, where there was one, before the pause."""
    queue.add("other", jobId="later", delay=FAR)
    run_until(queue, waiting(queue), "completed")
    queue.pause()
    return ""


def _urgent_alone(queue: NodeQueue) -> str:
    queue.add("other", jobId="urgent", priority=3)
    return ""


def _paused_after(build: Callable[[NodeQueue], str]) -> Callable[[NodeQueue], str]:
    def paused(queue: NodeQueue) -> str:
        build(queue)
        queue.pause()
        queue.add("other", jobId="while-paused")
        queue.add("other", jobId="while-paused-next", lifo=True)
        return ""

    return paused


def _just_paused(build: Callable[[NodeQueue], str]) -> Callable[[NodeQueue], str]:
    def paused(queue: NodeQueue) -> str:
        build(queue)
        queue.pause()
        return ""

    return paused


def _theirs_twice(queue: NodeQueue, _: str) -> None:
    queue.pause()
    queue.pause()


async def _ours_twice(ours: Ours, _: str) -> None:
    await ours.pause()
    await ours.pause()


_QUIETER = at(SAID_ONCE, *EVERYWHERE)


SCENARIOS = [
    Scenario("the only job, delayed", "promote", lambda q: waiting(q, delay=FAR)),
    Scenario("the only job, delayed, with priority", "promote", lambda q: waiting(q, delay=FAR, priority=5)),
    Scenario("the only job, delayed, paused", "promote", _alone_and_set_aside, differs=at(STAYS_PAUSED, "bull3")),
    Scenario("a delayed job", "promote", _delayed),
    Scenario("a delayed job with priority", "promote", lambda q: _delayed(q, priority=5)),
    Scenario("a delayed lifo job", "promote", lambda q: _delayed(q, lifo=True), differs=at(KEEPS_LIFO, *EVERYWHERE)),
    Scenario("a delayed job, paused", "promote", _delayed_while_paused),
    Scenario("a delayed job with priority, paused", "promote", lambda q: _delayed_while_paused(q, priority=5)),
    Scenario("a scheduler's next iteration", "promote", _iteration, newer_bullmq),
    Scenario("a repeatable's next iteration", "promote", _repeatable, only("bull3", "bull4", "bullmq51", "bullmq5")),
    Scenario("a busy queue", "pause", _busy),
    Scenario("an idle queue", "pause", _idle),
    Scenario("a busy queue", "pause twice", _busy, theirs=_theirs_twice, ours=_ours_twice, differs=_QUIETER),
    Scenario("a busy queue", "resume", _just_paused(_busy)),
    Scenario("a busy queue with later jobs", "resume", _paused_after(_busy)),
    Scenario("an idle queue", "resume", _just_paused(_idle), differs=at(WAKES_LATER, "bullmq51")),
    Scenario(
        "only jobs that came for later",
        "resume",
        _for_later_while_paused,
        differs=at(WAKES_LATER, "bullmq51"),
    ),
    Scenario(
        "later jobs that workers know of",
        "resume",
        _for_later_with_workers_told,
        differs=at(WAKES_LATER, "bullmq51"),
    ),
    Scenario("only prioritised jobs", "resume", _just_paused(_urgent_alone)),
    Scenario("nothing at all", "resume", _just_paused(lambda q: "")),
    Scenario("a running queue", "resume", _busy, differs=_QUIETER),
]
