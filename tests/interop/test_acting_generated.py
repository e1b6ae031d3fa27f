"""Random histories, each lived twice: the library acts on one queue, we on its twin. At the end they are the same.

The steps that tests/interop/differences.py names are left out of them; everything else may follow anything.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from core.instance import Instance
from core.mutations.front import Mutations
from tests.interop import history_bulk, history_kinds
from tests.interop.history import Drawn, History
from tests.interop.history_kinds import Kind
from tests.interop.keyspace import keys_of, unequal
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, Ours, named
from tests.interop.scenario import after_the_last_word

KINDS = (*history_kinds.KINDS, *history_bulk.KINDS)
STEPS = 18
QUICK, FULL = 3, 240
SEEDS = [*range(QUICK), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(QUICK, FULL))]
BEGINNING = ("failed", "failed", "completed", "ready", "ready", "delayed", "delayed")
# Jobs that a worker ran finish at instants of their own; here at these, the same for both twins.
FINISHED = 1_763_000_000_000


class Twins:
    """Two queues alike, `theirs` and `ours`, and what happens to both."""

    def __init__(self, theirs: NodeQueue, ours: NodeQueue, acting: Ours, redis: Any) -> None:
        self.theirs, self.ours, self._acting, self._redis = theirs, ours, acting, redis

    def build(self, history: History) -> None:
        for queue in (self.theirs, self.ours):
            queue.open()
            self._finish(queue, history)
            for job_id, job in history.jobs.items():
                if job.state not in ("failed", "completed"):
                    queue.add(job.name, job.data, jobId=job_id, **job.opts)

    async def live(self, kind: Kind, subject: str, told: dict[str, Any]) -> Any:
        """The step, on both; what the library answered."""
        answer = kind.theirs(self.theirs, subject, told)
        if kind.ours is None:
            kind.theirs(self.ours, subject, told)
        else:
            await kind.ours(self._acting, subject, told)
        return answer

    def seen(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Every key of both, ours first."""
        ours, theirs = (
            _comparable(keys_of(self._redis, f"bull:{q.name}:"), q.library.facts.alias)
            for q in (self.ours, self.theirs)
        )
        return ours, theirs

    def _finish(self, queue: NodeQueue, history: History) -> None:
        finishing = {i: job for i, job in history.jobs.items() if job.state in ("failed", "completed")}
        for job_id, job in finishing.items():
            queue.add(job.name, job.data, jobId=job_id, **job.opts)
        with queue.worker():
            until(lambda: all(queue.state(job_id) == job.state for job_id, job in finishing.items()))
        after_the_last_word(queue, "")
        for number, (job_id, job) in enumerate(finishing.items()):
            base = f"bull:{queue.name}:"
            self._redis.zadd(base + job.state, {job_id: FINISHED + number})
            self._redis.hset(base + job_id, "finishedOn", FINISHED + number)


def _comparable(keys: dict[str, Any], alias: str) -> dict[str, Any]:
    """Without what depends on when a worker looked, and what differs on purpose (differences.py): a clean tells of jobs
    in its own way, 1.x and 2.x repeat a new job in its event, 2.x still writes to a stream that nobody reads, and 5.1
    stores a delay of 0 with every job."""
    for name in ("marker", "stalled-check", *(["delay"] if alias == "bullmq2" else [])):
        keys.pop(name, None)
    for value in keys.values():
        if isinstance(value, dict) and "opts" in value:
            value["opts"] = value["opts"].replace('"delay": 0, ', "").replace(', "delay": 0', "")
    left_out = ("drained", "cleaned", "removed")
    events = [event for event in keys.get("events", []) if event["event"] not in left_out]
    repeated = ("data", "opts")
    keys["events"] = [
        {n: v for n, v in each.items() if each["event"] != "added" or n not in repeated} for each in events
    ]
    for name in ("wait", "paused"):
        keys[name] = [member for member in keys.get(name, []) if member != "0" and not member.startswith("0:")]
    return keys


def _learn(history: History, kind: Kind, told: dict[str, Any], answer: Any) -> None:
    """A copy has an id that the library gave."""
    if kind.verb == "duplicate":
        opts = told["opts"]
        history.known(str(answer["id"]), Drawn(told["name"], "ready", told["data"], opts, opts.get("priority", 0)))


def _begun(library: Library, seed: int) -> History:
    history = History(library, random.Random(f"{library.alias} {seed}"))
    for state in BEGINNING:
        history.new(state)
    return history


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_a_random_history_ends_the_same(
    node: NodeDriver, redis: Any, instance: Instance, library: Library, seed: int, scenarios: Callable[[int], None]
) -> None:
    history = _begun(library, seed)
    theirs, ours = (node.library(library.alias).queue(name) for name in ("mail-theirs", "mail-ours"))
    twins, steps = Twins(theirs, ours, Ours(instance, ours), redis), []
    twins.build(history)
    possible = [kind for kind in KINDS if kind.on(library)]
    for _ in range(STEPS):
        kind = history.draw.choice([kind for kind in possible if kind.whom(history)])
        subject = history.draw.choice(kind.whom(history))
        told = kind.tell(history, subject)
        steps.append((kind.verb, subject, told))
        _learn(history, kind, told, await twins.live(kind, subject, told))
    seen, expected = twins.seen()
    assert unequal(seen, expected) == {}, "ours, theirs, after " + "\n".join(map(str, steps))
    scenarios(1)


def test_every_mutation_that_needs_no_worker_and_no_limit_befalls_histories() -> None:
    missing = {"fail", "requeue", "release_rate_limit", "release_deduplication", "trim_events", "mend_pause"}
    # These have histories of their own: what a schedule adds depends on the clock, and a move needs two queues.
    missing |= {"upsert_scheduler", "remove_scheduler", "run_scheduler", "move"}
    mutations = {name for name in vars(Mutations) if not name.startswith("_")}
    assert mutations - missing <= {kind.verb for kind in KINDS}
