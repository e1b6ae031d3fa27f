"""The hazards of docs/redis-layout.md, section 8, that concern bulk work, beside what the library makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from core.model import State
from core.mutations.adding import NewJob
from core.operations.operation import Operation, Status
from core.operations.request import Action
from tests.interop.keyspace import keys_of
from tests.interop.node_driver import LIBRARIES, NodeQueue, until
from tests.interop.ours import ACTED_ON, BULLMQS, Ours, named
from tests.interop.scenario import FAILING, FAR, after_success, company, family, run_until, waiting

SCHEDULING = [library for library in LIBRARIES if library.has_schedulers]


def done(operation: Operation) -> dict[str, int]:
    """It came to its end; what it skipped."""
    assert operation.status is Status.DONE, operation.trouble
    return dict(operation.skipped or {})


def in_every_state(mail: NodeQueue) -> None:
    """Whatever this library can have: finished, waiting and delayed jobs, logs, a repetition, a family, a claim."""
    facts = mail.library.facts
    run_until(mail, str(mail.add("deliver", FAILING, jobId="broken")["id"]), "failed")
    run_until(mail, str(mail.add("deliver", jobId="done")["id"]), "completed")
    mail.log("done", "a line")
    company(mail)
    if facts.has_repeatables:
        mail.add("tidy", repeat={"cron" if facts.is_bull else "pattern": "0 3 1 1 *"})
    if facts.has_schedulers:
        mail.call("queue.upsertJobScheduler", "nightly", {"pattern": "0 3 1 1 *"}, {"name": "tidy"})
        mail.add("deliver", deduplication={"id": "order-1"})
    if not facts.is_bull:
        family(mail, {"delay": FAR}, {})


@pytest.mark.proves("bulk-obliterate")
@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_9_obliterating_leaves_nothing_behind(mail: NodeQueue, ours: Ours, redis: Any, paused: bool) -> None:
    in_every_state(mail)
    redis.set(f"{ours.base}limiter", 3)
    if paused:
        mail.pause()
        mail.add("deliver", jobId="while-paused")
    other = mail.library.queue("mail-of-others")
    other.add("deliver", jobId="bystander")
    before = keys_of(redis, "bull:mail-of-others:")
    assert done(await ours.bulk(Action.OBLITERATE)) == {}
    assert keys_of(redis, ours.base) == {}
    assert keys_of(redis, "bull:mail-of-others:") == before


@pytest.mark.parametrize("library", SCHEDULING, ids=named)
async def test_8_10_a_drain_leaves_the_scheduler_alive(mail: NodeQueue, ours: Ours) -> None:
    mail.call("queue.upsertJobScheduler", "often", {"every": 3_600_000}, {"name": "tidy"})
    until(lambda: mail.ids("waiting") or mail.ids("delayed"))
    iteration = (mail.ids("waiting") or mail.ids("delayed"))[0]
    if iteration in mail.ids("delayed"):
        await ours.promote(iteration)
    for number in range(20):
        mail.add("deliver", jobId=f"job{number}")
    assert done(await ours.bulk(Action.DRAIN)) == {"scheduler": 1}
    assert mail.ids("waiting") == [iteration]
    run_until(mail, iteration, "completed")
    assert [run["name"] for run in mail.truth()] == ["tidy"]
    assert len(mail.ids("delayed")) == 1


@pytest.mark.proves("bulk-drop-ghosts")
@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_11_dropping_ghosts_takes_mere_ids_and_nothing_else(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    in_every_state(mail)
    for name in ("metrics:failed", "dn:logs", "unknown-key"):
        redis.hset(ours.base + name, "count", 1)
    for job_id, state in (("lost1", "failed"), ("lost2", "completed"), ("lost3", "delayed")):
        redis.zadd(f"{ours.base}{state}", {job_id: 1})
    redis.lpush(f"{ours.base}wait", "lost4")
    before = keys_of(redis, ours.base)
    operation = await ours.bulk(Action.DROP_GHOSTS)
    assert (operation.status, operation.done) == (Status.DONE, 4)
    for name, lost in (("failed", "lost1"), ("completed", "lost2"), ("delayed", "lost3")):
        before[name] = [each for each in before[name] if each[0] != lost]
    before["wait"].remove("lost4")
    after = keys_of(redis, ours.base)
    events = after.pop("events", []), before.pop("events", [])
    assert [event["event"] for event in events[0][len(events[1]) :]] == ["removed"] * (0 if not events[1] else 4)
    assert after == before


@pytest.mark.parametrize("action", [Action.CLEAN, Action.DRAIN])
@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_8_13_the_parent_of_children_that_go_in_bulk_runs_and_is_announced(
    mail: NodeQueue, ours: Ours, redis: Any, action: Action
) -> None:
    """The libraries delete it, or let it go without a word."""
    family(mail, {}, {})
    with_state = State.WAITING if action is Action.CLEAN else None
    assert done(await ours.bulk(action, with_state)) == {}
    assert mail.state("parent") == "waiting"
    (told,) = [e for e in keys_of(redis, ours.base)["events"] if (e["event"], e["jobId"]) == ("waiting", "parent")]
    assert told["prev"] == "waiting-children"
    run_until(mail, "parent", "completed")


@pytest.mark.parametrize("library", BULLMQS, ids=named)
async def test_8_13_cleaning_finished_children_takes_no_parent_with_it(mail: NodeQueue, ours: Ours) -> None:
    after_success(mail, {}, {"delay": FAR})
    assert done(await ours.bulk(Action.CLEAN, State.COMPLETED)) == {}
    assert mail.state("parent") == "waiting-children"
    await ours.promote("child1")
    run_until(mail, "parent", "completed")


@pytest.mark.parametrize("library", ACTED_ON, ids=named)
async def test_8_17_a_job_whose_id_is_taken_is_not_written_over(mail: NodeQueue, ours: Ours, redis: Any) -> None:
    waiting(mail, delay=FAR)
    before = redis.hgetall(f"{ours.base}subject")
    (outcome,) = await ours.add([NewJob("other", '{"n":1}', {"jobId": "subject"})])
    assert (outcome.changed, outcome.job_id) == (False, "subject")
    assert redis.hgetall(f"{ours.base}subject") == before
    assert mail.state("subject") == "delayed"
