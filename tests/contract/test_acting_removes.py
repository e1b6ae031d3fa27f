"""A removed job leaves nothing behind, and takes nothing with it that is not its own."""

from __future__ import annotations

import json

import pytest

from core.errors import Conflict
from core.model import Dialect, State
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

EVERY = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
DEDUPLICATING = pytest.mark.parametrize(
    "layout", [layout for layout in LAYOUTS if layout.dialect in (Dialect.BULL, Dialect.MQ5)], ids=str
)
FLOWING = pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.dialect != "bull"], ids=str)
LISTED = pytest.mark.parametrize(
    "layout", [layout for layout in LAYOUTS if layout.dialect in (Dialect.BULL, Dialect.MQ_LIST)], ids=str
)


@DEDUPLICATING
async def test_the_holder_of_a_deduplication_id_frees_it(mail: LaidOut, layout: Layout) -> None:
    mail.add("1", State.FAILED, deid="order-1")
    mail.redis.set(f"{mail.base}de:order-1", "1")
    if layout.dialect is Dialect.MQ5:
        mail.redis.hset(f"{mail.base}dn:order-1", "name", "the follow-up kept behind it")
    await mail.remove("1")
    assert mail.keys() <= {"events"}


@DEDUPLICATING
async def test_a_deduplication_id_that_another_job_holds_stays(mail: LaidOut) -> None:
    mail.add("1", State.FAILED, deid="order-1")
    mail.redis.set(f"{mail.base}de:order-1", "2")
    mail.redis.hset(f"{mail.base}dn:order-1", "name", "the follow-up kept behind the other")
    await mail.remove("1")
    assert mail.keys() - {"events"} == {"de:order-1", "dn:order-1"}


@FLOWING
async def test_a_parent_with_unfinished_children_stays(mail: LaidOut) -> None:
    mail.add("7", State.WAITING_CHILDREN)
    mail.redis.sadd(f"{mail.base}7:dependencies", "bull:mail:1", "bull:mail:2")
    with pytest.raises(Conflict, match="2 unfinished children, which would be orphaned"):
        await mail.remove("7")
    assert mail.redis.zscore(f"{mail.base}waiting-children", "7") == 1


@FLOWING
async def test_a_parent_whose_children_are_done_goes_alone(mail: LaidOut) -> None:
    mail.add("7", State.COMPLETED)
    mail.add("1", State.COMPLETED, parent=json.dumps({"id": "7", "queueKey": "bull:mail"}))
    mail.redis.hset(f"{mail.base}7:processed", "bull:mail:1", "null")
    await mail.remove("7")
    assert mail.keys() - {"events"} == {"1", "completed"}
    await mail.remove("1")
    assert mail.keys() - {"events"} == set()


@FLOWING
async def test_a_parent_that_still_waits_for_others_is_not_let_go(mail: LaidOut) -> None:
    mail.add("7", State.WAITING_CHILDREN)
    for child in ("1", "2"):
        mail.add(child, State.FAILED, parent=json.dumps({"id": "7", "queueKey": "bull:mail"}))
        mail.redis.sadd(f"{mail.base}7:dependencies", f"bull:mail:{child}")
    await mail.remove("1")
    assert mail.line("wait") == []
    outcome = await mail.remove("2")
    assert mail.line("wait") == ["7"]
    assert outcome.sentence == "Job 2 of mail was removed from failed. Its parent waited for nothing else and runs now."


@FLOWING
async def test_a_parent_that_does_not_wait_is_not_put_in_line_again(mail: LaidOut) -> None:
    mail.add("7", State.FAILED)
    mail.add("1", State.FAILED, parent=json.dumps({"id": "7", "queueKey": "bull:mail"}))
    mail.redis.sadd(f"{mail.base}7:dependencies", "bull:mail:1")
    await mail.remove("1")
    assert mail.line("wait") == []
    assert mail.redis.zscore(f"{mail.base}failed", "7") == 1


@LISTED
async def test_where_many_jobs_are_more_urgent_the_place_is_found_all_the_same(mail: LaidOut) -> None:
    """Few are lifted off the tail and put back; past a thousand the list is searched instead."""
    for urgent in (999, 1000, 1001, 1002):
        mail.redis.flushall()
        names = [f"u{number}" for number in range(urgent)]
        mail.redis.rpush(f"{mail.base}wait", "plain", "low", *names)
        mail.redis.zadd(f"{mail.base}priority", {"low": 9, **dict.fromkeys(names, 1)})
        mail.add("middle", State.DELAYED, priority=5)
        await mail.promote("middle")
        assert mail.line("wait") == [*reversed(names), "middle", "low", "plain"]


@EVERY
@pytest.mark.parametrize("place", ["first", "middle", "last"])
async def test_a_job_is_taken_out_of_a_long_line_wherever_it_stands(mail: LaidOut, place: str) -> None:
    ids = [f"j{number}" for number in range(50_000)]
    mail.redis.rpush(f"{mail.base}wait", *ids)
    job_id = {"first": ids[3], "middle": ids[25_000], "last": ids[-3]}[place]
    mail.redis.hset(mail.base + job_id, "name", "deliver")
    await mail.remove(job_id)
    assert mail.redis.llen(f"{mail.base}wait") == len(ids) - 1
    assert mail.redis.lpos(f"{mail.base}wait", job_id) is None
