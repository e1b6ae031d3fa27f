"""Redis goes away, hangs, comes back: the herd says so, answers at once, and recovers by itself."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis as redis_py

from core.errors import TickbirdError, Unavailable
from core.herd import Herd
from core.model import Health, QueueId, State
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.snapshot import Reading
from tests.conftest import Eventually
from tests.core import layout
from tests.core.waiting import herding
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A server of this test alone, as it is stopped."""
    with EmbeddedServer.start() as running:
        yield running


@pytest.fixture(autouse=True)
def no_complaints(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No task died or was forgotten, and nothing of ours failed."""
    yield
    gc.collect()
    complaints = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert complaints == []


def fill(server: EmbeddedServer) -> None:
    with redis_py.Redis.from_url(server.url) as client:
        layout.waiting(client, layout.queue(client), "1", "2", "3")


def reading(herd: Herd) -> Reading:
    return herd.snapshot().readings[0]


def is_read(herd: Herd) -> bool:
    return reading(herd).down_since is None and len(herd.snapshot().queues) == 1


@contextmanager
def hanging(server: EmbeddedServer) -> Iterator[None]:
    """A server that accepts connections and answers nobody."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def timed(answer: Any) -> tuple[float, object]:
    started = time.monotonic()
    try:
        return time.monotonic() - started, await answer
    except TickbirdError as refusal:
        return time.monotonic() - started, refusal


async def test_while_redis_is_away_the_last_reading_stays_marked_and_reads_fail_at_once(
    server: EmbeddedServer, eventually: Eventually
) -> None:
    fill(server)
    async with herding(server.url) as herd:
        await eventually(lambda: is_read(herd))
        taken_at = reading(herd).taken_at
        before = time.time_ns() // 1_000_000
        server.stop()
        await eventually(lambda: reading(herd).down_since)
        away = reading(herd)
        assert away.down_since is not None
        assert before - 2000 <= away.down_since <= time.time_ns() // 1_000_000
        assert "default" in away.trouble
        assert away.taken_at is not None
        assert taken_at is not None
        assert away.taken_at >= taken_at
        (queue,) = away.queues
        assert (queue.counts[State.WAITING], queue.verdict.health) == (3, Health.STALE)
        for ask in everything(herd):
            refused_at_once(ask())
        since = away.down_since
        await asyncio.sleep(1.2)
        assert reading(herd).down_since == since


def refused_at_once(asked: Coroutine[Any, Any, Any]) -> None:
    """It ends before it has waited for anything at all."""
    with pytest.raises(Unavailable):
        asked.send(None)


def everything(herd: Herd) -> list[Callable[[], Any]]:
    """Every question that goes to Redis."""
    return [
        lambda: herd.jobs(MAIL, State.WAITING),
        lambda: herd.job(MAIL, "1"),
        lambda: herd.rows(MAIL, ["1"]),
        lambda: herd.logs(MAIL, "1"),
        lambda: herd.history(MAIL),
    ]


async def test_after_a_restart_everything_is_read_again(server: EmbeddedServer, eventually: Eventually) -> None:
    fill(server)
    async with herding(server.url) as herd:
        await eventually(lambda: is_read(herd))
        server.stop()
        await eventually(lambda: reading(herd).down_since)
        server.start_again()
        await eventually(lambda: reading(herd).down_since is None)
        assert reading(herd).trouble == ""
        assert reading(herd).queues == ()
        fill(server)
        await eventually(lambda: is_read(herd))
        assert [row.id for row in (await herd.jobs(MAIL, State.WAITING, order="oldest")).rows] == ["1", "2", "3"]
        assert herd.queue(MAIL).verdict.health is Health.UNATTENDED


async def test_a_redis_that_is_not_there_yet_is_found_when_it_comes(
    server: EmbeddedServer, eventually: Eventually
) -> None:
    server.stop()
    async with herding(server.url) as herd:
        await eventually(lambda: reading(herd).down_since)
        assert reading(herd).taken_at is None
        with pytest.raises(Unavailable):
            herd.queue(MAIL)
        with pytest.raises(Unavailable):
            await herd.jobs(MAIL, State.WAITING)
        server.start_again()
        fill(server)
        await eventually(lambda: is_read(herd))


async def test_a_redis_that_hangs_is_said_to_and_nobody_waits_for_its_end(
    server: EmbeddedServer, eventually: Eventually
) -> None:
    fill(server)
    async with herding(server.url) as herd:
        await eventually(lambda: is_read(herd))
        with hanging(server):
            asked = await asyncio.gather(*(ask() for ask in everything(herd) * 10), return_exceptions=True)
            assert {type(answer) for answer in asked} == {Unavailable}
            await eventually(lambda: reading(herd).down_since)
            refused_at_once(herd.jobs(MAIL, State.WAITING))
        await eventually(lambda: is_read(herd))
        assert len((await herd.jobs(MAIL, State.WAITING)).rows) == 3


async def test_a_short_hang_is_not_paid_for_afterwards(server: EmbeddedServer, eventually: Eventually) -> None:
    fill(server)
    async with herding(server.url) as herd:
        await eventually(lambda: is_read(herd))
        with hanging(server):
            await asyncio.sleep(2)
        for _ in range(2):
            version = herd.snapshot().version
            assert (await herd.newer(version, 20)).version > version
        assert is_read(herd)
        await asyncio.gather(*(ask() for ask in everything(herd)))


async def test_a_herd_can_be_stopped_while_redis_hangs(server: EmbeddedServer, eventually: Eventually) -> None:
    fill(server)
    async with herding(server.url) as herd:
        await eventually(lambda: is_read(herd))
        with hanging(server):
            asking = [asyncio.create_task(ask()) for ask in everything(herd)]
            await asyncio.sleep(0.05)
            await herd.stop()
            await asyncio.gather(*asking, return_exceptions=True)


async def test_one_instance_that_is_away_does_not_hold_up_another(
    server: EmbeddedServer, eventually: Eventually
) -> None:
    fill(server)
    with EmbeddedServer.start() as other:
        fill(other)
        herd = Herd(Settings(redis=(RedisSettings("one", server.url), RedisSettings("two", other.url))))
        await herd.start()
        with herd.watching():
            await eventually(lambda: len(herd.snapshot().queues) == 2)
            other.stop()
            await eventually(lambda: herd.snapshot().readings[1].down_since)
            one = QueueId("one", "bull", "mail")
            assert len((await herd.jobs(one, State.WAITING)).rows) == 3
            version, taken_at = herd.snapshot().version, herd.snapshot().readings[0].taken_at
            await eventually(lambda: (herd.snapshot().readings[0].taken_at or 0) > (taken_at or 0))
            assert herd.snapshot().version > version
            assert herd.snapshot().readings[0].down_since is None
        await herd.stop()
