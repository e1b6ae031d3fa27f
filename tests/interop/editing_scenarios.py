"""A job's data, progress, log, priority and delay changed, by every library that can, and where we differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.interop.differences import (
    LIFO_BEFORE_EQUALS,
    LIFO_BEFORE_EQUALS_IN_LIST,
    NO_SCHEDULER,
    TO_THE_BACK_AND_WAKES,
    TO_THE_FRONT_OF_THE_LIST,
    TO_THE_LIST,
    TO_THE_PAUSED_LIST,
    UNMARKED,
    WAKES_FOR_LIFO,
    WAKES_LATER,
    at,
)
from tests.interop.node_driver import Library, NodeQueue
from tests.interop.ours import Ours
from tests.interop.scenario import FAR, Scenario, bullmq, company, failed, waiting

NEAR_FUTURE = FAR // 2
DATA = {"to": "bob", "amount": 12.5, "tags": ["a/b", "ü ☃"], "none": None}

_LIFO = {
    "bullmq3": LIFO_BEFORE_EQUALS_IN_LIST,
    **at(LIFO_BEFORE_EQUALS, "bullmq4", "bullmq51"),
    **at(WAKES_FOR_LIFO, "bullmq5", "bullmq6"),
}
_CLOCKS = {"bullmq2": NO_SCHEDULER, "bullmq51": WAKES_LATER}


def changes_priority(library: Library) -> bool:
    """Since 3.15; before there was no such call, in Bull never."""
    return not library.is_bull and library.major >= 3


def _waiting(queue: NodeQueue, **opts: Any) -> str:
    job_id = waiting(queue, **opts)
    company(queue)
    return job_id


def _among_others(queue: NodeQueue, **opts: Any) -> str:
    company(queue)
    return waiting(queue, **opts)


def _set_aside(queue: NodeQueue, **opts: Any) -> str:
    queue.add("other", jobId="first")
    queue.pause()
    queue.add("other", jobId="second", priority=4)
    return waiting(queue, **opts)


def _alone(queue: NodeQueue, **opts: Any) -> str:
    return waiting(queue, **opts)


def _call(call: str, *arguments: Any) -> Callable[[NodeQueue, str], Any]:
    return lambda queue, job_id: queue.call(call, job_id, *arguments)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _data(name: str, build: Callable[[NodeQueue], str], value: Any) -> Scenario:
    async def ours(acting: Ours, job_id: str) -> None:
        await acting.edit_data(job_id, _text(value))

    return Scenario(name, "edit_data", build, theirs=_call("job.updateData", value), ours=ours)


def _progress(name: str, build: Callable[[NodeQueue], str], value: Any) -> Scenario:
    async def ours(acting: Ours, job_id: str) -> None:
        await acting.set_progress(job_id, _text(value))

    return Scenario(name, "set_progress", build, theirs=_call("job.updateProgress", value), ours=ours)


def _log(name: str, build: Callable[[NodeQueue], str], **rest: Any) -> Scenario:
    def theirs(queue: NodeQueue, job_id: str) -> None:
        for line in range(3):
            queue.log(job_id, f"line {line} ☃")

    async def ours(acting: Ours, job_id: str) -> None:
        for line in range(3):
            await acting.log(job_id, f"line {line} ☃")

    return Scenario(name, "log", build, theirs=theirs, ours=ours, **rest)


def _priority(
    name: str, build: Callable[[NodeQueue], str], priority: int, *, lifo: bool = False, **rest: Any
) -> Scenario:
    async def ours(acting: Ours, job_id: str) -> None:
        await acting.change_priority(job_id, priority, lifo=lifo)

    theirs = _call("job.changePriority", {"priority": priority, "lifo": lifo})
    return Scenario(name, "change_priority", build, changes_priority, theirs, ours, **rest)


def _delay(name: str, build: Callable[[NodeQueue], str], delay: int, **rest: Any) -> Scenario:
    async def ours(acting: Ours, job_id: str) -> None:
        await acting.change_delay(job_id, delay)

    return Scenario(name, "change_delay", build, bullmq, _call("job.changeDelay", delay), ours, **rest)


SCENARIOS = [
    _data("a waiting job", _waiting, DATA),
    _data("a delayed job", lambda q: _waiting(q, delay=FAR), [1, 2]),
    _data("a failed job", failed, "text"),
    _progress("a waiting job, a number", _waiting, 33.33),
    _progress("a failed job, an object", failed, {"step": 2, "of": ["a", "b"]}),
    _log("a waiting job", _waiting),
    _log("a job that keeps two lines", lambda q: _waiting(q, keepLogs=2)),
    _priority("a waiting job", _waiting, 5),
    _priority("a waiting job, to the front of its equals", _waiting, 3, lifo=True, differs=_LIFO),
    _priority("the only job", _alone, 5),
    _priority("a prioritised job, sooner", lambda q: _among_others(q, priority=9), 2),
    _priority("a prioritised job, later", lambda q: _among_others(q, priority=2), 9),
    _priority(
        "a prioritised job, to the front of its equals",
        lambda q: _among_others(q, priority=9),
        3,
        lifo=True,
        differs=_LIFO,
    ),
    _priority(
        "a prioritised job, to none",
        lambda q: _among_others(q, priority=5),
        0,
        differs=at(TO_THE_LIST, "bullmq4", "bullmq51"),
    ),
    _priority(
        "a prioritised job, to none and first",
        lambda q: _among_others(q, priority=5),
        0,
        lifo=True,
        differs=at(TO_THE_FRONT_OF_THE_LIST, "bullmq4", "bullmq51"),
    ),
    _priority("a waiting job, to the back", _waiting, 0, differs=at(TO_THE_BACK_AND_WAKES, "bullmq51")),
    _priority("a waiting job, paused", _set_aside, 3),
    _priority("a prioritised job, paused", lambda q: _set_aside(q, priority=9), 3),
    _priority(
        "a prioritised job, to none, paused",
        lambda q: _set_aside(q, priority=9),
        0,
        differs=at(TO_THE_PAUSED_LIST, "bullmq4", "bullmq51"),
    ),
    _priority("a delayed job", lambda q: _among_others(q, delay=FAR), 5),
    _delay("a delayed job", lambda q: _waiting(q, delay=FAR), NEAR_FUTURE, differs=_CLOCKS),
    _delay("the only job", lambda q: _alone(q, delay=FAR), NEAR_FUTURE, differs=_CLOCKS),
    _delay("a job that is due after another", lambda q: _among_others(q, delay=FAR), FAR * 2, differs=_CLOCKS),
    _delay(
        "a delayed job, paused",
        lambda q: _set_aside(q, delay=FAR),
        NEAR_FUTURE,
        differs={"bullmq2": NO_SCHEDULER, **at(UNMARKED, "bullmq5", "bullmq6")},
    ),
]
