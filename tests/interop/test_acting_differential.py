"""The same scenario twice, built by the real library; it acts on one queue, we on the other; then everything that
Redis holds of both is compared, and every event. What differs on purpose is named in the scenarios."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import redis as redis_py

from core.instance import Instance
from tests.interop import (
    adding_scenarios,
    bulk_scenarios,
    editing_scenarios,
    queue_scenarios,
    removal_scenarios,
    retry_scenarios,
    tending_scenarios,
)
from tests.interop.keyspace import Channels, Keys, Seen, keys_of
from tests.interop.node_driver import Library, NodeDriver, NodeQueue
from tests.interop.ours import ACTED_ON, Ours
from tests.interop.scenario import Scenario

SCENARIOS = [
    *retry_scenarios.SCENARIOS,
    *queue_scenarios.SCENARIOS,
    *removal_scenarios.SCENARIOS,
    *bulk_scenarios.SCENARIOS,
    *adding_scenarios.SCENARIOS,
    *editing_scenarios.SCENARIOS,
    *tending_scenarios.SCENARIOS,
]
CASES = [
    pytest.param(
        library,
        scenario,
        marks=pytest.mark.proves(scenario.verb.split()[0]),
        id=f"{library.alias}-{scenario.verb}-{scenario.name.replace(' ', '_')}",
    )
    for library in ACTED_ON
    for scenario in SCENARIOS
    if scenario.on(library)
]


class Twin:
    """One of two queues alike: built, then acted on, then seen."""

    def __init__(self, redis: redis_py.Redis, queue: NodeQueue, scenario: Scenario) -> None:
        self.redis, self.queue = redis, queue
        self.base = f"{queue.prefix}:{queue.name}:"
        queue.open()
        self.job_id = scenario.build(queue)
        # Whether a marker is left over depends on when the last worker looked: both begin without one, or, where it
        # is to be taken away, with one.
        redis.delete(f"{self.base}marker", f"{self.base}stalled-check")
        if scenario.verb == "pause" and queue.library.facts.dialect == "mq5":
            redis.zadd(f"{self.base}marker", {"0": 0})
        self.events_before = len(self._seen_keys().get("events", []))
        self.channels = Channels(redis, self.base)

    def seen(self) -> Seen:
        keys = self._seen_keys()
        events = keys.pop("events", [])[self.events_before :]
        return Seen(keys, events, self.channels.heard(self.redis))

    def _seen_keys(self) -> Keys:
        return keys_of(self.redis, self.base)


@pytest.fixture
def twins(redis: redis_py.Redis, node: NodeDriver, library: Library, scenario: Scenario) -> Iterator[list[Twin]]:
    names = ("mail-theirs", "mail-ours")
    built = [Twin(redis, node.library(library.alias).queue(name), scenario) for name in names]
    yield built
    for twin in built:
        twin.channels.close()


@pytest.mark.parametrize(("library", "scenario"), CASES)
async def test_ours_leaves_what_the_library_leaves(
    twins: list[Twin], library: Library, scenario: Scenario, instance: Instance
) -> None:
    theirs, ours = twins
    scenario.act_as_library(theirs.queue, theirs.job_id)
    await scenario.act_as_tickbird(Ours(instance, ours.queue), ours.job_id)
    expected, seen = theirs.seen(), ours.seen()
    if difference := scenario.differs.get(library.alias):
        before = copy.deepcopy(expected)
        difference.apply(expected)
        assert expected != before, f"nothing is different any more: {difference.why}"
    assert seen == expected
