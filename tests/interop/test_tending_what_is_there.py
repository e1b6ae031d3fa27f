"""What we tell of a queue that the real library filled: its priorities, deduplication ids, batches, usual options."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import redis as redis_py

from core.batches.front import BatchCounts
from core.deduplication.held import Deduplications
from core.errors import Invalid, Unsupported
from core.instance import Instance
from core.model import QueueId, State
from core.mutations.adding import NewJob
from core.priorities import PriorityCounts
from core.sight import Sight
from core.usual import UsualJobs
from tests.interop.node_driver import Library, NodeQueue, until
from tests.interop.ours import ACTED_ON, Ours, named
from tests.interop.sighted import found, seen

MAIL = QueueId("default", "bull", "mail")
each_library = pytest.mark.parametrize("library", ACTED_ON, ids=named)
DEDUPLICATING = ("bull4", "bullmq5", "bullmq6")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is what is told, not how fast this machine is."""
    for module in ("sight", "priorities", "batches.counting", "deduplication.held"):
        monkeypatch.setattr(f"core.{module}.PATIENCE", 30.0)


@pytest.fixture
def sight(instance: Instance, mail: NodeQueue) -> Sight:
    return seen(instance, *found(mail))


@pytest.mark.proves("priorities")
@each_library
async def test_ready_jobs_are_counted_by_their_priority(sight: Sight, mail: NodeQueue) -> None:
    for priority in (3, 1, 3, 2_000_000, 1, 3):
        mail.add("send", priority=priority)
    mail.add("send")
    mail.add("send", delay=3_600_000, priority=7)
    counted = await PriorityCounts(sight).of(MAIL)
    assert counted.counts == ((1, 2), (3, 3), (2_000_000, 1))
    assert (counted.without, counted.beyond) == (1, 0)


@pytest.mark.proves("priorities")
@each_library
async def test_of_very_many_priorities_the_rest_is_told_together(sight: Sight, mail: NodeQueue) -> None:
    mail.add_bulk([{"name": "send", "data": {}, "opts": {"priority": at + 1}} for at in range(120)])
    counted = await PriorityCounts(sight).of(MAIL)
    assert [priority for priority, _ in counted.counts] == list(range(1, 101))
    assert counted.beyond == 20


@pytest.mark.proves("deduplication-keys")
@pytest.mark.parametrize("library", [each for each in ACTED_ON if each.alias in DEDUPLICATING], ids=named)
async def test_the_ids_that_jobs_hold_are_told_and_once_released_a_job_is_added_again(
    sight: Sight, mail: NodeQueue, instance: Instance, library: Library
) -> None:
    option = "debounce" if library.is_bull else "deduplication"
    held = mail.add("send", {"n": 1}, **{option: {"id": "user:1"}})
    for_a_while = mail.add("send", {"n": 2}, **{option: {"id": "user:2", "ttl": 60_000}})
    mail.add("send", {"n": 3})
    told = await Deduplications(sight).of(MAIL)
    assert [(each.id, each.job_id) for each in told.held] == [("user:2", for_a_while["id"]), ("user:1", held["id"])]
    assert told.held[0].left is not None
    assert 0 < told.held[0].left <= 60_000
    assert told.held[1].left is None
    assert told.covered.looked_at == 3

    await Ours(instance, mail).release_deduplication("user:1")
    sight.forget(MAIL)
    assert [each.id for each in (await Deduplications(sight).of(MAIL)).held] == ["user:2"]
    again = mail.add("send", {"n": 4}, **{option: {"id": "user:1"}})
    assert again["id"] != held["id"]


@pytest.mark.parametrize("library", [each for each in ACTED_ON if each.alias in DEDUPLICATING], ids=named)
async def test_an_id_whose_job_is_gone_is_found_by_looking_it_up(
    sight: Sight, mail: NodeQueue, redis: redis_py.Redis, library: Library
) -> None:
    option = "debounce" if library.is_bull else "deduplication"
    job = mail.add("send", {}, **{option: {"id": "user:1"}})
    redis.delete(f"bull:mail:{job['id']}")
    found_one = await Deduplications(sight).held(MAIL, "user:1")
    assert found_one is not None
    assert found_one.job_is_gone
    assert await Deduplications(sight).held(MAIL, "user:9") is None


@pytest.mark.proves("deduplication-keys", "absent")
@pytest.mark.parametrize(
    "library", [each for each in ACTED_ON if each.alias not in (*DEDUPLICATING, "bull3")], ids=named
)
async def test_a_library_without_deduplication_is_said_to_have_none(
    sight: Sight, mail: NodeQueue, because: Callable[[BaseException], None]
) -> None:
    mail.add("send")
    told = await Deduplications(sight).of(MAIL)
    assert "came with BullMQ 5.11" in told.absent
    with pytest.raises(Unsupported) as refusal:
        await Deduplications(sight).held(MAIL, "user:1")
    because(refusal.value)


@pytest.mark.proves("deduplication-keys")
@pytest.mark.parametrize("library", [each for each in ACTED_ON if each.alias == "bull3"], ids=named)
async def test_bull_3_whose_version_nobody_knows_is_asked_all_the_same(sight: Sight, mail: NodeQueue) -> None:
    mail.add("send")
    told = await Deduplications(sight).of(MAIL)
    assert (told.held, told.absent) == ((), "")


@pytest.mark.proves("batches")
@each_library
async def test_a_batch_is_counted_as_it_goes_even_what_is_removed_on_its_way(
    sight: Sight, mail: NodeQueue, library: Library
) -> None:
    counts = BatchCounts(sight)
    for number in range(6):
        mail.add("send", {"batchId": 42, "n": number}, removeOnComplete=number < 4)
    mail.add("send", {"batchId": "other", "script": {"fail": "boom"}})
    mail.add("send", {"n": 1})
    assert set(await counts.fields(MAIL)) == {"data.batchId"}
    before = await counts.of(MAIL, "data.batchId")
    assert [(each.value, each.waiting, each.total) for each in before.batches] == [("42", 6, 6), ("other", 1, 1)]
    assert before.without == 1
    assert before.batches[0].query == "data.batchId:42"
    with mail.worker():
        until(lambda: len(mail.truth()) == 8 and all(run["outcome"] for run in mail.truth()))
        until(lambda: not mail.ids("active"))
    sight.forget(MAIL)
    after = {each.value: each for each in (await counts.of(MAIL, "data.batchId")).batches}
    assert (after["42"].total, after["42"].percent, after["42"].counts[State.COMPLETED]) == (6, 100.0, 2)
    if library.is_bull:
        # Bull keeps no events: that they are gone is all that can be known.
        assert after["42"].vanished == 4
    else:
        assert (after["42"].done, after["42"].vanished) == (6, 0)
    assert (after["other"].failed, after["other"].done) == (1, 0)


@pytest.mark.proves("add-several")
@each_library
async def test_several_jobs_are_added_together_and_run_or_none_of_them(mail: NodeQueue, instance: Instance) -> None:
    ours = Ours(instance, mail)
    jobs = [NewJob("send", json.dumps({"n": number}), {"attempts": 2}) for number in range(150)]
    with pytest.raises(Invalid, match="number 151"):
        await ours.add([*jobs, NewJob("send", "{}", {"attempts": "many"})])
    assert mail.ids("waiting") == []
    outcomes = await ours.add(jobs)
    assert all(outcome.changed for outcome in outcomes)
    with mail.worker(concurrency=8):
        until(lambda: len(mail.truth()) == 150 and all(run["outcome"] == "completed" for run in mail.truth()))
    assert {run["jobId"] for run in mail.truth()} == {outcome.job_id for outcome in outcomes}


@each_library
async def test_what_is_usual_is_taken_from_the_newest_jobs_of_that_name(sight: Sight, mail: NodeQueue) -> None:
    for number in range(30):
        mail.add("send", {"n": number}, attempts=5, backoff={"type": "exponential", "delay": 1000})
    mail.add("other", {"n": 99}, attempts=2)
    mail.add("send", {"n": 30}, removeOnComplete=100)
    usual = await UsualJobs(sight).of(MAIL, "send")
    assert usual.jobs == 20
    assert usual.given == {"attempts": 5, "backoff": {"type": "exponential", "delay": 1000}}
    assert json.loads(usual.example or "") == {"n": 30}
    assert dict((await UsualJobs(sight).names(MAIL)).names) == {"send": 31, "other": 1}
    assert (await UsualJobs(sight).of(MAIL, "nobody")).jobs == 0
