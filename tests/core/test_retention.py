"""Retention rules at work: what they remove, when, and who does it."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis as redis_py

from core.herd import Herd
from core.model import QueueId, State
from core.operations.operation import Operation, Status
from core.operations.request import Action, Request
from core.redis_settings import RedisSettings
from core.retention import schedule
from core.retention.rules import Rule
from core.settings import Settings
from tests.core import layout
from tests.core.waiting import read_now, soon
from tickbird.demo.server import EmbeddedServer
from tickbird.doctor import examine

HOUR = 3_600_000
KEEP_TEN = Rule("mail*", State.COMPLETED, keep=10)
MAIL, ARCHIVE, VIDEO = (QueueId("default", "bull", name) for name in ("mail", "mail-archive", "video"))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "FIRST", 0.0)


def settings(server: EmbeddedServer, *rules: Rule, **more: object) -> Settings:
    known: dict[str, object] = {"redis": (RedisSettings("default", server.url, ("*",)),), "retention": rules}
    return Settings(**{**known, **more})  # type: ignore[arg-type] # each test says what it says


@asynccontextmanager
async def keeping(server: EmbeddedServer, *rules: Rule, **more: object) -> AsyncIterator[Herd]:
    """A herd that has read its queues and follows its rules."""
    herd = Herd(settings(server, *rules, **more))
    try:
        await read_now(herd)
        await herd.start()
        yield herd
    finally:
        await herd.stop()


def completed(redis: redis_py.Redis, name: str, jobs: int, *, aged: int = 0) -> bytes:
    """A queue with so many completed jobs, a second between two of them, the newest `aged` ms ago."""
    base = layout.queue(redis, f"bull:{name}:")
    newest = layout.now() - aged
    with redis.pipeline(transaction=False) as write:
        for n in range(jobs):
            at = newest - (jobs - 1 - n) * 1000
            fields: dict[Any, Any] = {"name": "welcome", "data": "{}", "opts": "{}", "timestamp": at, "finishedOn": at}
            write.hset(base + b"c%d" % n, mapping=fields)
            write.zadd(base + b"completed", {f"c{n}": at})
        write.execute()
    return base


async def over(herd: Herd, count: int = 1) -> list[Operation]:
    """As soon as there are so many operations, all over."""

    async def so() -> list[Operation]:
        seen = list(herd.operations.list())
        return seen if len(seen) >= count and all(one.finished for one in seen) else []

    return await soon(so)


def left(redis: redis_py.Redis, base: bytes) -> list[bytes]:
    return sorted(bytes(id) for id, _ in redis.zscan_iter(base + b"completed"))


async def test_the_newest_stay_and_the_operation_says_why_the_others_went(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    mail, archive, video = (completed(redis, name, 30) for name in ("mail", "mail-archive", "video"))
    async with keeping(server, KEEP_TEN) as herd:
        (done,) = await over(herd)

    assert left(redis, mail) == left(redis, archive) == [b"c%d" % n for n in range(20, 30)]
    assert len(left(redis, video)) == 30
    assert (done.request.action, done.request.by, done.done) == (Action.CLEAN, "retention", 40)
    assert done.request.reason == "Retention: completed jobs in mail*, all but the newest 10 of each queue."
    assert {target.queue for target in done.targets} == {MAIL, ARCHIVE}


async def test_a_job_goes_only_when_it_is_neither_young_nor_among_the_newest(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    old, young = completed(redis, "mail", 30, aged=2 * HOUR), completed(redis, "mail-archive", 30)
    async with keeping(server, Rule("mail*", State.COMPLETED, keep=10, age=HOUR)) as herd:
        (done,) = await over(herd)

    assert done.done == 20
    assert (len(left(redis, old)), len(left(redis, young))) == (10, 30)


async def test_where_there_is_nothing_to_remove_nothing_is_recorded(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    mail = completed(redis, "mail", 10)
    video = completed(redis, "video", 11)
    async with keeping(server, KEEP_TEN, Rule("video", State.COMPLETED, keep=10)) as herd:
        (done,) = await over(herd)
        assert [target.queue for target in done.targets] == [VIDEO]
    assert (len(left(redis, mail)), len(left(redis, video))) == (10, 10)


async def test_a_rule_is_followed_again_when_its_time_has_come(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "TICK", 0.05)
    completed(redis, "mail", 20)
    async with keeping(server, Rule("mail", State.COMPLETED, keep=10, every=300)) as herd:
        await over(herd)
        mail = completed(redis, "mail", 20)
        await over(herd, 2)
        assert len(left(redis, mail)) == 10


async def test_a_rule_waits_while_what_it_began_is_held(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "TICK", 0.02)
    rule = Rule("mail", State.COMPLETED, keep=10, every=100)
    completed(redis, "mail", 3000)
    async with keeping(server, rule) as herd:

        async def begun() -> tuple[Operation, ...]:
            return herd.operations.list()

        (begins,) = await soon(begun)
        herd.operations.pause(begins.id)
        ticks = 0
        tick = schedule.Schedule.tick

        async def counted(self: schedule.Schedule) -> None:
            nonlocal ticks
            await tick(self)
            ticks += 1

        monkeypatch.setattr(schedule.Schedule, "tick", counted)

        async def ticked() -> bool:
            return ticks > 15

        await soon(ticked)
        assert [seen.status for seen in herd.operations.list()] == [Status.PAUSED]
        herd.operations.resume(begins.id)
        await over(herd)


async def test_of_two_that_share_a_store_one_does_it(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    mail = completed(redis, "mail", 3000)
    store = server.url.removesuffix("0") + "1"
    async with (
        keeping(server, KEEP_TEN, state_url=store) as first,
        keeping(server, KEEP_TEN, state_url=store) as second,
    ):
        for herd in (first, second):
            (done,) = await over(herd)
            assert done.done == 2990
    assert len(left(redis, mail)) == 10


async def test_after_a_restart_a_rule_keeps_its_time(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    store = server.url.removesuffix("0") + "1"
    completed(redis, "mail", 20)
    async with keeping(server, KEEP_TEN, state_url=store) as herd:
        await over(herd)
    mail = completed(redis, "mail", 20)
    async with keeping(server, KEEP_TEN, state_url=store) as herd:
        await herd._retention.tick()
        assert len(left(redis, mail)) == 20


async def test_what_a_crash_cut_short_is_cancelled_and_done_anew(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    store = server.url.removesuffix("0") + "1"
    mail = completed(redis, "mail", 3000)
    async with keeping(server, state_url=store) as crashed:
        cut = await crashed.operations.start(KEEP_TEN.request((MAIL,)))
        crashed.operations._keeping.runs[cut.id].park()
        await crashed.operations.wait(cut.id)
        await crashed.operations._keeping.end()
        async with keeping(server, KEEP_TEN, state_url=store) as herd:
            seen = await over(herd, 2)
    assert [one.status for one in seen] == [Status.DONE, Status.CANCELLED]
    assert len(left(redis, mail)) == 10


async def test_what_runs_at_a_stop_is_cancelled_not_parked(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    completed(redis, "mail", 3000)
    async with keeping(server, state_url=server.url.removesuffix("0") + "1") as herd:
        begun = await herd.operations.start(KEEP_TEN.request((MAIL,)))
    assert herd.operations.get(begun.id).status is Status.CANCELLED


async def test_a_read_only_tickbird_removes_nothing(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    mail = completed(redis, "mail", 20)
    async with keeping(server, KEEP_TEN, read_only=True) as herd:
        await herd._retention.tick()
        assert herd.operations.list() == ()
    assert len(left(redis, mail)) == 20


async def test_a_refusal_is_logged_once(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "tickbird.retention")
    completed(redis, "mail", 20)
    redis.hset("bull:mail:meta", "version", "bullmq-pro:7.1.0")
    redis.zadd("bull:mail:groups", {"1": 1})
    async with keeping(server, Rule("mail", State.COMPLETED, keep=10, every=0)) as herd:
        for _ in range(3):
            await herd._retention.tick()
        assert herd.operations.list() == ()
    assert [message for message in caplog.messages if "Pro" in message] == caplog.messages
    assert len(caplog.messages) == 1


async def test_retention_spares_what_a_person_began(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    completed(redis, "mail", 20)
    async with keeping(server) as herd:
        seen = await herd.operations.preview(Request(Action.CLEAN, (MAIL,), State.COMPLETED))
        assert seen.total == 20


def test_doctor_tells_what_the_rules_would_remove_and_where_state_is_kept(
    server: EmbeddedServer, redis: redis_py.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = completed(redis, "mail", 30)
    store = server.url.removesuffix("0") + "1"
    assert examine(settings(server, KEEP_TEN, state_url=store), as_json=False) == 0
    said = capsys.readouterr().out
    assert "all but the newest 10 of each queue. Now 20 jobs in 1 queues." in said
    assert "keeps what Tickbird itself remembers" in said
    assert len(left(redis, mail)) == 30

    assert examine(settings(server, KEEP_TEN, state_url="redis://127.0.0.1:1/0"), as_json=True) == 1
    assert "state_url cannot be reached" in json.dumps(json.loads(capsys.readouterr().out))
