"""What a child that is failed by hand means to its parent: as its own field says, and in one step with the parent's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import Conflict
from core.model import Dialect, State
from tests.contract.acting import acting, field, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

FLOWING = pytest.mark.parametrize("layout", [each for each in LAYOUTS if each.dialect is not Dialect.BULL], ids=str)
AT_ONCE = pytest.mark.parametrize(
    "layout", [each for each in LAYOUTS if each.dialect is not Dialect.BULL and not each.version], ids=str
)
BY_WORKER = pytest.mark.parametrize("layout", [each for each in LAYOUTS if each.version], ids=str)


def parent(mail: LaidOut, job_id: str = "7", *more: str, state: State = State.WAITING_CHILDREN, **fields: Any) -> None:
    """It waits for the child 1, and for `more`."""
    made(mail, job_id, state, **fields)
    mail.redis.sadd(f"{mail.base}{job_id}:dependencies", f"{mail.base}1", *more)


def child(mail: LaidOut, *terms: str, above: str = "bull:mail") -> str:
    named = json.dumps({"id": "7", "queueKey": above, **dict.fromkeys(terms, True)})
    made(mail, "1", State.ACTIVE, parent=named)
    mail.redis.sadd(f"{mail.base}stalled", "1")
    return "1"


def pending(mail: LaidOut, job_id: str = "7") -> int:
    return int(mail.redis.scard(f"{mail.base}{job_id}:dependencies"))


@FLOWING
async def test_a_parent_without_terms_goes_on_waiting(mail: LaidOut) -> None:
    parent(mail)
    outcome = await acting(mail).fail(child(mail), "gone")
    assert outcome.sentence == "Job 1 of mail failed: gone."
    assert pending(mail) == 1
    assert mail.redis.zscore(f"{mail.base}waiting-children", "7")


@AT_ONCE
async def test_a_parent_that_fails_with_its_child_is_failed_at_once(mail: LaidOut) -> None:
    parent(mail)
    outcome = await acting(mail).fail(child(mail, "fpof"), "gone")
    assert outcome.sentence.endswith("Its parent failed with it.")
    assert mail.redis.zscore(f"{mail.base}failed", "7")
    assert not mail.redis.exists(f"{mail.base}waiting-children")
    assert field(mail, "7", "failedReason") == b"child bull:mail:1 failed"
    told = [fields for _, fields in mail.redis.xrange(f"{mail.base}events")]
    assert {b"event": b"failed", b"jobId": b"7", b"prev": b"waiting-children"}.items() <= told[0].items()


@AT_ONCE
async def test_so_are_those_above_it_in_other_queues(mail: LaidOut) -> None:
    video = LaidOut(mail.redis, mail.instance, mail.layout, name="video")
    billing = LaidOut(mail.redis, mail.instance, mail.layout, name="billing")
    made(billing, "9", State.WAITING_CHILDREN)
    above = json.dumps({"id": "9", "queueKey": "bull:billing", "fpof": True})
    made(video, "7", State.WAITING_CHILDREN, parent=above)
    await acting(mail).fail(child(mail, "fpof", above="bull:video"), "gone")
    assert video.redis.zscore("bull:video:failed", "7")
    assert billing.redis.zscore("bull:billing:failed", "9")
    assert field(billing, "9", "failedReason") == b"child bull:video:7 failed"


@BY_WORKER
@pytest.mark.parametrize("state", [State.WAITING_CHILDREN, State.DELAYED])
async def test_a_later_versions_parent_is_left_to_a_worker_with_the_reason(mail: LaidOut, state: State) -> None:
    parent(mail, "7", "bull:mail:2", state=state)
    outcome = await acting(mail).fail(child(mail, "fpof"), "gone")
    assert "Its parent fails with it as soon as a worker takes that." in outcome.sentence
    assert mail.line("wait") == ["7"]
    assert field(mail, "7", "defa") == b"child bull:mail:1 failed"
    assert mail.redis.zrange(f"{mail.base}7:unsuccessful", 0, -1) == [b"bull:mail:1"]
    assert pending(mail) == 1


@FLOWING
@pytest.mark.parametrize("terms", ["idof", "rdof"])
async def test_a_parent_that_does_without_it_goes_on_after_the_last(mail: LaidOut, terms: str) -> None:
    parent(mail, "7", "bull:mail:2")
    await acting(mail).fail(child(mail, terms), "gone")
    assert pending(mail) == 1
    assert mail.line("wait") == []
    assert mail.redis.hgetall(f"{mail.base}7:failed") == ({b"bull:mail:1": b"gone"} if terms == "idof" else {})
    mail.redis.srem(f"{mail.base}7:dependencies", "bull:mail:2")
    mail.redis.sadd(f"{mail.base}7:dependencies", "bull:mail:1")
    outcome = await acting(mail).fail(child(mail, terms), "gone")
    assert outcome.sentence.endswith("Its parent goes on without it.")
    assert mail.line("wait") == ["7"]


@FLOWING
async def test_a_parent_that_continues_on_a_failure_does_not_wait_for_the_others(mail: LaidOut) -> None:
    parent(mail, "7", "bull:mail:2")
    outcome = await acting(mail).fail(child(mail, "cpof"), "gone")
    assert outcome.sentence.endswith("Its parent goes on without it.")
    assert mail.line("wait") == ["7"]
    assert mail.redis.hget(f"{mail.base}7:failed", "bull:mail:1") == b"gone"


@FLOWING
@pytest.mark.parametrize("terms", ["fpof", "cpof", "idof"])
async def test_a_parent_in_another_slot_is_never_half_told(mail: LaidOut, terms: str) -> None:
    child(mail, terms, above="{elsewhere}:mail")
    said = await refused(mail, Conflict, acting(mail).fail("1", "gone"))
    assert "has a parent in another slot" in said
    assert "Requeue it instead" in said


@FLOWING
@pytest.mark.parametrize("terms", ["fpof", "cpof", "idof", "rdof"])
async def test_a_parent_that_is_gone_is_no_trouble(mail: LaidOut, terms: str) -> None:
    outcome = await acting(mail).fail(child(mail, terms), "gone")
    assert outcome.sentence == "Job 1 of mail failed: gone."
    assert mail.keys() <= {"1", "failed", "events"}


@FLOWING
async def test_parents_in_a_circle_come_to_an_end(mail: LaidOut) -> None:
    for job_id, above in (("7", "8"), ("8", "7")):
        named = json.dumps({"id": above, "queueKey": "bull:mail", "fpof": True})
        made(mail, job_id, State.WAITING_CHILDREN, parent=named)
    await acting(mail).fail(child(mail, "fpof"), "gone")
    assert mail.redis.zscore(f"{mail.base}failed", "1")


@pytest.mark.parametrize("layout", [Layout(Dialect.BULL), Layout(Dialect.MQ5, "6.7.0")], ids=str)
async def test_a_job_that_fails_frees_its_deduplication_id_as_its_worker_would(mail: LaidOut) -> None:
    for job_id, holder, ttl in (("1", "1", None), ("2", "2", 100_000), ("3", "another", None)):
        made(mail, job_id, State.ACTIVE, deid=f"order-{job_id}")
        mail.redis.sadd(f"{mail.base}stalled", job_id)
        mail.redis.set(f"{mail.base}de:order-{job_id}", holder, px=ttl)
        await acting(mail).fail(job_id, "gone")
    held = {key.decode() for key in mail.redis.keys(f"{mail.base}de:*")}
    assert held == {f"{mail.base}de:order-2", f"{mail.base}de:order-3"}


@BY_WORKER
async def test_a_follow_up_that_only_its_worker_would_add_is_not_lost(mail: LaidOut) -> None:
    child(mail)
    mail.redis.hset(f"{mail.base}1", "deid", "order-1")
    mail.redis.hset(f"{mail.base}dn:order-1", "name", "the follow-up")
    said = await refused(mail, Conflict, acting(mail).fail("1", "gone"))
    assert "A follow-up is kept behind job 1 of mail, under the deduplication id order-1" in said
    assert "Requeue it instead" in said
    await acting(mail).requeue("1")
    assert mail.redis.exists(f"{mail.base}dn:order-1")
