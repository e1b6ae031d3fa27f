"""Bulk work in each layout: exact counts, what is kept, what is left alone and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from core.errors import Unsupported
from core.model import Dialect, State
from core.operations.operation import Operation, Status
from core.operations.request import Action
from core.script import Script
from tests.contract.bulk import Bulk
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout
from tests.core.layout import now

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
MINUTE = 60_000
PRIORITISED = (Dialect.MQ4, Dialect.MQ5)


@pytest.fixture
def bulk(mail: LaidOut) -> Bulk:
    return Bulk(mail)


def failed(mail: LaidOut, jobs: int, **fields: object) -> list[str]:
    return [mail.add(f"f{n}", State.FAILED, score=1000 + n, failedReason="no", **fields) for n in range(jobs)]


def numbers(operation: Operation) -> tuple[int, int, dict[str, int]]:
    return operation.total, operation.done, dict(operation.skipped or {})


def line(mail: LaidOut, layout: Layout) -> Sequence[str]:
    return mail.line("wait")


async def test_retrying_all_failed_jobs_keeps_their_order(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    ids = failed(mail, 350)
    operation = await bulk.done(Action.RETRY)

    assert operation.status is Status.DONE
    assert numbers(operation) == (350, 350, {})
    assert line(mail, layout) == ids
    assert mail.redis.zcard(mail.base + "failed") == 0
    assert bulk.touched == [mail.queue.id]


async def test_retrying_all_failed_jobs_keeps_each_priority(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    for n in range(30):
        mail.add(f"p{n}", State.FAILED, score=1000 + n, priority=1 + n % 3)
    assert (await bulk.done(Action.RETRY)).done == 30

    assert mail.prioritised() == {f"p{n}": 1 + n % 3 for n in range(30)}


async def test_what_cannot_be_retried_is_left_and_told_with_its_reason(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    failed(mail, 20)
    mail.ghost("ghost", State.FAILED, score=5)
    mail.redis.set(mail.base + mail.add("held", State.FAILED, score=5) + ":lock", "token")
    mail.redis.set(mail.base + mail.ghost("odd", State.FAILED, score=6), "a string")
    operation = await bulk.done(Action.RETRY)

    assert numbers(operation) == (23, 20, {"ghost": 1, "locked": 1, "foreign": 1})
    assert {skip.job_id for skip in operation.examples} == {"ghost", "held", "odd"}
    assert all(skip.sentence.endswith(".") for skip in operation.examples)
    assert set(mail.redis.zrange(mail.base + "failed", 0, -1)) == {b"ghost", b"held", b"odd"}


async def test_examples_are_few_however_many_are_skipped(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    for n in range(300):
        mail.ghost(f"ghost{n}", State.FAILED, score=5)
    operation = await bulk.done(Action.RETRY)

    assert numbers(operation) == (300, 0, {"ghost": 300})
    assert len(operation.examples) == 5


async def test_promoting_all_keeps_priorities_and_leaves_none_delayed(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    for n in range(120):
        mail.add(f"d{n}", State.DELAYED, score=(now() + 60_000 + n) * 4096, delay=60_000, priority=2 if n < 10 else 0)
    operation = await bulk.done(Action.PROMOTE)

    assert numbers(operation) == (120, 120, {})
    assert list(mail.prioritised()) == [f"d{n}" for n in range(10)]
    assert {f"d{n}" for n in range(10, 120)} <= set(mail.line("wait"))


async def test_cleaning_keeps_the_newest_and_the_young_and_stops_at_the_limit(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    for n in range(100):
        mail.add(f"c{n}", State.COMPLETED, score=now() - MINUTE * (1000 - n))
    limited = await bulk.done(Action.CLEAN, State.COMPLETED, limit=10)
    aged = await bulk.done(Action.CLEAN, State.COMPLETED, grace=980 * MINUTE + MINUTE // 2)
    kept = await bulk.done(Action.CLEAN, State.COMPLETED, keep=25)

    assert [operation.done for operation in (limited, aged, kept)] == [10, 10, 55]
    assert all(operation.total == operation.done for operation in (limited, aged, kept))
    assert mail.redis.zrange(mail.base + "completed", 0, -1) == [b"c%d" % n for n in range(75, 100)]
    assert not mail.redis.exists(mail.base + "c74")


async def test_cleaning_waiting_jobs_by_age_asks_each_and_says_that_the_count_is_a_bound(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    for n in range(40):
        mail.add(f"w{n}", State.WAITING, timestamp=now() - (0 if n % 4 == 0 else 100_000))
    operation = await bulk.done(Action.CLEAN, State.WAITING, grace=50_000)

    assert not operation.exact
    assert numbers(operation) == (40, 30, {"young": 10})
    assert mail.line("wait") == [f"w{n}" for n in range(0, 40, 4)]


async def test_draining_removes_what_is_ready_and_leaves_what_is_delayed_unless_asked(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    for n in range(130):
        mail.add(f"w{n}", State.WAITING)
    mail.add("p", State.PAUSED)
    mail.add("d", State.DELAYED, score=5)
    mail.add("f", State.FAILED)
    if layout.dialect in PRIORITISED:
        mail.add("x", State.PRIORITIZED, score=1 << 32, priority=1)
    ready = 132 if layout.dialect in PRIORITISED else 131

    assert numbers(await bulk.done(Action.DRAIN)) == (ready, ready, {})
    assert numbers(await bulk.done(Action.DRAIN, delayed=True)) == (1, 1, {})
    assert not mail.redis.keys(mail.base + "[wpdx]*[0-9pdx]")
    assert mail.redis.exists(mail.base + "f")


async def test_the_pending_iteration_of_a_scheduler_survives_a_drain_and_is_told(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    due = now() + 1000
    mail.redis.zadd(mail.base + "repeat", {"daily": due})
    iteration = mail.add(f"repeat:daily:{due}", State.WAITING, rjk="daily")
    for n in range(300):
        mail.add(f"w{n}", State.WAITING)
    operation = await bulk.done(Action.DRAIN)

    assert numbers(operation) == (301, 300, {"scheduler": 1})
    assert mail.line("wait") == [iteration]


async def test_children_of_a_parent_in_another_queue_are_retried_and_expected_again(
    mail: LaidOut, bulk: Bulk, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    if layout.dialect is Dialect.BULL:
        return
    ran, run = [], mail.instance.script

    async def noted(script: Script, *rest: Any) -> Any:
        ran.append(script.name)
        return await run(script, *rest)

    monkeypatch.setattr(mail.instance, "script", noted)
    mail.redis.hset("bull:billing:7", "name", "bill")
    mail.redis.zadd("bull:billing:waiting-children", {"7": 1})
    ids = failed(mail, 300, parent=json.dumps({"id": "7", "queueKey": "bull:billing"}))
    mail.redis.hset("bull:billing:7:failed", mapping={mail.base + id: "no" for id in ids})
    operation = await bulk.done(Action.RETRY)

    assert numbers(operation) == (300, 300, {})
    assert mail.redis.scard("bull:billing:7:dependencies") == 300
    assert len(ran) == operation.slices + 1, "whose children they are is asked once"


async def test_pausing_and_resuming_count_queues_and_tell_what_was_so_already(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    mail.add("w", State.WAITING)
    paused, again = await bulk.done(Action.PAUSE), await bulk.done(Action.PAUSE)
    resumed = await bulk.done(Action.RESUME)

    assert numbers(paused) == (1, 1, {})
    assert numbers(again) == (1, 0, {"unchanged": 1})
    assert numbers(resumed) == (1, 1, {})
    assert mail.line("wait") == ["w"]


async def test_a_state_that_the_layout_has_not_is_refused(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    if layout.dialect in PRIORITISED:
        assert numbers(await bulk.done(Action.REMOVE, State.PRIORITIZED)) == (0, 0, {})
        return
    with pytest.raises(Unsupported, match="prioritized"):
        await bulk.done(Action.REMOVE, State.PRIORITIZED)
