"""An active job whose worker is gone waits again or fails, and one whose worker may live is left alone."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.model import Dialect, State
from core.mutations import abandoned
from tests.contract.acting import acting, field, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut

AT_ONCE = (Dialect.MQ5,)
EVERY = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
LOCKING_LATER = pytest.mark.parametrize("layout", [each for each in LAYOUTS if each.dialect not in AT_ONCE], ids=str)
LOCKING_AT_ONCE = pytest.mark.parametrize("layout", [each for each in LAYOUTS if each.dialect in AT_ONCE], ids=str)
FLOWING = pytest.mark.parametrize("layout", [each for each in LAYOUTS if each.dialect is not Dialect.BULL], ids=str)
VERBS = pytest.mark.parametrize(("verb", "told"), [("requeue", ()), ("fail", ("host is gone",))])


@pytest.fixture(autouse=True)
def no_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abandoned, "AGAIN_AFTER", 0.05)


def stalled(mail: LaidOut, job_id: str = "7", **fields: Any) -> str:
    """Active, without a lock, and noted by its library as stalled."""
    made(mail, job_id, State.ACTIVE, **{"processedOn": 1_700_000_000_500, **fields})
    mail.redis.sadd(f"{mail.base}stalled", job_id)
    return job_id


@EVERY
async def test_a_stalled_job_waits_again_as_the_next(mail: LaidOut) -> None:
    for name in ("a", "b"):
        made(mail, name, State.WAITING)
    outcome = await acting(mail).requeue(stalled(mail))
    assert mail.line("wait") == ["7", "a", "b"]
    assert not mail.redis.exists(f"{mail.base}active", f"{mail.base}stalled")
    assert outcome.sentence == "Job 7 of mail waits again, as the next."
    assert mail.wakes() == ("now" if mail.layout.dialect is Dialect.MQ5 else "")


@EVERY
async def test_a_requeued_job_stands_in_front_of_its_equals(mail: LaidOut) -> None:
    for job_id, priority in (("a", 2), ("b", 3), ("c", 3), ("d", 4)):
        made(mail, job_id, State.DELAYED, priority=priority)
        await mail.promote(job_id)
    outcome = await acting(mail).requeue(stalled(mail, priority=3))
    assert "it keeps priority 3" in outcome.sentence
    prioritised = mail.prioritised()
    assert prioritised == {"a": 2, "7": 3, "b": 3, "c": 3, "d": 4}
    order = list(prioritised) if mail.layout.dialect in (Dialect.MQ4, Dialect.MQ5) else mail.line("wait")
    assert order == ["a", "7", "b", "c", "d"]


@EVERY
async def test_in_a_paused_queue_a_requeued_job_waits_where_the_others_do(mail: LaidOut) -> None:
    made(mail, "a", State.WAITING)
    await mail.pause()
    outcome = await acting(mail).requeue(stalled(mail))
    assert mail.line("paused" if mail.layout.renames else "wait") == ["7", "a"]
    assert "it runs after a resume" in outcome.sentence
    assert mail.wakes() == ""


@EVERY
async def test_a_stalled_job_fails_for_good_and_stays(mail: LaidOut) -> None:
    opts = json.dumps({"attempts": 3, "removeOnFail": True})
    stacks = json.dumps(["Error: before"])
    before = time.time_ns() // 1_000_000
    outcome = await acting(mail).fail(stalled(mail, opts=opts, stacktrace=stacks), "its host is gone")
    kept = " It is kept, whatever its removeOnFail says."
    assert outcome.sentence == f"Job 7 of mail failed: its host is gone.{kept}"
    assert mail.redis.zscore(f"{mail.base}failed", "7") >= before
    assert not mail.redis.exists(f"{mail.base}active", f"{mail.base}stalled")
    assert field(mail, "7", "failedReason") == b"its host is gone"
    assert int(field(mail, "7", "finishedOn") or 0) >= before
    assert field(mail, "7", "stacktrace") == stacks.encode()


@EVERY
async def test_an_attempt_is_counted_where_the_library_counts_it_at_the_end(mail: LaidOut) -> None:
    at_end = {Dialect.BULL: "attemptsMade", Dialect.MQ5: "atm"}.get(mail.layout.dialect)
    stalled(mail, attemptsMade=1, atm=1)
    await acting(mail).fail("7", "gone")
    counted = {name: int(field(mail, "7", name) or 0) for name in ("attemptsMade", "atm")}
    assert counted == {"attemptsMade": 1, "atm": 1} | ({at_end: 2} if at_end else {})


@EVERY
async def test_listeners_are_told_of_the_failure(mail: LaidOut) -> None:
    channel = mail.redis.pubsub()
    channel.psubscribe(f"{mail.base}*")
    assert channel.get_message(timeout=5) is not None
    await acting(mail).fail(stalled(mail), "gone")
    if mail.layout.dialect is Dialect.BULL:
        message = channel.get_message(timeout=5)
        assert message["channel"] == f"{mail.base}failed".encode()
        assert json.loads(message["data"]) == {"jobId": "7", "val": "gone"}
    else:
        told = [fields for _, fields in mail.redis.xrange(f"{mail.base}events")]
        assert told[0] == {b"event": b"failed", b"jobId": b"7", b"failedReason": b"gone", b"prev": b"active"}
        assert [each[b"event"] for each in told[1:]] == [b"retries-exhausted", b"drained"]
    channel.close()


@EVERY
async def test_the_librarys_own_count_of_failures_goes_on_where_it_keeps_one(mail: LaidOut) -> None:
    await acting(mail).fail(stalled(mail), "gone")
    assert not mail.redis.exists(f"{mail.base}metrics:failed")
    mail.redis.hset(f"{mail.base}metrics:failed", mapping={"count": 4, "prevTS": 1, "prevCount": 4})
    await acting(mail).fail(stalled(mail, "8"), "gone")
    assert mail.redis.hget(f"{mail.base}metrics:failed", "count") == b"5"


@EVERY
@VERBS
async def test_a_job_that_a_worker_holds_is_left_alone(mail: LaidOut, verb: str, told: tuple[str, ...]) -> None:
    stalled(mail)
    mail.redis.set(f"{mail.base}7:lock", "token")
    said = await refused(mail, Conflict, getattr(acting(mail), verb)("7", *told))
    assert said.startswith("A worker holds job 7 of mail")


@EVERY
@VERBS
async def test_force_takes_a_job_from_its_worker_and_says_what_that_costs(
    mail: LaidOut, verb: str, told: tuple[str, ...]
) -> None:
    made(mail, "7", State.ACTIVE)
    mail.redis.set(f"{mail.base}7:lock", "token")
    outcome = await getattr(acting(mail), verb)("7", *told, force=True)
    assert "Whoever was running it has lost it" in outcome.sentence
    assert not mail.redis.exists(f"{mail.base}7:lock", f"{mail.base}active")


@EVERY
async def test_force_removes_what_a_worker_holds_and_says_what_that_costs(mail: LaidOut) -> None:
    made(mail, "7", State.ACTIVE)
    mail.redis.set(f"{mail.base}7:lock", "token")
    await refused(mail, Conflict, acting(mail).remove("7"))
    outcome = await acting(mail).remove("7", force=True)
    assert "that run's result is lost" in outcome.sentence
    assert mail.keys() <= {"events"}


@EVERY
async def test_force_removes_a_schedulers_next_iteration_and_says_that_it_ends(mail: LaidOut) -> None:
    job_id = "repeat:nightly:1800000000000"
    made(mail, job_id, State.DELAYED, rjk="nightly", opts=json.dumps({"repeat": {"key": "nightly"}}))
    mail.redis.zadd(f"{mail.base}repeat", {"nightly": 1_800_000_000_000})
    assert "next iteration of the scheduler nightly" in await refused(mail, Conflict, acting(mail).remove(job_id))
    outcome = await acting(mail).remove(job_id, force=True)
    assert "that scheduler is at its end" in outcome.sentence
    assert mail.keys() <= {"events", "repeat"}


@FLOWING
async def test_no_force_orphans_children(mail: LaidOut) -> None:
    made(mail, "7", State.WAITING_CHILDREN)
    mail.redis.sadd(f"{mail.base}7:dependencies", "bull:mail:1")
    assert "orphaned" in await refused(mail, Conflict, acting(mail).remove("7", force=True))


@LOCKING_AT_ONCE
@VERBS
async def test_where_job_and_lock_are_taken_in_one_step_one_look_is_enough(
    mail: LaidOut, verb: str, told: tuple[str, ...]
) -> None:
    made(mail, "7", State.ACTIVE)
    assert (await getattr(acting(mail), verb)("7", *told)).changed


@LOCKING_LATER
@VERBS
async def test_where_the_lock_comes_later_a_job_is_looked_at_twice(
    mail: LaidOut, verb: str, told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abandoned, "AGAIN_AFTER", 0.3)
    made(mail, "7", State.ACTIVE)
    began = time.monotonic()
    outcome = await getattr(acting(mail), verb)("7", *told)
    assert outcome.changed
    assert time.monotonic() - began >= 0.3


@LOCKING_LATER
@VERBS
@pytest.mark.parametrize("meanwhile", ["locked", "run anew", "finished"])
async def test_a_worker_that_shows_itself_between_the_looks_keeps_its_job(
    mail: LaidOut, verb: str, told: tuple[str, ...], meanwhile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(mail, "7", State.ACTIVE, processedOn=1)

    async def it_works(_seconds: float) -> None:
        if meanwhile == "locked":
            mail.redis.set(f"{mail.base}7:lock", "token")
        elif meanwhile == "run anew":
            mail.redis.hset(f"{mail.base}7", "processedOn", 2)
        else:
            mail.redis.delete(f"{mail.base}active")
            mail.redis.zadd(f"{mail.base}completed", {"7": 1})

    monkeypatch.setattr(asyncio, "sleep", it_works)
    with pytest.raises(Conflict) as caught:
        await getattr(acting(mail), verb)("7", *told)
    expected = {"locked": "A worker holds", "run anew": "was taken anew", "finished": "is completed now, not active"}
    assert expected[meanwhile] in caught.value.message


@EVERY
@VERBS
@pytest.mark.parametrize("state", [State.FAILED, State.DELAYED, State.WAITING])
async def test_only_active_jobs_are_taken_from_a_worker(
    mail: LaidOut, verb: str, told: tuple[str, ...], state: State
) -> None:
    made(mail, "7", state)
    for force in (False, True):
        assert "not active" in await refused(mail, Conflict, getattr(acting(mail), verb)("7", *told, force=force))


@EVERY
@VERBS
async def test_what_is_no_job_is_told_as_what_it_is(mail: LaidOut, verb: str, told: tuple[str, ...]) -> None:
    act = getattr(acting(mail), verb)
    await refused(mail, NotFound, act("7", *told))
    mail.ghost("8", State.ACTIVE)
    assert "a mere id in active" in await refused(mail, Conflict, act("8", *told))
    mail.redis.set(f"{mail.base}9", "what is this")
    mail.ghost("9", State.ACTIVE)
    assert "is no job" in await refused(mail, Conflict, act("9", *told))


@EVERY
@VERBS
@pytest.mark.parametrize(
    "fields", [{}, {"opts": "{", "priority": "x", "parent": "[1", "atm": "many", "attemptsMade": "?"}]
)
async def test_a_half_written_job_is_taken_all_the_same(
    mail: LaidOut, verb: str, told: tuple[str, ...], fields: dict[str, Any]
) -> None:
    mail.add("7", State.ACTIVE, **fields)
    mail.redis.sadd(f"{mail.base}stalled", "7")
    await getattr(acting(mail), verb)("7", *told)
    assert mail.line("wait") == (["7"] if verb == "requeue" else [])
    assert bool(mail.redis.zscore(f"{mail.base}failed", "7")) == (verb == "fail")


@EVERY
@VERBS
@pytest.mark.parametrize("key", ["active", "stalled", "wait", "failed"])
async def test_a_key_of_the_wrong_type_loses_no_job(mail: LaidOut, verb: str, told: tuple[str, ...], key: str) -> None:
    if key == {"requeue": "failed", "fail": "wait"}[verb]:
        return
    stalled(mail)
    mail.redis.delete(mail.base + key)
    mail.redis.set(mail.base + key, "what is this")
    await refused(mail, Conflict, getattr(acting(mail), verb)("7", *told))


@EVERY
@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001])
async def test_a_failure_needs_a_reason(mail: LaidOut, reason: str) -> None:
    await refused(mail, Invalid, acting(mail).fail(stalled(mail), reason))
