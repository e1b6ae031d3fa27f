"""Random histories, each lived twice: the library acts on one queue, we on its twin. At the end they are the same.

The steps that tests/interop/differences.py names are left out of them; everything else may follow anything.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.instance import Instance
from tests.interop.keyspace import keys_of
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, Ours, named
from tests.interop.scenario import FAILING, FAR, after_the_last_word, retries_heed_pause

STEPS = 14
SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(3, 60))]
Step = tuple[str, str, dict[str, Any]]


@dataclass
class History:
    """What to build and what then happens, drawn so that the library can do every step soundly."""

    library: Library
    draw: random.Random
    states: dict[str, str] = field(default_factory=dict)
    opts: dict[str, dict[str, Any]] = field(default_factory=dict)
    paused: bool = False

    def beginning(self) -> list[tuple[str, dict[str, Any]]]:
        return [self._new(state) for state in ("failed", "failed", "completed", "ready", "ready", "delayed", "delayed")]

    def step(self) -> Step:
        verbs: dict[str, Callable[[], list[str]]] = {
            "retry": self._retryable,
            "promote": lambda: self._in("delayed"),
            "remove": lambda: list(self.states),
            "resume" if self.paused else "pause": lambda: [""],
            "add": lambda: [""],
        }
        verb = self.draw.choice([verb for verb, subjects in verbs.items() if subjects()])
        subject = self.draw.choice(verbs[verb]())
        return self._lived(verb, subject)

    def _lived(self, verb: str, subject: str) -> Step:
        told: dict[str, Any] = {}
        if verb == "add":
            subject, told = self._new(self.draw.choice(["ready", "delayed"]))
        elif verb == "remove":
            del self.states[subject]
        elif verb in ("pause", "resume"):
            self.paused = verb == "pause"
        else:
            told = {"from": self.states[subject]}
            self.states[subject] = "ready"
        return verb, subject, told

    def _new(self, state: str) -> tuple[str, dict[str, Any]]:
        name = f"job{len(self.opts)}"
        self.states[name], self.opts[name] = state, self._options(state)
        return name, self.opts[name]

    def _options(self, state: str) -> dict[str, Any]:
        options: dict[str, Any] = {"delay": FAR} if state == "delayed" else {}
        if self.draw.random() < 0.4:
            options["priority"] = self.draw.randint(1, 4)
        elif state == "ready" and self.draw.random() < 0.3 and not self.library.is_bull:
            options["lifo"] = True  # on Bull a lifo job shifts the places of those with priority
        return options

    def _in(self, *states: str) -> list[str]:
        return [name for name, state in self.states.items() if state in states]

    def _retryable(self) -> list[str]:
        if self.paused and not retries_heed_pause(self.library):
            return []
        finished = self._in("failed") if self.library.is_bull else self._in("failed", "completed")
        return [name for name in finished if self.library.alias == "bullmq6" or "priority" not in self.opts[name]]


def build(queue: NodeQueue, jobs: list[tuple[str, dict[str, Any]]], states: dict[str, str]) -> None:
    finishing = [(name, opts) for name, opts in jobs if states[name] in ("failed", "completed")]
    for name, opts in finishing:
        queue.add(name, FAILING if states[name] == "failed" else {}, jobId=name, **opts)
    with queue.worker():
        until(lambda: all(queue.state(name) == states[name] for name, _ in finishing))
    after_the_last_word(queue, "")
    for name, opts in [job for job in jobs if job not in finishing]:
        queue.add(name, jobId=name, **opts)


def by_library(queue: NodeQueue, step: Step) -> None:
    verb, subject, told = step
    if verb == "retry":
        queue.retry(subject, *([] if queue.library.facts.is_bull else [told["from"]]))
    else:
        getattr(queue, verb)(*([subject] if subject else []))


async def by_us(ours: Ours, step: Step) -> None:
    verb, subject, _ = step
    await getattr(ours, verb)(*([subject] if subject else []))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_a_random_history_ends_the_same(
    node: NodeDriver, redis: Any, instance: Instance, library: Library, seed: int
) -> None:
    history = History(library, random.Random(f"{library.alias} {seed}"))
    jobs = history.beginning()
    theirs, ours = (node.library(library.alias).queue(name) for name in ("mail-theirs", "mail-ours"))
    for queue in (theirs, ours):
        queue.open()
        build(queue, jobs, dict(history.states))
    acting, steps = Ours(instance, ours), []
    for _ in range(STEPS):
        step = history.step()
        steps.append(step)
        if step[0] == "add":
            for queue in (theirs, ours):
                queue.add(step[1], jobId=step[1], **step[2])
        else:
            by_library(theirs, step)
            await by_us(acting, step)
    expected, seen = (_without_wakes(keys_of(redis, f"bull:{queue.name}:")) for queue in (theirs, ours))
    assert seen == expected, f"after {steps}"


def _without_wakes(keys: dict[str, Any]) -> dict[str, Any]:
    """Markers and events of workers depend on when a worker looked; the scenarios compare ours."""
    for name in ("marker", "stalled-check"):
        keys.pop(name, None)
    keys["events"] = [event for event in keys.get("events", []) if event["event"] != "drained"]
    return keys
