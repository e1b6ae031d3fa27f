"""A job of the real library goes to another queue, and the worker of that queue runs it: once, whatever cuts it off."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from core.errors import Conflict, NotFound, TickbirdError
from core.instance import Instance
from core.model import Outcome, QueueId, State
from core.mutations.front import Mutations
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, named
from tests.interop.scenario import FAR
from tests.interop.sighted import found, grounded, seen
from tickbird.demo.server import EmbeddedServer

ROOT = Path(__file__).parents[2]
MAIL, POST = QueueId("default", "bull", "mail"), QueueId("default", "bull", "post")
each_library = pytest.mark.parametrize("library", ACTED_ON, ids=named)
newest = pytest.mark.parametrize(
    "library", [each for each in ACTED_ON if each.alias in ("bull4", "bullmq3", "bullmq6")], ids=named
)


def opened(node: NodeDriver, alias: str) -> NodeQueue:
    """The queue that jobs are moved to."""
    queue = node.library(alias).queue("post")
    queue.open()
    return queue


def mover(instance: Instance, *queues: NodeQueue) -> Mutations:
    return Mutations(grounded(seen(instance, *found(*queues))))


def runs(post: NodeQueue) -> Counter[str]:
    """How often each job ran there."""
    return Counter(run["jobId"] for run in post.truth() if run["outcome"] == "completed")


@pytest.mark.proves("move")
@pytest.mark.parametrize("alias", ["bull4", "bullmq6"])
@each_library
async def test_a_job_from_anywhere_runs_in_its_new_queue_once(
    node: NodeDriver, instance: Instance, mail: NodeQueue, alias: str
) -> None:
    post = opened(node, alias)
    script = {"script": {"return": {"n": 5}}}
    waiting = str(mail.add("deliver", script, attempts=2)["id"])
    urgent = str(mail.add("deliver", script, priority=3)["id"])
    later = str(mail.add("deliver", script, delay=FAR)["id"])
    mutations = mover(instance, mail, post)
    became = [(await mutations.move(MAIL, job_id, POST)).job_id for job_id in (waiting, urgent, later)]
    assert not sum(mail.counts().values())
    delayed = post.job(str(became[2]))
    assert delayed is not None
    assert post.ids("delayed") == [became[2]]
    assert FAR - 60_000 < delayed["delay"] <= FAR
    await mutations.promote(POST, str(became[2]))
    with post.worker(), mail.worker():
        for job_id in became:
            post.wait_for_state(str(job_id), "completed")
    assert runs(post) == dict.fromkeys(map(str, became), 1)
    assert mail.truth() == []
    first, second = post.job(str(became[0])), post.job(str(became[1]))
    assert first is not None
    assert second is not None
    assert (first["name"], first["data"], first["returnvalue"]) == ("deliver", script, {"n": 5})
    assert (first["opts"]["attempts"], second["opts"]["priority"]) == (2, 3)


@pytest.mark.proves("move")
@each_library
async def test_a_failed_job_has_all_its_attempts_there(
    node: NodeDriver, instance: Instance, mail: NodeQueue, library: Library
) -> None:
    post = opened(node, library.alias)
    job_id = str(mail.add("deliver", {"script": {"failTimes": 3}}, attempts=2, backoff=20)["id"])
    with mail.worker():
        mail.wait_for_state(job_id, "failed")
    outcome = await mover(instance, mail, post).move(MAIL, job_id, POST)
    assert mail.job(job_id) is None
    with post.worker():
        post.wait_for_state(str(outcome.job_id), "failed")
    assert [run["outcome"] for run in post.truth()] == ["failed", "failed"]


@pytest.mark.proves("move")
@each_library
async def test_a_job_that_a_worker_runs_stays(
    node: NodeDriver, instance: Instance, mail: NodeQueue, library: Library
) -> None:
    post = opened(node, library.alias)
    job_id = str(mail.add("deliver", {"script": {"hold": "gate"}})["id"])
    with mail.worker() as worker:
        mail.wait_for_state(job_id, "active")
        with pytest.raises(Conflict):
            await mover(instance, mail, post).move(MAIL, job_id, POST)
        worker.release("gate")
        mail.wait_for_state(job_id, "completed")
    assert post.counts().get("waiting", 0) == 0


@newest
async def test_beside_busy_workers_each_job_runs_once_in_one_of_the_queues(
    node: NodeDriver, instance: Instance, mail: NodeQueue, library: Library
) -> None:
    post = opened(node, library.alias)
    ids = [str(mail.add("deliver", {"n": number})["id"]) for number in range(120)]
    mutations = mover(instance, mail, post)

    async def press(job_id: str) -> Outcome | TickbirdError:
        try:
            return await mutations.move(MAIL, job_id, POST, seen=State.WAITING)
        except (Conflict, NotFound) as refusal:
            return refusal

    with mail.worker(), post.worker():
        became = await asyncio.gather(*(press(job_id) for job_id in reversed(ids) for _ in range(2)))
        until(lambda: len(mail.truth()) + len(post.truth()) >= len(ids))
        until(lambda: not (mail.ids("waiting") or mail.ids("active") or post.ids("waiting") or post.ids("active")))
    moved = {each.job_id for each in became if isinstance(each, Outcome)}
    assert set(runs(post)) == moved
    assert set((runs(mail) + runs(post)).values()) == {1}
    assert len(runs(mail)) + len(runs(post)) == len(ids)


MOVER = """
    import asyncio, sys
    sys.path.insert(0, sys.argv[3])
    from core.instance import Instance
    from core.model import Dialect, Identity, Queue, QueueId
    from core.mutations.front import Mutations
    from core.redis_settings import RedisSettings
    from tests.interop.sighted import grounded, seen

    async def main():
        instance = Instance(RedisSettings("default", sys.argv[1], ("*",)))
        identity = Identity(Dialect(sys.argv[2]), None, ())
        queues = [Queue(QueueId("default", "bull", name), identity, False, {}) for name in ("mail", "post")]
        mutations = Mutations(grounded(seen(instance, *queues)))
        for job_id in sys.argv[4:]:
            try:
                await mutations.move(queues[0].id, job_id, queues[1].id)
            except Exception as error:
                if type(error).__name__ != "NotFound":
                    raise

    asyncio.run(main())
"""


def killed(program: list[str], mail: NodeQueue, left: int) -> None:
    """It runs until no more than so many are left, and no longer."""
    with subprocess.Popen(program, cwd=ROOT) as moving:
        until(lambda: len(mail.ids("waiting")) <= left, timeout=30)
        moving.send_signal(signal.SIGKILL)


@newest
async def test_a_tickbird_killed_on_the_way_leaves_nothing_to_be_run_twice(
    server: EmbeddedServer, node: NodeDriver, instance: Instance, mail: NodeQueue, library: Library
) -> None:
    post = opened(node, library.alias)
    ids = [str(mail.add("deliver", {"n": number}, removeOnComplete=True)["id"]) for number in range(240)]
    program = [sys.executable, "-c", textwrap.dedent(MOVER), server.url, library.dialect, str(ROOT), *ids]
    mutations = mover(instance, mail, post)
    with post.worker(concurrency=4):
        for left in (200, 120, 40):
            killed(program, mail, left)
        for job_id in ids:
            try:
                await mutations.move(MAIL, job_id, POST)
            except NotFound:
                continue
        until(lambda: len(post.truth()) >= len(ids) and all(run["outcome"] for run in post.truth()))
        until(lambda: not (post.ids("waiting") or post.ids("active")))
    assert not sum(mail.counts().values())
    assert Counter(runs(post).values()) == {1: len(ids)}
