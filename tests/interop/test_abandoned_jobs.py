"""Jobs whose worker was killed, in every library: requeued by us they run exactly once more, failed by us the library
sees them failed; and a job that a worker holds is not touched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import Conflict
from core.mutations import abandoned
from tests.interop.node_driver import Library, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, BULLMQS, Ours, named
from tests.interop.scenario import FAR, family
from tickbird.demo.server import EmbeddedServer

EVERY = pytest.mark.parametrize("library", ACTED_ON, ids=named)
HELD = {"script": {"hold": "gate"}}


@pytest.fixture(autouse=True)
def shorter_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abandoned, "AGAIN_AFTER", 0.3)


@pytest.fixture
def doomed(server: EmbeddedServer, library: Library, mail: NodeQueue) -> Iterator[NodeQueue]:
    """The same queue in a Node process of its own, to be killed."""
    with NodeDriver.start(server.port) as driver:
        yield driver.library(library.alias).queue(mail.name)


def left_behind(mail: NodeQueue, doomed: NodeQueue, redis: Any, data: Any = HELD, **opts: Any) -> str:
    """A job that was running when its process was killed, and whose lock has run out since."""
    job_id = str(mail.add("deliver", data, **opts)["id"])
    killed_while_running(doomed, redis, job_id)
    return job_id


def no_stall_check(ours: Ours, redis: Any) -> None:
    """Each library looks for stalled jobs as soon as it starts, unless another worker is just said to have done so."""
    redis.set(f"{ours.base}stalled-check", "done", px=FAR)


def killed_while_running(doomed: NodeQueue, redis: Any, job_id: str) -> None:
    worker = doomed.worker(lockDuration=400, stalledInterval=FAR)
    until(lambda: job_id in [held["jobId"] for held in worker.held()])
    doomed.library.driver.kill()
    until(lambda: not redis.exists(f"bull:mail:{job_id}:lock"))


@pytest.mark.proves("requeue")
@EVERY
async def test_a_killed_workers_job_runs_exactly_once_more(
    mail: NodeQueue, ours: Ours, doomed: NodeQueue, redis: Any
) -> None:
    job_id = left_behind(mail, doomed, redis)
    later = str(mail.add("deliver")["id"])
    assert (await ours.requeue(job_id)).changed
    with mail.worker(concurrency=1) as worker:
        worker.release("gate")
        for each in (job_id, later):
            mail.wait_for_state(each, "completed")
    assert [(run["jobId"], run["outcome"]) for run in mail.truth()] == [(job_id, "completed"), (later, "completed")]
    assert not redis.exists("bull:mail:active", "bull:mail:stalled", f"bull:mail:{job_id}:lock")


@pytest.mark.proves("requeue")
@EVERY
async def test_8_15_an_idle_worker_takes_a_requeued_job_at_once(
    mail: NodeQueue, ours: Ours, doomed: NodeQueue, redis: Any
) -> None:
    job_id = left_behind(mail, doomed, redis)
    with mail.worker(stalledInterval=FAR) as worker:
        until(lambda: [client for client in redis.client_list() if client["flags"] == "b"])
        await ours.requeue(job_id)
        worker.release("gate")
        until(mail.truth, timeout=4)
        mail.wait_for_state(job_id, "completed")


@pytest.mark.proves("fail")
@EVERY
async def test_a_job_that_we_failed_is_failed_to_its_library_and_can_be_retried(
    mail: NodeQueue, ours: Ours, doomed: NodeQueue, redis: Any
) -> None:
    mail.record_events()
    job_id = left_behind(mail, doomed, redis, attempts=3)
    await ours.fail(job_id, "its host is gone")
    assert mail.state(job_id) == "failed"
    job = mail.job(job_id)
    assert job is not None
    assert job["failedReason"] == "its host is gone"
    assert mail.wait_for_event("failed", job_id)["failedReason"] == "its host is gone"
    assert mail.ids("active") == []
    mail.retry(job_id)
    with mail.worker() as worker:
        worker.release("gate")
        mail.wait_for_state(job_id, "completed")
    assert len(mail.truth()) == 1


@pytest.mark.proves("requeue")
@pytest.mark.proves("fail")
@EVERY
async def test_8_5_a_job_that_a_worker_holds_is_neither_failed_nor_requeued(mail: NodeQueue, ours: Ours) -> None:
    job_id = str(mail.add("deliver", HELD)["id"])
    with mail.worker() as worker:
        until(worker.held)
        with pytest.raises(Conflict, match="it would run twice"):
            await ours.requeue(job_id)
        with pytest.raises(Conflict, match="failing it would lose its result"):
            await ours.fail(job_id, "gone")
        worker.release("gate")
        mail.wait_for_state(job_id, "completed")
        assert worker.errors() == []
    assert len(mail.truth()) == 1


@pytest.mark.proves("requeue")
@EVERY
async def test_8_5_a_worker_that_locks_between_our_two_looks_keeps_its_job(
    mail: NodeQueue, ours: Ours, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment after taking, before locking: put there by hand, as it lasts a millisecond."""
    job_id = str(mail.add("deliver", HELD)["id"])
    no_stall_check(ours, redis)
    with mail.worker() as worker:
        until(worker.held)
        key = f"{ours.base}{job_id}:lock"
        token = redis.get(key)
        if mail.library.facts.dialect == "mq5":
            with pytest.raises(Conflict, match="it would run twice"):
                await ours.requeue(job_id)
        else:
            redis.delete(key, f"{ours.base}stalled")

            async def it_locks(_seconds: float) -> None:
                redis.set(key, token, px=30_000)

            monkeypatch.setattr(asyncio, "sleep", it_locks)
            with pytest.raises(Conflict, match="it would run twice"):
                await ours.requeue(job_id)
        worker.release("gate")
        mail.wait_for_state(job_id, "completed")
    assert len(mail.truth()) == 1


@pytest.mark.proves("remove")
@EVERY
async def test_8_5_force_removes_a_running_job_and_leaves_nothing_of_it(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    job_id = str(mail.add("deliver", HELD)["id"])
    with mail.worker() as worker:
        until(worker.held)
        outcome = await ours.remove(job_id, force=True)
        assert "that run's result is lost" in outcome.sentence
        assert mail.job(job_id) is None
        assert not redis.exists(f"{ours.base}active", f"{ours.base}{job_id}:lock")
        worker.release("gate")
        after = str(mail.add("deliver")["id"])
        mail.wait_for_state(after, "completed")
    assert mail.ids("failed") == []


@pytest.mark.proves("remove")
@EVERY
async def test_8_12_force_removes_a_schedulers_next_iteration_with_a_warning(mail: NodeQueue, ours: Ours) -> None:
    facts = mail.library.facts
    if facts.has_repeatables:
        mail.add("tidy", repeat={"cron" if facts.is_bull else "pattern": "0 3 1 1 *"})
    else:
        mail.call("queue.upsertJobScheduler", "nightly", {"pattern": "0 3 1 1 *"}, {"name": "tidy"})
    (iteration,) = mail.ids("delayed")
    outcome = await ours.remove(iteration, force=True)
    assert "that scheduler is at its end" in outcome.sentence
    assert mail.ids("delayed") == []


@pytest.mark.proves("fail")
@pytest.mark.parametrize("library", [library for library in BULLMQS if library.alias != "bullmq1"], ids=named)
async def test_8_13_a_parent_that_fails_with_its_child_fails_when_we_fail_the_child(
    mail: NodeQueue, ours: Ours, doomed: NodeQueue, redis: Any
) -> None:
    family(mail, {"script": {"hold": "gate"}, "failParentOnFailure": True}, {"delay": FAR})
    killed_while_running(doomed, redis, "child0")
    outcome = await ours.fail("child0", "gone")
    assert "Its parent fail" in outcome.sentence
    with mail.worker():
        mail.wait_for_state("parent", "failed")
    job = mail.job("parent")
    assert job is not None
    assert job["failedReason"] == f"child {ours.base}child0 failed"
    assert [run["jobId"] for run in mail.truth() if run["outcome"] != "failed"] == []


@pytest.mark.proves("fail")
@pytest.mark.parametrize("library", [each for each in BULLMQS if each.alias in ("bullmq5", "bullmq6")], ids=named)
async def test_8_13_a_parent_that_ignores_the_failure_runs_with_it_told(
    mail: NodeQueue, ours: Ours, doomed: NodeQueue, redis: Any
) -> None:
    family(mail, {"script": {"hold": "gate"}, "ignoreDependencyOnFailure": True})
    killed_while_running(doomed, redis, "child0")
    await ours.fail("child0", "gone")
    with mail.worker():
        mail.wait_for_state("parent", "completed")
    assert mail.call("job.getIgnoredChildrenFailures", "parent") == {f"{ours.base}child0": "gone"}
