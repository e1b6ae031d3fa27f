"""Obliterated, a queue leaves nothing behind, and nothing of any other queue goes with it."""

from __future__ import annotations

import json

import pytest

from core.dialects.contract import CONTRACTS
from core.errors import Conflict
from core.model import Dialect, State
from core.operations.operation import Operation, Status
from core.operations.request import Action
from tests.contract.bulk import Bulk
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout

EVERY = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
FLOWING = pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.dialect != "bull"], ids=str)
ONE = pytest.mark.parametrize("layout", [Layout(Dialect.BULL), Layout(Dialect.MQ5, "6.7.0")], ids=str)


@pytest.fixture
def bulk(mail: LaidOut) -> Bulk:
    return Bulk(mail)


def full(mail: LaidOut, layout: Layout, jobs: int = 3) -> int:
    """Something of everything that a library keeps; the number of jobs."""
    held = [state for state in CONTRACTS[layout.dialect].states if state is not State.ACTIVE]
    for state in held:
        for number in range(jobs):
            job = mail.base + mail.add(f"{state}{number}", state, data="{}", opts="{}", timestamp=1, deid="order")
            mail.redis.rpush(f"{job}:logs", "a line")
            mail.redis.hset(f"{job}:processed", "bull:mail:9", "null")
    around(mail, layout)
    return jobs * len(held)


def around(mail: LaidOut, layout: Layout) -> None:
    redis, base = mail.redis, mail.base
    redis.set(f"{base}id", 77)
    redis.hset(f"{base}meta", mapping={"opts.maxLenEvents": 10, "concurrency": 4})
    for name in ("completed", "failed"):
        redis.hset(f"{base}metrics:{name}", "count", 5)
        redis.rpush(f"{base}metrics:{name}:data", 1, 2)
    redis.zadd(f"{base}repeat", {"nightly": 1_800_000_000_000})
    redis.hset(f"{base}repeat:nightly", mapping={"name": "tidy", "every": 1000, "ic": 4})
    redis.hset(f"{base}repeat:nightly:1800000000000", mapping={"name": "tidy", "data": "{}", "opts": "{}"})
    redis.set(f"{base}de:order", "waiting3")
    redis.hset(f"{base}dn:order", mapping={"name": "deliver", "data": "{}", "opts": "{}"})
    redis.set(f"{base}limiter", 3)
    redis.hset(f"{base}limiter:index", "1", f"{base}limiter:x:limited")
    redis.sadd(f"{base}limiter:x:limited", "1")
    redis.xadd(f"{base}events", {"event": "added"})
    redis.set(f"{base}stalled-check", 1)
    redis.sadd(f"{base}stalled", "gone")
    redis.hset(f"{base}orphan", mapping={"name": "deliver", "data": "{}", "opts": "{}", "timestamp": 1})
    redis.rpush(f"{base}orphan:logs", "a line")
    if layout.dialect in (Dialect.MQ_LIST, Dialect.MQ4):
        redis.lpush(f"{base}wait", "0:0")


@EVERY
async def test_nothing_is_left_and_each_job_is_counted(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    jobs = full(mail, layout, 110)
    preview = await bulk.operations.preview(bulk.request(Action.OBLITERATE))
    operation = await bulk.done(Action.OBLITERATE)

    assert (preview.total, preview.exact) == (jobs, True)
    assert (operation.status, operation.done, operation.skipped) == (Status.DONE, jobs, {})
    assert mail.keys() == set()


@EVERY
async def test_an_empty_queue_goes_as_well(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    around(mail, layout)
    operation = await bulk.done(Action.OBLITERATE)

    assert (operation.total, operation.done, operation.status) == (1, 1, Status.DONE)
    assert mail.keys() == set()


@EVERY
async def test_queues_whose_names_begin_alike_keep_everything(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    near = [
        LaidOut(mail.redis, mail.instance, layout, name=name)
        for name in ("mail:archive", "mailing", "mail:de", "mail:repeat", "ma")
    ]
    for queue in near:
        full(queue, layout)
    kept = mail.everything()
    full(mail, layout)
    await bulk.done(Action.OBLITERATE)

    # Beside a queue called mail:repeat, a key mail:repeat:nightly may be either's.
    assert kept.items() <= mail.everything().items()
    assert mail.keys() - {key.decode().removeprefix(mail.base) for key in kept} <= {
        *("repeat:nightly", "repeat:nightly:1800000000000", "de:order"),
    }


@ONE
async def test_a_counter_alone_says_that_a_longer_name_is_another_queues(mail: LaidOut, bulk: Bulk) -> None:
    """Such is a Bull queue whose last job is gone, but for what lies about."""
    mail.redis.set(f"{mail.base}archive:id", 4)
    mail.redis.hset(f"{mail.base}archive:4", mapping={"name": "deliver", "data": "{}", "opts": "{}"})
    mail.add("1", State.FAILED, data="{}")
    await bulk.done(Action.OBLITERATE)

    assert mail.keys() == {"archive:id", "archive:4"}


@ONE
async def test_keys_that_no_library_writes_are_left_and_told(mail: LaidOut, bulk: Bulk) -> None:
    mail.add("1", State.FAILED)
    mail.redis.set(f"{mail.base}cache", "of somebody")
    mail.redis.hset(f"{mail.base}settings", "theme", "dark")
    operation = await bulk.done(Action.OBLITERATE)

    assert mail.keys() == {"cache", "settings"}
    assert (operation.done, operation.skipped) == (1, {"strange": 2})
    assert "2 keys begin like those of mail" in operation.examples[0].sentence


@ONE
async def test_an_id_that_names_no_job_ends_it_with_that_id_told(mail: LaidOut, bulk: Bulk) -> None:
    mail.redis.set(mail.base + mail.ghost("odd", State.FAILED, score=1), "somebody else's")
    mail.add("2", State.FAILED, score=2)
    operation = await bulk.done(Action.OBLITERATE)

    assert (operation.status, operation.done) == (Status.DONE, 1)
    assert operation.trouble.startswith("Job odd of mail is no job")
    assert mail.redis.get(f"{mail.base}odd") == b"somebody else's"


@EVERY
async def test_while_a_worker_holds_a_job_it_is_refused_unless_forced(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    mail.add("1", State.ACTIVE, data="{}")
    mail.add("2", State.WAITING, data="{}")
    mail.redis.set(f"{mail.base}1:lock", "token")
    before = mail.everything()
    with pytest.raises(Conflict, match="Workers hold 1 job of mail"):
        await bulk.done(Action.OBLITERATE)
    assert mail.everything() == before

    assert (await bulk.done(Action.OBLITERATE, force=True)).done == 2
    assert mail.keys() == set()


@EVERY
async def test_a_job_that_a_worker_takes_after_the_preview_stops_it_before_anything_is_removed(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    mail.add("1", State.WAITING, data="{}")
    seen = await bulk.operations.preview(bulk.request(Action.OBLITERATE))
    mail.redis.lmove(f"{mail.base}wait", f"{mail.base}active")
    mail.redis.set(f"{mail.base}1:lock", "token")
    bulk.operations.resume(seen.id)
    operation: Operation = await bulk.operations.wait(seen.id)

    assert (operation.status, operation.done) == (Status.FAILED, 0)
    assert "which is paused now; nothing was removed" in operation.trouble
    assert mail.redis.exists(f"{mail.base}1")


@EVERY
async def test_what_is_added_meanwhile_goes_too(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    mail.add("1", State.WAITING, data="{}")
    seen = await bulk.operations.preview(bulk.request(Action.OBLITERATE))
    mail.add("2", State.DELAYED, data="{}")
    bulk.operations.resume(seen.id)

    assert (await bulk.operations.wait(seen.id)).done == 2
    assert mail.keys() == set()


@FLOWING
async def test_a_parent_in_another_queue_no_longer_waits(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    billing = LaidOut(mail.redis, mail.instance, layout, name="billing")
    billing.add("7", State.WAITING_CHILDREN)
    mail.add("1", State.DELAYED, parent=json.dumps({"id": "7", "queueKey": "bull:billing"}))
    mail.redis.sadd(f"{billing.base}7:dependencies", "bull:mail:1")
    await bulk.done(Action.OBLITERATE)

    assert billing.line("wait") == ["7"]
    assert mail.keys() == set()


@FLOWING
async def test_families_within_the_queue_go_whole(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    mail.add("7", State.WAITING_CHILDREN)
    mail.add("1", State.DELAYED, parent=json.dumps({"id": "7", "queueKey": "bull:mail"}))
    mail.redis.sadd(f"{mail.base}7:dependencies", "bull:mail:1")

    assert (await bulk.done(Action.OBLITERATE)).done == 2
    assert mail.keys() == set()


@EVERY
async def test_ghosts_are_dropped_from_every_state_and_nothing_else(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    full(mail, layout)
    mail.redis.lrem(f"{mail.base}wait", 0, "0:0")
    # The stream tells of what was dropped.
    whole = {key: value for key, value in mail.everything().items() if not key.endswith((b":events", b":stalled"))}
    states = CONTRACTS[layout.dialect].states
    for state in states:
        for number in range(3):
            mail.ghost(f"ghost{number}-{state}", state)
    operation = await bulk.done(Action.DROP_GHOSTS)

    assert not operation.exact
    assert (operation.done, operation.skipped) == (3 * len(states), {"whole": 3 * (len(states) - 1)})
    after = mail.everything()
    assert {key: after.get(key) for key in whole} == whole


@EVERY
async def test_a_ghost_that_a_worker_holds_is_left_to_it(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    mail.ghost("9", State.ACTIVE)
    mail.redis.set(f"{mail.base}9:lock", "token")

    assert (await bulk.done(Action.DROP_GHOSTS)).skipped == {"locked": 1}
