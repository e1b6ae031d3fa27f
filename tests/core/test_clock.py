"""Somebody sets the clock of this machine: measuring goes on, nothing is removed too soon, and people are told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_py

from core import clock
from core.events.bull import heard
from core.events.happening import of_message
from core.facts import facts
from core.herd import Herd
from core.instance import Instance
from core.model import QueueId, State
from core.operations.operation import Status
from core.operations.request import Action, Options, Request
from core.redis_health.trend import Trend
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.snapshot import Pass, Reading, Snapshot
from tests.core import layout
from tests.core.waiting import next_reading, read_now
from tickbird.demo.server import EmbeddedServer

HOUR = 3_600_000
MAIL = QueueId("default", "bull", "mail")
SetClock = Callable[[int], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the wall clock so many milliseconds ahead of what it is."""
    right, right_ns = time.time, time.time_ns

    def jump(ahead: int) -> None:
        monkeypatch.setattr(time, "time", lambda: right() + ahead / 1000)
        monkeypatch.setattr(time, "time_ns", lambda: right_ns() + ahead * 1_000_000)

    return jump


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, -24 * HOUR])
async def test_the_traffic_of_a_queue_goes_on(
    herd: Herd, redis: redis_py.Redis, set_clock: SetClock, caplog: pytest.LogCaptureFixture, ahead: int
) -> None:
    layout.waiting(redis, layout.queue(redis), "1", "2", "3")
    while not herd.snapshot().queues:
        await next_reading(herd)
    meter = herd._collectors[0]._meters[MAIL]
    set_clock(ahead)
    await next_reading(herd)
    (queue,) = herd.snapshot().queues
    assert herd._collectors[0]._meters[MAIL] is meter
    assert meter._last is not None
    assert abs(meter._last[0] - clock.steady()) < HOUR / 2
    assert queue.counts[State.WAITING] == 3
    assert all(entry.levelno < logging.ERROR for entry in caplog.records)


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
async def test_that_clocks_differ_is_said_once_and_once_that_they_agree_again(
    server: EmbeddedServer,
    redis: redis_py.Redis,
    set_clock: SetClock,
    caplog: pytest.LogCaptureFixture,
    ahead: int,
) -> None:
    assert redis.dbsize() == 0
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)))
    collector = herd._collectors[0]
    for off in (ahead, ahead, 0, 0):
        set_clock(off)
        collector._surroundings_at = float("-inf")
        await read_now(herd)
    await herd.stop()
    said = [entry.getMessage() for entry in caplog.records]
    way = "behind" if ahead > 0 else "ahead of"
    assert len(said) == 2
    assert f"is 1 h {way} Tickbird's" in said[0].replace("1 h 00 min", "1 h")
    assert "agrees" in said[1]


def test_a_server_that_does_not_tell_the_time_is_not_doubted() -> None:
    assert facts(b"redis_version:6.2.0\r\n", 1).skew is None
    assert facts(b"server_time_usec:2000000\r\n", 500).skew == 1_500
    assert clock.skewed("It", None) == clock.skewed("It", clock.SKEWED) == ""


async def test_nothing_is_removed_too_soon_because_our_clock_was_set_ahead(
    herd: Herd, redis: redis_py.Redis, set_clock: SetClock
) -> None:
    base = layout.queue(redis)
    layout.failed(redis, base, "young", at=layout.now())
    layout.failed(redis, base, "old", at=layout.now() - 2 * HOUR)
    while not herd.snapshot().queues:
        await next_reading(herd)
    set_clock(24 * HOUR)
    options = Options(grace=HOUR)
    started = await herd.operations.start(Request(Action.CLEAN, (MAIL,), State.FAILED, options))
    assert (await herd.operations.wait(started.id)).status is Status.DONE
    assert redis.zrange(base + b"failed", 0, -1) == [b"young"]


async def test_who_may_not_ask_redis_for_the_time_goes_by_the_one_clock_there_is(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    redis.execute_command("ACL", "SETUSER", "timeless", "reset", "on", ">secret", "~*", "+@all", "-time")  # type: ignore[no-untyped-call] # redis-py's
    instance = Instance(RedisSettings("default", server.url.replace("//", "//timeless:secret@")))
    assert await clock.earlier_clock(instance, MAIL, 7) == 7
    await instance.close()


def test_a_trend_begins_anew_where_the_clock_was_set(set_clock: SetClock) -> None:
    trend, redis = Trend(), facts(b"used_memory:1000\r\n")

    def hear(at: int) -> None:
        trend.hear(Snapshot(1, (Reading("default", at, (), redis, Pass()),)))

    for second in range(0, 120, 10):
        hear(clock.wall() + second * 1000)
    assert trend.memory("default").window > 0
    set_clock(-HOUR)
    hear(clock.wall())
    assert trend.memory("default").window == 0
    hear(clock.wall() + 30_000)
    assert trend.memory("default").window == 30_000


async def test_a_first_look_that_takes_long_makes_no_clock_differ(
    server: EmbeddedServer,
    redis: redis_py.Redis,
    set_clock: SetClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert redis.dbsize() == 0
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)))
    collector = herd._collectors[0]
    right = collector._register.meet

    async def meet(*connected: Any) -> None:
        set_clock(60_000)  # so long do thousands of queues take
        await right(*connected)

    monkeypatch.setattr(collector._register, "meet", meet)
    await read_now(herd)
    await herd.stop()
    assert not [entry.getMessage() for entry in caplog.records if "clock" in entry.getMessage()]


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_what_bull_says_happened_when_the_clock_says_it_did(set_clock: SetClock, ahead: int) -> None:
    set_clock(ahead)
    found = heard(MAIL.base + b"active", b"7", clock.steady())
    assert found is not None
    assert abs(of_message(MAIL, found[1], lambda _: None).at - clock.wall()) < HOUR / 2
