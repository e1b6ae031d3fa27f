"""What we add or change, the library's own workers run: in its turn, at its time, as often as it says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import Conflict
from core.mutations.adding import NewJob
from tests.interop.node_driver import NodeQueue, until
from tests.interop.ours import ACTED_ON, Ours, named
from tests.interop.scenario import FAR, waiting

pytestmark = pytest.mark.parametrize("library", ACTED_ON, ids=named)
SOON = 250
# An idle worker looks by itself every five seconds, unless it is told to nap for less.
NAP = 1
WITHIN = 4.0


async def add(ours: Ours, data: Any = None, **options: Any) -> str:
    (outcome,) = await ours.add([NewJob("deliver", json.dumps(data or {}), options)])
    assert outcome.changed
    return str(outcome.job_id)


def runs(mail: NodeQueue, *names: str) -> list[dict[str, Any]]:
    """Every finished run of these jobs, in their order."""
    return [run for run in mail.truth() if run["jobId"] in names and run["outcome"]]


def order_of_runs(mail: NodeQueue, *names: str) -> list[str]:
    with mail.worker(concurrency=1):
        until(lambda: {run["jobId"] for run in runs(mail, *names)} == set(names))
    return [run["jobId"] for run in runs(mail, *names)]


@pytest.mark.proves("add")
async def test_the_library_reads_our_job_as_one_of_its_own(mail: NodeQueue, ours: Ours) -> None:
    data = {"to": "ann/bob", "amount": 12.5, "tags": ["ü ☃"], "none": None, "id": 9007199254740991}
    opts = {"attempts": 3, "backoff": 700, "removeOnFail": {"count": 9}, "priority": 2, "stackTraceLimit": 2}
    theirs = str(mail.add("deliver", data, **opts)["id"])
    by_them, by_us = mail.job(theirs), mail.job(await add(ours, data, **opts))
    assert by_them is not None
    assert by_us is not None
    for job in (by_them, by_us):
        for clock in ("id", "timestamp"):
            del job[clock]
        job["opts"].pop("timestamp", None)
        # 5.1 alone writes the default that nobody reads.
        job["opts"].pop("delay", None)
    assert by_us == by_them


@pytest.mark.proves("add")
async def test_an_idle_worker_runs_an_added_job_at_once(mail: NodeQueue, ours: Ours, idle: Callable[[], None]) -> None:
    with mail.worker():
        for options in ({}, {"priority": 3}, {"lifo": True}):
            idle()
            job_id = await add(ours, {"script": {"return": {"n": 5}}}, **options)
            until(lambda job_id=job_id: runs(mail, job_id), timeout=4)  # type: ignore[misc] # bound now, on purpose
            mail.wait_for_state(job_id, "completed")
    job = mail.job(job_id)
    assert job is not None
    assert (job["name"], job["returnvalue"]) == ("deliver", {"n": 5})


@pytest.mark.proves("add")
async def test_ours_and_theirs_run_in_the_order_of_their_priorities(mail: NodeQueue, ours: Ours) -> None:
    for priority in (4, 2):
        mail.add("deliver", jobId=f"theirs{priority}", priority=priority)
        await add(ours, jobId=f"ours{priority}", priority=priority)
        await add(ours, jobId=f"ours{priority + 1}", priority=priority + 1)
    wanted = ["theirs2", "ours2", "ours3", "theirs4", "ours4", "ours5"]
    assert order_of_runs(mail, *wanted) == wanted


@pytest.mark.proves("add")
async def test_attempts_and_backoff_are_heeded(mail: NodeQueue, ours: Ours) -> None:
    with mail.worker(drainDelay=NAP):
        twice = await add(ours, {"script": {"failTimes": 2}}, attempts=3, backoff={"type": "fixed", "delay": 60})
        never = await add(ours, {"script": {"fail": "no"}})
        mail.wait_for_state(twice, "completed", timeout=20)
        mail.wait_for_state(never, "failed")
    assert [run["outcome"] for run in runs(mail, twice)] == ["failed", "failed", "completed"]
    assert len(runs(mail, never)) == 1


@pytest.mark.proves("add")
@pytest.mark.proves("change_delay")
async def test_a_delayed_job_runs_when_it_is_due(mail: NodeQueue, ours: Ours, idle: Callable[[], None]) -> None:
    if mail.library.facts.major == 1:
        mail.add("other", jobId="much-later", delay=FAR)  # begins the stream that its QueueScheduler listens to
    with mail.worker(**({"drainDelay": NAP} if mail.library.facts.major == 2 else {})):
        idle()
        began = time.time_ns() // 1_000_000
        added = await add(ours, delay=SOON)
        changed = waiting(mail, delay=FAR)
        await ours.change_delay(changed, 2 * SOON)
        until(lambda: len(runs(mail, added, changed)) == 2, timeout=WITHIN)
    first, second = runs(mail, added, changed)
    assert (first["jobId"], second["jobId"]) == (added, changed)
    assert first["startedAt"] - began >= SOON
    assert second["startedAt"] - began >= 2 * SOON


@pytest.mark.proves("change_priority")
async def test_jobs_run_in_the_order_of_their_new_priorities(mail: NodeQueue, ours: Ours) -> None:
    for priority in (1, 2, 3):
        mail.add("deliver", jobId=f"was{priority}", priority=priority)
    mail.add("deliver", jobId="plain")
    mail.add("deliver", jobId="later", delay=FAR)
    await ours.change_priority("was1", 3)
    await ours.change_priority("was3", 2, lifo=True)
    await ours.change_priority("plain", 9)
    await ours.change_priority("later", 1)
    await ours.promote("later")
    mail.add("deliver", jobId="new2", priority=2)
    wanted = ["later", "was3", "was2", "new2", "was1", "plain"]
    assert order_of_runs(mail, *wanted) == wanted
    assert mail.counts().get("prioritized", 0) == 0


@pytest.mark.proves("change_priority")
async def test_an_idle_worker_of_a_resumed_queue_takes_what_left_the_list(mail: NodeQueue, ours: Ours) -> None:
    await ours.pause()
    job_id = waiting(mail)
    await ours.change_priority(job_id, 3)
    assert not mail.truth()
    with mail.worker():
        await ours.resume()
        until(lambda: runs(mail, job_id), timeout=WITHIN)


@pytest.mark.proves("edit_data")
async def test_the_worker_gets_the_edited_data(mail: NodeQueue, ours: Ours) -> None:
    job_id = waiting(mail)
    await ours.edit_data(job_id, '{"script":{"hold":"gate","return":[9007199254740991]}}', seen="{}")
    with mail.worker() as worker:
        until(worker.held)
        with pytest.raises(Conflict, match="it has read the job's data already"):
            await ours.edit_data(job_id, "{}")
        worker.release("gate")
        mail.wait_for_state(job_id, "completed")
    job = mail.job(job_id)
    assert job is not None
    assert job["returnvalue"] == [9007199254740991]


@pytest.mark.proves("set_progress")
@pytest.mark.proves("log")
async def test_progress_and_log_are_the_librarys_own(mail: NodeQueue, ours: Ours) -> None:
    mail.record_events()
    job_id = str(mail.add("deliver", {"script": {"hold": "gate"}})["id"])
    with mail.worker() as worker:
        until(worker.held)
        await ours.set_progress(job_id, '{"step":2,"of":"ü ☃"}')
        await ours.log(job_id, "half way ☃")
        event = mail.wait_for_event("progress", job_id)
        assert event["data"] == {"step": 2, "of": "ü ☃"}
        worker.release("gate")
        mail.wait_for_state(job_id, "completed")
    job = mail.job(job_id)
    assert job is not None
    assert job["progress"] == {"step": 2, "of": "ü ☃"}
    assert mail.logs(job_id) == ["half way ☃"]


@pytest.mark.proves("duplicate")
async def test_a_copy_runs_beside_its_original(mail: NodeQueue, ours: Ours) -> None:
    job_id = str(mail.add("deliver", {"script": {"return": "done"}}, jobId="order-7", priority=3, attempts=2)["id"])
    with mail.worker():
        mail.wait_for_state(job_id, "completed")
        copy = str((await ours.duplicate(job_id)).job_id)
        other = str((await ours.duplicate(job_id, data='{"script":{"return":"else"}}')).job_id)
        for each in (copy, other):
            mail.wait_for_state(each, "completed")
    jobs = [mail.job(each) for each in (job_id, copy, other)]
    assert [job["returnvalue"] for job in jobs if job] == ["done", "done", "else"]
    assert {job["name"] for job in jobs if job} == {"deliver"}
    assert {job["opts"]["attempts"] for job in jobs if job} == {2}


@pytest.mark.proves("add")
async def test_listeners_hear_of_an_added_job_and_of_one_that_was_there(mail: NodeQueue, ours: Ours) -> None:
    mail.record_events()
    await add(ours, jobId="order-7")
    mail.wait_for_event("waiting", "order-7")
    (outcome,) = await ours.add([NewJob("deliver", "{}", {"jobId": "order-7"})])
    assert not outcome.changed
    if not mail.library.facts.is_bull:
        mail.wait_for_event("added", "order-7")
        mail.wait_for_event("duplicated", "order-7")
    assert mail.counts().get("waiting") == 1
