"""New jobs are stored as they were given, in their place, under an id of their own; copies too."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from core.errors import Conflict, Invalid, Unavailable
from core.model import Dialect, State
from core.mutations import adding
from core.mutations.adding import NewJob
from tests.contract.acting import acting, field, made, refused
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
IN_LIST = (Dialect.BULL, Dialect.MQ_LIST)


async def added(mail: LaidOut, **options: Any) -> str:
    (outcome,) = await acting(mail).add([NewJob("deliver", '{"to":"ann"}', options)])
    assert outcome.changed
    return str(outcome.job_id)


def options(mail: LaidOut, job_id: str) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(field(mail, job_id, "opts") or b"")
    return stored


def events(mail: LaidOut) -> list[dict[str, str]]:
    entries = mail.redis.xrange(f"{mail.base}events")
    return [{name.decode(): value.decode() for name, value in fields.items()} for _, fields in entries]


async def test_a_job_gets_the_next_number_and_waits_behind_the_others(mail: LaidOut, layout: Layout) -> None:
    made(mail, "x", State.WAITING)
    mail.redis.set(f"{mail.base}id", 41)
    (outcome,) = await acting(mail).add([NewJob("deliver ☃", '{"id": 9007199254740993}')])
    assert (outcome.job_id, outcome.sentence) == ("42", "Job 42 of mail was added.")
    assert mail.line("wait") == ["x", "42"]
    assert field(mail, "42", "name") == "deliver ☃".encode()
    assert field(mail, "42", "data") == b'{"id": 9007199254740993}'
    assert {field(mail, "42", name) for name in ("delay", "priority")} == {b"0"}
    assert abs(int(field(mail, "42", "timestamp") or 0) - time.time() * 1000) < 60_000
    if layout.dialect is not Dialect.BULL:
        assert events(mail) == [
            {"event": "added", "jobId": "42", "name": "deliver ☃"},
            {"event": "waiting", "jobId": "42"},
        ]
    assert mail.wakes() == ("now" if layout.dialect is Dialect.MQ5 else "")


async def test_priority_and_lifo_decide_the_place(mail: LaidOut) -> None:
    await acting(mail).add(
        [NewJob("deliver", "{}", {"jobId": f"p{p}-{n}", "priority": p}) for n in (1, 2) for p in (9, 2)]
    )
    ready = mail.line("wait") if mail.layout.dialect in IN_LIST else list(mail.prioritised())
    assert ready == ["p2-1", "p2-2", "p9-1", "p9-2"]
    await added(mail, jobId="plain")
    await added(mail, jobId="first", lifo=True)
    assert mail.line("wait")[0] == "first"
    assert field(mail, "p9-1", "priority") == b"9"


async def test_a_delayed_job_is_due_when_it_was_said(mail: LaidOut, layout: Layout) -> None:
    (outcome,) = await acting(mail).add([NewJob("deliver", "{}", {"delay": 90_000, "priority": 2, "jobId": "later"})])
    assert outcome.sentence == "Job later of mail was added, due in 90,000 ms."
    score, stamp = mail.redis.zscore(f"{mail.base}delayed", "later"), int(field(mail, "later", "timestamp") or 0)
    assert score == (stamp + 90_000) * 4096
    assert (field(mail, "later", "delay"), field(mail, "later", "priority")) == (b"90000", b"2")
    assert "later" not in mail.line("wait")
    assert mail.wakes() == ("" if layout.dialect in IN_LIST else str(stamp + 90_000))
    if layout.dialect is not Dialect.BULL:
        assert events(mail)[1] == {"event": "delayed", "jobId": "later", "delay": str(stamp + 90_000)}


async def test_while_paused_a_job_joins_those_that_wait_for_the_resume(mail: LaidOut, layout: Layout) -> None:
    await acting(mail).pause()
    (outcome,) = await acting(mail).add([NewJob("deliver")])
    assert mail.line("paused" if layout.renames else "wait") == ["1"]
    assert mail.wakes() == ""
    assert outcome.sentence == "Job 1 of mail was added; the queue is paused, so it runs after a resume."


async def test_an_id_that_is_there_already_is_left_alone_and_told(mail: LaidOut, layout: Layout) -> None:
    made(mail, "order-7", State.COMPLETED)
    before = mail.redis.hgetall(f"{mail.base}order-7")
    twice = [NewJob("deliver", "1", {"jobId": wanted}) for wanted in ("order-7", "order-8", "order-8")]
    outcomes = await acting(mail).add(twice)
    assert [(outcome.job_id, outcome.changed) for outcome in outcomes] == [
        ("order-7", False),
        ("order-8", True),
        ("order-8", False),
    ]
    assert outcomes[0].sentence == "Job order-7 of mail was there already; nothing was added."
    assert mail.redis.hgetall(f"{mail.base}order-7") == before
    assert mail.line("wait") == ["order-8"]
    if layout.dialect is not Dialect.BULL:
        assert events(mail)[0] == {"event": "duplicated", "jobId": "order-7"}


async def test_no_number_writes_over_a_job_that_has_it(mail: LaidOut) -> None:
    for job_id in ("1", "2"):
        made(mail, job_id, State.FAILED)
    mail.redis.rpush(f"{mail.base}3", "whatever this is")
    assert await added(mail) == "4"
    for number in range(5, 1100):
        mail.redis.hset(f"{mail.base}{number}", "name", "old")
    (outcome,) = await acting(mail).add([NewJob("deliver")])
    assert (outcome.job_id, outcome.changed) == (None, False)
    assert outcome.sentence == "No job was added: the next numbers of mail are ids of other jobs."


async def test_many_jobs_come_in_slices_and_in_order(mail: LaidOut, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, run = [], mail.instance.script

    async def noted(script: Any, keys: Any, arguments: Any) -> Any:
        told = list(arguments)
        calls.append(told[4])
        return await run(script, keys, told)

    monkeypatch.setattr(mail.instance, "script", noted)
    outcomes = await acting(mail).add([NewJob("deliver", f"{number}") for number in range(250)])
    assert [outcome.job_id for outcome in outcomes] == mail.line("wait") == [str(n) for n in range(1, 251)]
    assert calls == [100, 100, 50]
    await acting(mail).add([NewJob("deliver", '"' + "x" * 200_000 + '"') for _ in range(5)])
    assert calls[3:] == [2, 2, 1]


async def test_places_to_be_searched_for_come_in_smaller_slices(mail: LaidOut, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, run = 0, mail.instance.script

    async def noted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        return await run(*arguments)

    monkeypatch.setattr(mail.instance, "script", noted)
    await acting(mail).add([NewJob("deliver", "{}", {"priority": 3})] * 25)
    assert calls == (3 if mail.layout.dialect in IN_LIST else 1)
    ready = mail.line("wait") if mail.layout.dialect in IN_LIST else list(mail.prioritised())
    assert ready == [str(number) for number in range(1, 26)]


async def test_an_interruption_says_how_far_it_came(mail: LaidOut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "JOBS_AT_ONCE", 2)
    run, calls = mail.instance.script, 0

    async def away(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Unavailable("Redis default did not answer.")
        return await run(*arguments)

    monkeypatch.setattr(mail.instance, "script", away)
    with pytest.raises(Unavailable) as caught:
        await acting(mail).add([NewJob("deliver")] * 5)
    assert caught.value.message == (
        "Redis default did not answer. Before that, 2 jobs were added to mail, of the first 2 of 5. "
        "Look whether the next were added too before adding them again."
    )


async def test_too_many_jobs_at_once_are_refused(mail: LaidOut) -> None:
    assert "10,001 jobs are too many" in await refused(mail, Invalid, acting(mail).add([NewJob("deliver")] * 10_001))
    assert await acting(mail).add([]) == ()


async def test_nothing_is_half_added_where_a_key_is_of_the_wrong_type(mail: LaidOut) -> None:
    mail.redis.set(f"{mail.base}wait", "what is this")
    with pytest.raises(Conflict):
        await acting(mail).add([NewJob("deliver", "{}", {"jobId": "one"})])
    assert not mail.redis.exists(f"{mail.base}one")


async def test_no_key_of_another_layout_is_created(mail: LaidOut, layout: Layout) -> None:
    """Each would mislead the detection of the library, or its own tools."""
    await added(mail, priority=3, jobId="a")
    await added(mail, delay=1000, jobId="b")
    await acting(mail).change_priority("a", 0)
    await acting(mail).change_delay("b", 5)
    own = {
        Dialect.BULL: set[str](),
        Dialect.MQ_LIST: {"events"},
        Dialect.MQ4: {"events", "pc"},
        Dialect.MQ5: {"events", "pc", "marker"},
    }
    assert mail.keys() == {"a", "b", "id", "wait", "delayed", *own[layout.dialect]}
