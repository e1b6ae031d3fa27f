"""Schedulers made, changed and removed twice: by the real library, and by us on a twin; then every key is compared."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_py

from core.instance import Instance
from tests.interop.keyspace import Seen
from tests.interop.node_driver import Library, NodeDriver
from tests.interop.ours import ACTED_ON, Ours
from tests.interop.scenario import Scenario
from tests.interop.scheduler_scenarios import SCENARIOS
from tests.interop.test_acting_differential import Twin

_ITERATION = re.compile(r":\d{13}$")
_MS = re.compile(r"\b1[5-9]\d{11}\b")
CASES = [
    pytest.param(
        library,
        scenario,
        marks=pytest.mark.proves(scenario.verb),
        id=f"{library.alias}-{scenario.verb}-{scenario.name.replace(' ', '_')}",
    )
    for library in ACTED_ON
    for scenario in SCENARIOS
    if scenario.on(library)
]


@pytest.fixture
def twins(redis: redis_py.Redis, node: NodeDriver, library: Library, scenario: Scenario) -> Iterator[list[Twin]]:
    built = [Twin(redis, node.library(library.alias).queue(f"mail-{whose}"), scenario) for whose in ("theirs", "ours")]
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
    expected, seen = _steady(theirs), _steady(ours)
    if difference := scenario.differs.get(library.alias):
        before = copy.deepcopy(expected)
        difference.apply(expected)
        assert expected != before, f"nothing is different any more: {difference.why}"
    assert seen == expected


def _steady(twin: Twin) -> Seen:
    """Without what depends on the millisecond at which it was done; iterations in the order of their times."""
    seen = twin.seen()
    seen.keys = {name: value for name, value in seen.keys.items() if not name.endswith(":<ms>")}
    keys = sorted(
        key.decode() for key in twin.redis.scan_iter(f"{twin.base}repeat:*") if _ITERATION.search(key.decode())
    )
    seen.keys["iterations"] = [_cleaned(twin, key) for key in keys]
    scheduler = seen.keys.get("repeat:nightly", {})
    if int(scheduler.get("offset", 0)) > 5:
        scheduler["offset"] = "<since the slot>"
    return seen


def _cleaned(twin: Twin, key: str) -> dict[str, object]:
    redis: Any = twin.redis
    fields = {name.decode(): value.decode() for name, value in redis.hgetall(key).items()}
    fields["delay"] = str(int(fields["delay"]) > 0)
    options = json.loads(fields.pop("opts"))
    delay = options.pop("delay")
    timed = {name: _MS.sub("<ms>", value) for name, value in fields.items()}
    return {**timed, "opts": _MS.sub("<ms>", json.dumps(options, sort_keys=True)), "later": delay > 0}
