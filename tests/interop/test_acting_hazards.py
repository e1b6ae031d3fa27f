"""The hazards of docs/redis-layout.md, section 8, that concern what we do: each a test."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Conflict
from tests.interop.node_driver import LIBRARIES, NodeDriver, NodeQueue, until
from tests.interop.ours import ACTED_ON, BULLMQS, BULLS, Ours, named
from tests.interop.scenario import FAR, after_failure, after_success, failed, waiting

BY_ALIAS = {library.alias: library for library in LIBRARIES}


def order_of_runs(mail: NodeQueue, *names: str) -> list[str]:
    with mail.worker(concurrency=1):
        until(lambda: {run["jobId"] for run in mail.truth() if run["outcome"]} >= set(names))
    return [run["jobId"] for run in mail.truth() if run["jobId"] in names]


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_4_retried_and_promoted_jobs_run_in_the_order_of_their_priorities(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    with mail.worker():
        for priority in (4, 2):
            mail.add("deliver", {"script": {"failTimes": 1}}, jobId=f"retried{priority}", priority=priority)
        until(lambda: len(mail.ids("failed")) == 2)
    for priority in (5, 1):
        mail.add("deliver", jobId=f"promoted{priority}", priority=priority, delay=FAR)
    mail.add("deliver", jobId="added3", priority=3)
    mail.add("deliver", jobId="plain")
    for job_id in ("retried4", "retried2"):
        await ours.retry(job_id)
    for job_id in ("promoted5", "promoted1"):
        await ours.promote(job_id)
    wanted = ["promoted1", "retried2", "added3", "retried4", "promoted5"]
    ran = order_of_runs(mail, *wanted, "plain")[2:]
    plain = ran.index("plain")
    assert ran[:plain] + ran[plain + 1 :] == wanted
    assert plain == (0 if mail.library.facts.has_prioritized_state else 5)
    assert not redis.exists("bull:mail:priority")


@pytest.mark.parametrize("library", BULLS, ids=named)
async def test_8_4_removing_a_job_with_priority_leaves_the_order_of_the_others_intact(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    for number in range(6):
        mail.add("deliver", jobId=f"low{number}", priority=5)
    for number in range(3):
        await ours.remove(f"low{number}")
    assert {member.decode() for member in redis.zrange("bull:mail:priority", 0, -1)} == {"low3", "low4", "low5"}
    mail.add("deliver", jobId="high", priority=1)
    mail.add("deliver", jobId="middle", priority=3)
    wanted = ["high", "middle", "low3", "low4", "low5"]
    assert order_of_runs(mail, *wanted) == wanted


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_5_a_job_that_a_worker_holds_is_refused_and_completes_untouched(mail: NodeQueue, ours: Ours) -> None:
    job_id = str(mail.add("deliver", {"script": {"hold": "gate"}})["id"])
    with mail.worker() as worker:
        until(worker.held)
        with pytest.raises(Conflict, match="removing it would lose its result") as refused:
            await ours.remove(job_id)
        assert "Wait until it has finished" in refused.value.hint
        with pytest.raises(Conflict, match="is active now"):
            await ours.retry(job_id)
        with pytest.raises(Conflict, match="is active now"):
            await ours.promote(job_id)
        worker.release("gate")
        mail.wait_for_state(job_id, "completed")
        assert worker.errors() == []
    assert len(mail.truth()) == 1


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_5_an_active_job_without_a_lock_goes_only_where_that_proves_it_abandoned(
    mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    job_id = str(mail.add("deliver", {"script": {"hold": "gate"}})["id"])
    with mail.worker() as worker:
        until(worker.held)
        redis.delete(f"{ours.base}{job_id}:lock", f"{ours.base}stalled")
        if mail.library.facts.dialect != "mq5":
            with pytest.raises(Conflict, match="may just have taken it"):
                await ours.remove(job_id)
            redis.sadd(f"{ours.base}stalled", job_id)
        await ours.remove(job_id)
        assert mail.job(job_id) is None
        assert not redis.exists(f"{ours.base}active", f"{ours.base}stalled")
        worker.release("gate")


@pytest.mark.parametrize("library", [library for library in BULLMQS if library.alias != "bullmq1"], ids=named)
async def test_8_6_a_parent_is_retried_only_after_the_children_that_failed_it(mail: NodeQueue, ours: Ours) -> None:
    after_failure(mail, {"script": {"failTimes": 1}, "failParentOnFailure": True}, {"delay": FAR})
    mail.wait_for_state("parent", "failed")
    with pytest.raises(Conflict, match="child") as refused:
        await ours.retry("parent")
    assert "Retry" in refused.value.hint
    await ours.retry("child0")
    with mail.worker():
        mail.wait_for_state("child0", "completed")
        with pytest.raises(Conflict, match="1 unfinished child"):
            await ours.retry("parent")
        await ours.promote("child1")
        mail.wait_for_state("child1", "completed")
        await ours.retry("parent")
        mail.wait_for_state("parent", "completed")


@pytest.mark.parametrize("library", [BY_ALIAS["bullmq5"], BY_ALIAS["bullmq6"]], ids=named)
async def test_8_6_a_parent_waits_again_for_a_completed_child_that_is_retried(mail: NodeQueue, ours: Ours) -> None:
    after_success(mail, {}, {"delay": FAR})
    await ours.retry("child0")
    await ours.promote("child1")
    with mail.worker():
        mail.wait_for_state("parent", "completed")
    order = [run["jobId"] for run in mail.truth()]
    assert sorted(order[1:3]) == ["child0", "child1"]
    assert order[3] == "parent"


@pytest.mark.parametrize("library", [BY_ALIAS["bullmq51"], BY_ALIAS["bullmq5"], BY_ALIAS["bullmq6"]], ids=named)
async def test_8_7_a_job_that_failed_under_bullmq_4_still_exhausts_its_attempts(
    node: NodeDriver, mail: NodeQueue, ours: Ours, redis: Any
) -> None:
    before_upgrade = node.library("bullmq4").queue("mail")
    job_id = failed(before_upgrade, attempts=3)
    assert redis.hget(f"{ours.base}{job_id}", "attemptsMade") == b"3"
    await ours.retry(job_id)
    with mail.worker():
        mail.wait_for_state(job_id, "failed")
    assert len(mail.truth()) == 1
    await ours.retry(job_id, reset_attempts=True)
    with mail.worker():
        until(lambda: len(mail.truth()) == 4 and mail.state(job_id) == "failed")


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_7_attempts_are_counted_anew_only_when_asked(mail: NodeQueue, ours: Ours) -> None:
    job_id = failed(mail, attempts=2)
    assert len(mail.truth()) == 2
    await ours.retry(job_id)
    with mail.worker():
        until(lambda: len(mail.truth()) == 3 and mail.state(job_id) == "failed")
    await ours.retry(job_id, reset_attempts=True)
    with mail.worker():
        until(lambda: len(mail.truth()) == 5 and mail.state(job_id) == "failed")


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_12_the_next_iteration_of_a_repetition_is_not_removed(mail: NodeQueue, ours: Ours) -> None:
    facts = mail.library.facts
    if facts.has_repeatables:
        mail.add("tidy", repeat={"cron" if facts.is_bull else "pattern": "0 3 1 1 *"})
    else:
        mail.call("queue.upsertJobScheduler", "nightly", {"pattern": "0 3 1 1 *"}, {"name": "tidy"})
    (iteration,) = mail.ids("delayed")
    with pytest.raises(Conflict, match="next iteration of the scheduler") as refused:
        await ours.remove(iteration)
    assert "Remove the scheduler instead" in refused.value.hint
    await ours.promote(iteration)
    with pytest.raises(Conflict, match="next iteration of the scheduler"):
        await ours.remove(iteration)
    with mail.worker():
        mail.wait_for_state(iteration, "completed")
        until(lambda: len(mail.ids("delayed")) == 1)
    await ours.remove(iteration)
    assert mail.job(iteration) is None
    assert len(mail.ids("delayed")) == 1


@pytest.mark.parametrize("library", BULLS, ids=named)
async def test_8_14_retrying_a_job_that_has_not_failed_changes_nothing(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    job_id = waiting(mail, delay=FAR)
    before = redis.hgetall(f"{ours.base}{job_id}")
    with pytest.raises(Conflict, match="is delayed now") as refused:
        await ours.retry(job_id)
    assert refused.value.hint == "Promote it to run it now."
    assert redis.hgetall(f"{ours.base}{job_id}") == before
