"""Jobs that are added, by every library, and where we differ."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from core.mutations.adding import NewJob
from tests.interop.differences import (
    ADDED_IN_BRIEF,
    ADDED_IN_BRIEF_AND_NO_STREAM,
    MARK_OF_5_1_10,
    NO_DEFAULT_DELAY,
    NO_MARK_IN_LIST,
    TELLS_DUPLICATE,
    TELLS_DUPLICATE_OF_BULL,
    UNMARKED,
    Difference,
)
from tests.interop.node_driver import NodeQueue
from tests.interop.ours import Ours
from tests.interop.scenario import FAR, Scenario, company

DATA = {"to": "ann", "amount": 12.5, "tags": ["a/b", "ü ☃"], "none": None}
EVERYTHING = {
    "jobId": "subject",
    "attempts": 4,
    "backoff": 1000,
    "removeOnComplete": {"age": 5, "count": 3},
    "removeOnFail": False,
    "keepLogs": 3,
    "stackTraceLimit": 4,
    "failParentOnFailure": True,
    "timestamp": 1_690_000_000_000,
    "telemetry": {"metadata": "trace"},
}


def _busy(queue: NodeQueue) -> str:
    company(queue)
    return ""


def _idle(_queue: NodeQueue) -> str:
    return ""


def _paused(queue: NodeQueue) -> str:
    queue.add("other", jobId="first")
    queue.pause()
    queue.add("other", jobId="second")
    return ""


def _paused_and_empty(queue: NodeQueue) -> str:
    queue.pause()
    return ""


def _there_already(queue: NodeQueue) -> str:
    queue.add("other", jobId="subject")
    return ""


def _theirs(options: dict[str, Any]) -> Callable[[NodeQueue, str], Any]:
    return lambda queue, _: queue.add("deliver", DATA, **options)


def _ours(options: dict[str, Any]) -> Callable[[Ours, str], Awaitable[Any]]:
    data = json.dumps(DATA, ensure_ascii=False, separators=(",", ":"))
    return lambda ours, _: ours.add([NewJob("deliver", data, options)])


def _adding(name: str, build: Callable[[NodeQueue], str], /, **options: Any) -> Scenario:
    differs = {"bullmq1": ADDED_IN_BRIEF, "bullmq51": MARK_OF_5_1_10 if "delay" in options else NO_DEFAULT_DELAY}
    return Scenario(name, "add", build, theirs=_theirs(options), ours=_ours(options), differs=differs)


def _but(scenario: Scenario, **differs: Difference | None) -> Scenario:
    """The same with further differences, or without one that it would have."""
    kept = {alias: each for alias, each in {**scenario.differs, **differs}.items() if each}
    return replace(scenario, differs=kept)


def _theirs_in_bulk(queue: NodeQueue, _: str) -> None:
    queue.add_bulk([{"name": f"job{n}", "data": DATA, "opts": {"priority": n % 3}} for n in range(5)])


async def _ours_in_bulk(ours: Ours, _: str) -> None:
    data = json.dumps(DATA, ensure_ascii=False, separators=(",", ":"))
    await ours.add([NewJob(f"job{n}", data, {"priority": n % 3}) for n in range(5)])


SCENARIOS = [
    _adding("a plain job", _busy),
    _adding("a plain job to an idle queue", _idle),
    _adding("a job with every option", _busy, **EVERYTHING),
    _adding("a job with a priority", _busy, priority=5),
    _adding("a job with a priority to an idle queue", _idle, priority=5),
    _adding("a lifo job", _busy, lifo=True),
    _adding("a lifo job with a priority", _busy, lifo=True, priority=3),
    _adding("an exponential job", _idle, backoff={"type": "exponential", "delay": 10}, attempts=2),
    _adding("a delayed job", _busy, delay=FAR),
    _adding("a delayed job with a priority", _busy, delay=FAR, priority=2),
    _but(
        _adding("a delayed job to an idle queue", _idle, delay=FAR),
        bullmq1=ADDED_IN_BRIEF_AND_NO_STREAM,
        bullmq2=NO_MARK_IN_LIST,
    ),
    _adding("a plain job, paused", _paused),
    _adding("a plain job, paused and empty", _paused_and_empty),
    _adding("a job with a priority, paused", _paused, priority=5),
    _but(
        _adding("a delayed job, paused", _paused, delay=FAR),
        bullmq1=ADDED_IN_BRIEF_AND_NO_STREAM,
        bullmq51=None,
        bullmq5=UNMARKED,
        bullmq6=UNMARKED,
    ),
    _but(
        _adding("a job whose id is there already", _there_already, jobId="subject"),
        bull3=TELLS_DUPLICATE_OF_BULL,
        bullmq1=TELLS_DUPLICATE,
        bullmq2=TELLS_DUPLICATE,
        bullmq51=None,
    ),
    replace(_adding("five at once", _busy), theirs=_theirs_in_bulk, ours=_ours_in_bulk),
]
