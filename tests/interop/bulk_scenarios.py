"""Bulk work by us on one twin; on the other the library does the same to one job after the other, in the same order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from core.model import State
from core.operations.operation import Status
from core.operations.request import Action
from tests.interop.differences import BULLMQ, SAYS_EACH, WAKES, at
from tests.interop.node_driver import Library, NodeQueue, until
from tests.interop.ours import Ours
from tests.interop.scenario import FAILING, FAR, Scenario, after_the_last_word, bullmq, company

# In this order they are added, finish and fall due, and so stand, whatever breaks ties.
JOBS = ("anna", "bert", "carl")
Build = Callable[[NodeQueue], str]


def _finished(state: str) -> Build:
    def built(queue: NodeQueue) -> str:
        for name in JOBS:
            queue.add(name, FAILING if state == "failed" else {}, jobId=name)
        with queue.worker():
            until(lambda: all(queue.state(name) == state for name in JOBS))
        after_the_last_word(queue, "")
        company(queue)
        return ""

    return built


def _delayed(queue: NodeQueue) -> str:
    company(queue)
    queue.remove("later")
    for number, name in enumerate(JOBS):
        queue.add(name, jobId=name, delay=FAR + 10_000 * number, **({"priority": 4} if name == "bert" else {}))
    return ""


def _ready(queue: NodeQueue) -> str:
    company(queue)
    return ""


def _ready_while_paused(queue: NodeQueue) -> str:
    company(queue)
    queue.pause()
    queue.add("third", jobId="third")
    return ""


def _paused(queue: NodeQueue) -> str:
    company(queue)
    queue.pause()
    return ""


def _each(verb: str, *jobs: str) -> Callable[[NodeQueue, str], None]:
    def act(queue: NodeQueue, _: str) -> None:
        for name in jobs:
            getattr(queue, verb)(name)

    return act


def _retry_completed(queue: NodeQueue, _: str) -> None:
    for name in JOBS:
        queue.retry(name, "completed")


def _bulk(action: Action, state: State | None = None, **options: Any) -> Callable[[Ours, str], Awaitable[None]]:
    async def act(ours: Ours, _: str) -> None:
        operation = await ours.bulk(action, state, **options)
        assert operation.status is Status.DONE
        assert not operation.skipped

    return act


def _cleans(queue: NodeQueue, _: str) -> None:
    queue.call("queue.clean", 0, 100, "completed")


def _first_two(queue: NodeQueue, _: str) -> None:
    for name in JOBS[:2]:
        queue.remove(name)


def _with_a_state_for_priorities(library: Library) -> bool:
    return library.has_prioritized_state


def _once(verb: str) -> Callable[[NodeQueue, str], None]:
    return lambda queue, _: getattr(queue, verb)()


def _drains(*states: str) -> Callable[[NodeQueue, str], None]:
    """By hand: the library's own loses jobs (8.10), and on Bull the delayed ones too."""

    def act(queue: NodeQueue, _: str) -> None:
        prioritized = ["prioritized"] if queue.library.facts.has_prioritized_state else []
        for state in ("waiting", "paused", *prioritized, *states):
            for name in [name for name in queue.ids(state) if not name.startswith("0")]:
                queue.remove(name)

    return act


SCENARIOS = [
    Scenario(
        "all failed jobs",
        "bulk-retry",
        _finished("failed"),
        theirs=_each("retry", *JOBS),
        ours=_bulk(Action.RETRY, State.FAILED),
        differs=at(WAKES, "bullmq51"),
    ),
    Scenario(
        "all completed jobs",
        "bulk-retry",
        _finished("completed"),
        bullmq,
        _retry_completed,
        _bulk(Action.RETRY, State.COMPLETED),
        differs=at(WAKES, "bullmq51"),
    ),
    Scenario(
        "all delayed jobs",
        "bulk-promote",
        _delayed,
        theirs=_each("promote", *JOBS),
        ours=_bulk(Action.PROMOTE),
    ),
    Scenario(
        "all failed jobs",
        "bulk-remove",
        _finished("failed"),
        theirs=_each("remove", *JOBS),
        ours=_bulk(Action.REMOVE, State.FAILED),
    ),
    Scenario(
        "all waiting jobs",
        "bulk-remove",
        _ready,
        theirs=_each("remove", "first", "second"),
        ours=_bulk(Action.REMOVE, State.WAITING),
        on=_with_a_state_for_priorities,
    ),
    Scenario(
        "all completed jobs",
        "bulk-clean",
        _finished("completed"),
        theirs=_cleans,
        ours=_bulk(Action.CLEAN, State.COMPLETED),
        differs=at(SAYS_EACH, *BULLMQ),
    ),
    Scenario(
        "all but the newest",
        "bulk-clean",
        _finished("failed"),
        theirs=_first_two,
        ours=_bulk(Action.CLEAN, State.FAILED, keep=1),
    ),
    Scenario("a busy queue", "bulk-drain", _ready, theirs=_drains(), ours=_bulk(Action.DRAIN)),
    Scenario(
        "a paused queue",
        "bulk-drain",
        _ready_while_paused,
        theirs=_drains(),
        ours=_bulk(Action.DRAIN),
    ),
    Scenario(
        "a busy queue and its delayed jobs",
        "bulk-drain",
        _ready,
        theirs=_drains("delayed"),
        ours=_bulk(Action.DRAIN, delayed=True),
    ),
    Scenario("a busy queue", "bulk-pause", _ready, theirs=_once("pause"), ours=_bulk(Action.PAUSE)),
    Scenario("a busy queue", "bulk-resume", _paused, theirs=_once("resume"), ours=_bulk(Action.RESUME)),
]
