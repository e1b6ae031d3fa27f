"""Many jobs of the real library go to another queue at once, and the worker of that queue runs each of them once."""

from __future__ import annotations

from collections import Counter

import pytest

from core.instance import Instance
from core.model import QueueId, State
from core.operations.operation import Operation, Status
from core.operations.registry import Operations
from core.operations.request import Action, Options, Request
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, named
from tests.interop.scenario import FAILING
from tests.interop.sighted import found, grounded, seen

MAIL, POST = QueueId("default", "bull", "mail"), QueueId("default", "bull", "post")
JOBS = 30
each_library = pytest.mark.parametrize("library", ACTED_ON, ids=named)


@pytest.fixture
def post(node: NodeDriver, library: Library) -> NodeQueue:
    queue = node.library(library.alias).queue("post")
    queue.open()
    return queue


async def moved(instance: Instance, mail: NodeQueue, post: NodeQueue, state: State) -> Operation:
    sight = seen(instance, *found(mail, post))
    operations = Operations(grounded(sight), lambda: [MAIL, POST])
    started = await operations.start(Request(Action.MOVE, (MAIL,), state, Options(to=POST)))
    return await operations.wait(started.id)


def numbers(queue: NodeQueue) -> Counter[int]:
    """How often the job with each number ran to its end there."""
    runs = [run["jobId"] for run in queue.truth() if run["outcome"] == "completed"]
    return Counter(job["data"]["n"] for job in map(queue.job, runs) if job is not None)


@pytest.mark.proves("bulk-move")
@each_library
async def test_waiting_jobs_run_once_in_their_new_queue(instance: Instance, mail: NodeQueue, post: NodeQueue) -> None:
    for number in range(JOBS):
        mail.add("deliver", {"n": number})
    operation = await moved(instance, mail, post, State.WAITING)
    assert (operation.status, operation.done, operation.skipped) == (Status.DONE, JOBS, {})
    assert not sum(mail.counts().values())
    with post.worker(), mail.worker():
        until(lambda: len(post.ids("completed")) >= JOBS)
    assert numbers(post) == dict.fromkeys(range(JOBS), 1)
    assert mail.truth() == []


@pytest.mark.proves("bulk-move")
@each_library
async def test_failed_jobs_have_all_their_attempts_there(instance: Instance, mail: NodeQueue, post: NodeQueue) -> None:
    for number in range(3):
        mail.add("deliver", {**FAILING, "n": number}, attempts=2)
    with mail.worker():
        until(lambda: len(mail.ids("failed")) == 3)
    operation = await moved(instance, mail, post, State.FAILED)
    assert (operation.status, operation.done) == (Status.DONE, 3)
    assert not sum(mail.counts().values())
    with post.worker():
        until(lambda: len(post.ids("failed")) == 3)
    assert len(post.truth()) == 6
