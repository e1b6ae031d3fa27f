"""Bulk work on what a query means: exactly those jobs, in their order, with what they carry, and nothing else."""

from __future__ import annotations

import json

import pytest

from core.errors import Unsupported
from core.model import Dialect, State
from core.operations.operation import Status
from core.operations.request import Action
from tests.contract.bulk import Bulk
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout
from tests.contract.queried import RESET, asked, done, fail_mixed
from tests.core.layout import now

pytestmark = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
SORTED = (Dialect.MQ4, Dialect.MQ5)


@pytest.fixture
def bulk(mail: LaidOut) -> Bulk:
    return Bulk(mail)


async def test_exactly_what_fits_is_retried_with_its_priority(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    meant = fail_mixed(mail)
    seen = await bulk.operations.preview(asked(mail, Action.RETRY, "reason:ECONNRESET"))
    assert (seen.total, seen.exact, seen.least, seen.reach) == (400, True, False, 1200)
    assert {id for _, id in seen.sample} <= set(meant)
    bulk.operations.resume(seen.id, scope=seen.scope)
    operation = await bulk.operations.wait(seen.id)

    assert (operation.status, operation.done, operation.skipped) == (Status.DONE, 400, {})
    left = {id.decode() for id in mail.redis.zrange(mail.base + "failed", 0, -1)}
    assert left == {f"f{n}" for n in range(1200)} - set(meant)
    assert mail.prioritised() == {id: int(id[1:]) % 7 for id in meant if int(id[1:]) % 7}
    unhurried = [id for id in mail.line("wait") if id not in mail.prioritised()]
    assert unhurried == [id for id in meant if int(id[1:]) % 7 == 0]


async def test_waiting_jobs_that_fit_are_removed_and_the_others_stay_in_line(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    for n in range(900):
        mail.add(f"w{n}", State.WAITING, data=json.dumps({"to": {"id": n % 9}}), timestamp=now() - 1000)
    operation = await done(bulk, asked(mail, Action.REMOVE, "data.to.id:4", State.WAITING))

    assert (operation.total, operation.done, operation.skipped) == (100, 100, {})
    assert mail.line("wait") == [f"w{n}" for n in range(900) if n % 9 != 4]


async def test_a_query_that_names_states_goes_through_those(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    for n in range(20):
        mail.add(f"f{n}", State.FAILED, score=1000 + n, failedReason=RESET)
        mail.add(f"c{n}", State.COMPLETED, score=1000 + n)
    every = await bulk.operations.preview(asked(mail, Action.RETRY, "state:failed OR state:completed"))
    operation = await done(bulk, asked(mail, Action.REMOVE, "state:completed id:c1*"))

    assert every.total == 40
    assert (operation.done, mail.redis.zcard(mail.base + "failed")) == (11, 20)


async def test_what_scores_tell_bounds_what_is_looked_at(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    for n in range(300):
        mail.add(
            f"f{n}",
            State.FAILED,
            score=now() - (300 - n) * 60_000,
            failedReason=RESET,
            finishedOn=now() - (300 - n) * 60_000,
        )
    seen = await bulk.operations.preview(asked(mail, Action.REMOVE, "finished:45m30s", State.FAILED))
    operation = await done(bulk, asked(mail, Action.RETRY, "finished:<30m30s reason:ECONNRESET"))

    assert (seen.total, seen.reach <= 47) == (45, True)
    assert (operation.done, operation.total, operation.reach <= 272) == (270, 270, True)


async def test_jobs_that_come_to_fit_later_are_left_alone(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    fail_mixed(mail, 300)
    seen = await bulk.operations.preview(asked(mail, Action.RETRY, "reason:ECONNRESET"))
    for n in range(50):
        mail.add(f"later{n}", State.FAILED, score=now(), failedReason=RESET)
    bulk.operations.resume(seen.id, scope=seen.scope)
    operation = await bulk.operations.wait(seen.id)

    assert (operation.done, operation.skipped) == (100, {})
    assert all(mail.redis.zscore(mail.base + "failed", f"later{n}") for n in range(50))


async def test_a_limit_takes_the_first_that_fit(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    meant = fail_mixed(mail)
    operation = await done(bulk, asked(mail, Action.RETRY, "reason:ECONNRESET", limit=7))

    assert (operation.total, operation.done) == (7, 7)
    assert all(mail.redis.zscore(mail.base + "failed", id) is None for id in meant[:7])
    assert mail.redis.zcard(mail.base + "failed") == 1193


async def test_priorities_are_changed_once_each_and_in_order(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    if layout.dialect not in SORTED:
        with pytest.raises(Unsupported, match="one list"):
            await bulk.operations.preview(asked(mail, Action.CHANGE_PRIORITY, "", State.WAITING, priority=3))
        return
    for n in range(700):
        mail.add(
            f"p{n}", State.PRIORITIZED, score=((1 + n % 10) << 32) + n, priority=1 + n % 10, timestamp=now() - 1000
        )
    mail.redis.set(mail.base + "pc", 700)
    operation = await done(bulk, asked(mail, Action.CHANGE_PRIORITY, "-priority:9", State.PRIORITIZED, priority=5))

    assert (operation.total, operation.done, operation.skipped) == (560, 560, {})
    after = mail.prioritised()
    assert {id: priority for id, priority in after.items() if priority == 9} == {f"p{n}": 9 for n in range(8, 700, 10)}
    fifth = [id for id, priority in after.items() if priority == 5]
    assert fifth[:70] == [f"p{n}" for n in range(4, 700, 10)]
    assert sorted(fifth[70:]) == sorted(f"p{n}" for n in range(700) if n % 10 not in (4, 8))


async def test_waiting_jobs_are_given_a_priority(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    if layout.dialect not in SORTED:
        return
    for n in range(200):
        mail.add(f"w{n}", State.WAITING, name="send" if n % 2 else "drop", timestamp=now() - 1000)
    operation = await done(bulk, asked(mail, Action.CHANGE_PRIORITY, "name:send", State.WAITING, priority=2))

    assert (operation.done, operation.skipped) == (100, {})
    assert mail.prioritised() == {f"w{n}": 2 for n in range(1, 200, 2)}
    assert mail.line("wait") == [f"w{n}" for n in range(0, 200, 2)]


async def test_delays_are_changed_once_each_and_keep_their_order(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    first = now() + 60_000
    # None is due when all of them will be: such a job needs no change.
    ids = [n for n in range(700) if not 250 < n < 400]
    for n in ids:
        mail.add(f"d{n}", State.DELAYED, score=(first + n * 100) * 4096, delay=60_000, timestamp=now() - 1000)
    mail.add("new", State.DELAYED, score=first * 4096, delay=60_000, timestamp=now() + 600_000)
    operation = await done(bulk, asked(mail, Action.CHANGE_DELAY, "id:d* OR id:new", delay=90_000))
    due = mail.redis.zrange(mail.base + "delayed", 0, -1, withscores=True)

    assert (operation.done, operation.skipped) == (len(ids), {"new": 1})
    moved = [(id.decode(), int(score) // 4096) for id, score in due if id != b"new"]
    assert [id for id, _ in moved] == [f"d{n}" for n in ids]
    assert {at - (operation.started or 0) for _, at in moved} == {90_000}
    assert mail.redis.hget(mail.base + "d5", "delay") == b"90000"
