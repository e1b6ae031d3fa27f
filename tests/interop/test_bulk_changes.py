"""Priorities and delays changed in bulk: the library's own workers run the jobs as we said."""

from __future__ import annotations

import pytest
import redis as redis_py

from core.instance import Instance
from core.model import State
from core.operations.operation import Status
from core.operations.request import Action
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, Ours, named
from tests.interop.scenario import FAR

JOBS = ("anna", "bert", "carl")
each_library = pytest.mark.parametrize("library", ACTED_ON, ids=named)


@pytest.fixture
def mail(node: NodeDriver, library: Library) -> NodeQueue:
    """Three delayed jobs, and nothing else."""
    queue = node.library(library.alias).queue("mail")
    queue.open()
    for number, name in enumerate(JOBS):
        queue.add(name, jobId=name, delay=FAR + number * 1000)
    return queue


@pytest.mark.proves("bulk-change-delay")
@each_library
async def test_delayed_jobs_that_are_due_at_once_are_run_by_the_library(mail: NodeQueue, instance: Instance) -> None:
    operation = await Ours(instance, mail).bulk(Action.CHANGE_DELAY, State.DELAYED, delay=0)

    assert (operation.status, operation.done, operation.skipped) == (Status.DONE, len(JOBS), {})
    with mail.worker():
        until(lambda: len(mail.truth()) == len(JOBS) and all(mail.state(name) == "completed" for name in JOBS))


@pytest.mark.proves("bulk-change-delay")
@each_library
async def test_delayed_jobs_that_are_put_off_stay_delayed(
    mail: NodeQueue, instance: Instance, redis: redis_py.Redis
) -> None:
    before = {name: redis.zscore("bull:mail:delayed", name) for name in JOBS}
    operation = await Ours(instance, mail).bulk(Action.CHANGE_DELAY, State.DELAYED, delay=2 * FAR)

    assert operation.done == len(JOBS)
    assert all((redis.zscore("bull:mail:delayed", name) or 0) > (before[name] or 0) for name in JOBS)
    assert [mail.state(name) for name in JOBS] == ["delayed"] * len(JOBS)


@pytest.mark.proves("bulk-change-priority")
@each_library
async def test_jobs_given_a_priority_overtake_those_with_a_lesser_one(mail: NodeQueue, instance: Instance) -> None:
    for name in ("dora", "emil"):
        mail.add(name, jobId=name, delay=FAR + 60_000, priority=9)
    ours = Ours(instance, mail)
    operation = await ours.bulk(Action.CHANGE_PRIORITY, State.DELAYED, priority=2, limit=len(JOBS))
    assert (operation.status, operation.done) == (Status.DONE, len(JOBS))

    for name in ("dora", "emil", *JOBS):
        mail.promote(name)
    with mail.worker(concurrency=1):
        until(lambda: len(mail.truth()) == len(JOBS) + 2)

    assert {run["jobId"] for run in mail.truth()[: len(JOBS)]} == set(JOBS)
