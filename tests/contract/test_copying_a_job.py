"""A copy has its original's name, data, options and priority, and a life of its own."""

from __future__ import annotations

import json

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.model import Dialect, State
from tests.contract.acting import MADE, acting, field, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)


async def test_a_copy_has_a_life_of_its_own(mail: LaidOut, layout: Layout) -> None:
    kept = {"attempts": 5, "removeOnFail": True, "kl": 3, "priority": 9}
    own = {"jobId": "7", "delay": 5, "timestamp": 5, "repeat": {}, "parent": {}, "de": {"id": "x"}, "prevMillis": 1}
    made(
        mail, "7", State.FAILED, opts=json.dumps({**kept, **own}), data=b'{"a":"\xff"}', priority=4, failedReason="no",
        deid="x", parentKey="bull:q:1", parent='{"id":"1","queueKey":"bull:q"}', atm=5, attemptsMade=5, rjk="nightly",
    )  # fmt: skip
    mail.redis.set(f"{mail.base}id", 10)
    outcome = await acting(mail).duplicate("7")
    assert outcome.job_id == "11"
    assert outcome.sentence == "Job 11 of mail was added, a copy of job 7 with priority 4."
    stored = mail.redis.hgetall(f"{mail.base}11")
    assert {name.decode() for name in stored} == {"name", "data", "opts", "timestamp", "delay", "priority"}
    assert (stored[b"name"], stored[b"data"], stored[b"priority"]) == (b"deliver", b'{"a":"\xff"}', b"4")
    bull = {"delay": 0, "timestamp": int(stored[b"timestamp"])} if layout.dialect is Dialect.BULL else {}
    listed = {"delay": 0} if layout.dialect in (Dialect.MQ_LIST, Dialect.MQ4) else {}
    assert json.loads(stored[b"opts"]) == {**kept, "priority": 4, **bull, **listed}
    assert mail.prioritised() == {"11": 4}
    assert mail.redis.zscore(f"{mail.base}failed", "7") == MADE * 4096


async def test_a_copy_may_have_other_data(mail: LaidOut) -> None:
    made(mail, "7", State.COMPLETED, data='{"n":1}')
    outcome = await acting(mail).duplicate("7", data='{"n":2}')
    assert outcome.sentence.endswith("a copy of job 7 with other data.")
    assert field(mail, "1", "data") == b'{"n":2}'
    await refused(mail, Invalid, acting(mail).duplicate("7", data="{"))


async def test_only_jobs_are_copied(mail: LaidOut) -> None:
    mail.redis.hset(f"{mail.base}repeat:nightly", mapping={"name": "tidy", "data": "{}", "opts": "{}"})
    mail.redis.rpush(f"{mail.base}wait", "1")
    mail.ghost("9", State.FAILED)
    made(mail, "bad", State.FAILED, opts="[1")
    made(mail, "huge", State.FAILED, data="1" * 5_000_001)
    await refused(mail, NotFound, acting(mail).duplicate("771"))
    await refused(mail, NotFound, acting(mail).duplicate("9"))
    await refused(mail, Conflict, acting(mail).duplicate("wait"))
    await refused(mail, Conflict, acting(mail).duplicate("repeat:nightly"))
    await refused(mail, Conflict, acting(mail).duplicate("bad"))
    assert "5,000,001 bytes" in await refused(mail, Invalid, acting(mail).duplicate("huge"))
