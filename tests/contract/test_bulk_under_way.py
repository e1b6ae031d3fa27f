"""Bulk work while life goes on: frozen scopes, pausing, cancelling, a Redis that goes away and comes back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis as redis_py

from core.errors import Conflict, Forbidden
from core.ground import Ground
from core.model import Dialect, State
from core.operations.operation import Status
from core.operations.pace import MOST
from core.operations.registry import REMEMBERED, Operations
from core.operations.request import Action
from tests.contract.bulk import Bulk
from tests.contract.laid_out import LaidOut, Layout
from tests.core.layout import now
from tests.core.waiting import soon
from tickbird.demo.server import EmbeddedServer

MQ5, BULL = Layout(Dialect.MQ5, "6.7.0"), Layout(Dialect.BULL)
pytestmark = pytest.mark.parametrize("layout", [MQ5, BULL], ids=str)
JOBS = 3000


@pytest.fixture
def bulk(mail: LaidOut) -> Bulk:
    return Bulk(mail)


def fail_many(mail: LaidOut, jobs: int = JOBS) -> None:
    pipe = mail.redis.pipeline(transaction=False)
    for n in range(jobs):
        pipe.hset(f"{mail.base}f{n}", mapping={"name": "deliver", "failedReason": "no"})
    pipe.zadd(mail.base + "failed", {f"f{n}": 1000 + n for n in range(jobs)})
    pipe.execute()


@contextmanager
def failing_again(server: EmbeddedServer, mail: LaidOut) -> Iterator[list[str]]:
    """A worker that takes each waiting job and has it fail again at once; the ids in the order it took them."""
    taken: list[str] = []
    over = threading.Event()

    def work() -> None:
        with redis_py.Redis.from_url(server.url) as client:
            while not over.is_set() or client.llen(mail.base + "wait"):
                id = client.rpop(mail.base + "wait")
                if id is None:
                    over.wait(0.001)
                    continue
                client.zadd(mail.base + "failed", {id: now()})
                taken.append(id.decode())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join(20)
        assert not thread.is_alive()


async def test_jobs_that_fail_again_meanwhile_are_retried_once(
    server: EmbeddedServer, mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    fail_many(mail)
    with failing_again(server, mail) as taken:
        operation = await bulk.done(Action.RETRY)

    assert (operation.total, operation.done, operation.skipped) == (JOBS, JOBS, {})
    assert sorted(taken) == sorted(f"f{n}" for n in range(JOBS))
    assert mail.redis.zcard(mail.base + "failed") == JOBS


async def test_jobs_that_come_during_a_drain_are_left(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    for n in range(600):
        mail.add(f"w{n}", State.WAITING, timestamp=now() - 1000)
    started = await bulk.operations.start(bulk.request(Action.DRAIN))
    later: list[str] = []
    while bulk.operations.get(started.id).status is Status.RUNNING:
        later.append(mail.add(f"later{len(later)}", State.WAITING, timestamp=now()))
        await asyncio.sleep(0)
    operation = await bulk.operations.wait(started.id)

    assert operation.done == 600
    assert later
    assert mail.line("wait") == later


async def test_no_slice_is_larger_than_the_cap(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    fail_many(mail)
    operation = await bulk.done(Action.RETRY)

    assert 0 < operation.largest_slice <= MOST
    assert operation.slices >= JOBS / MOST


async def test_a_preview_touches_nothing_and_is_what_a_resume_then_does(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    fail_many(mail, 50)
    before = mail.everything()
    seen = await bulk.operations.preview(bulk.request(Action.RETRY))

    assert (seen.status, seen.total, seen.exact) == (Status.PREVIEWED, 50, True)
    assert mail.everything() == before
    mail.add("later", State.FAILED, score=now())
    bulk.operations.resume(seen.id)
    assert (await bulk.operations.wait(seen.id)).done == 50
    assert mail.redis.zrange(mail.base + "failed", 0, -1) == [b"later"]


async def test_a_paused_operation_holds_still_until_it_is_resumed(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    fail_many(mail)
    started = await bulk.operations.start(bulk.request(Action.RETRY))
    await bulk.under_way(started.id, soon)
    bulk.operations.pause(started.id)

    async def still() -> int:
        before = bulk.operations.get(started.id).done
        await asyncio.sleep(0.05)
        return before if bulk.operations.get(started.id).done == before else 0

    held = await soon(still)
    assert bulk.operations.get(started.id).status is Status.PAUSED
    assert held < JOBS
    assert mail.redis.zcard(mail.base + "failed") == JOBS - held

    bulk.operations.resume(started.id)
    operation = await bulk.operations.wait(started.id)
    assert (operation.status, operation.done) == (Status.DONE, JOBS)


async def test_a_cancelled_operation_says_how_far_it_came(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    fail_many(mail)
    started = await bulk.operations.start(bulk.request(Action.RETRY))
    await bulk.under_way(started.id, soon)
    bulk.operations.cancel(started.id)
    operation = await bulk.operations.wait(started.id)

    assert operation.status is Status.CANCELLED
    assert 0 < operation.done < JOBS
    assert mail.redis.zcard(mail.base + "failed") == JOBS - operation.done
    with pytest.raises(Conflict):
        bulk.operations.resume(started.id)


async def test_when_redis_cuts_it_off_it_waits_and_goes_on_and_does_each_job_once(
    server: EmbeddedServer, mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    fail_many(mail)
    started = await bulk.operations.start(bulk.request(Action.RETRY))
    await bulk.under_way(started.id, soon)
    for _ in range(3):
        mail.redis.client_kill_filter(_type="normal", skipme=True)
        await asyncio.sleep(0.02)
    operation = await bulk.operations.wait(started.id)

    assert (operation.status, operation.done, operation.skipped) == (Status.DONE, JOBS, {})
    assert sorted(mail.line("wait")) == sorted(f"f{n}" for n in range(JOBS))


async def test_an_operation_on_a_redis_that_is_gone_says_that_it_waits(
    mail: LaidOut, bulk: Bulk, layout: Layout
) -> None:
    fail_many(mail)
    started = await bulk.operations.start(bulk.request(Action.RETRY))
    await bulk.under_way(started.id, soon)
    mail.redis.config_set("maxclients", 1)
    mail.redis.client_kill_filter(_type="normal", skipme=True)

    async def waiting() -> str:
        seen = bulk.operations.get(started.id)
        return seen.trouble if seen.status is Status.WAITING else ""

    try:
        assert "default" in await soon(waiting)
    finally:
        mail.redis.config_set("maxclients", 10_000)
    assert (await bulk.operations.wait(started.id)).done == JOBS


async def test_two_operations_on_one_redis_share_it_and_both_end(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    fail_many(mail, 500)
    for n in range(500):
        mail.add(f"c{n}", State.COMPLETED, score=n + 1)
    retry, clean = [
        await bulk.operations.start(bulk.request(action, state))
        for action, state in ((Action.RETRY, State.FAILED), (Action.CLEAN, State.COMPLETED))
    ]

    assert (await bulk.operations.wait(retry.id)).done == 500
    assert (await bulk.operations.wait(clean.id)).done == 500
    assert [operation.id for operation in bulk.operations.list()] == [clean.id, retry.id]


async def test_only_so_many_are_remembered(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    first = await bulk.done(Action.RETRY)
    for _ in range(REMEMBERED):
        await bulk.operations.preview(bulk.request(Action.RETRY))

    assert len(bulk.operations.list()) == REMEMBERED
    assert first.id not in {operation.id for operation in bulk.operations.list()}


async def test_a_read_only_tickbird_refuses_every_operation(mail: LaidOut, bulk: Bulk, layout: Layout) -> None:
    ground = Ground({"default": mail.instance}, lambda _id: mail.queue, lambda _id: None, refusal="It is read-only.")
    with pytest.raises(Forbidden, match="read-only"):
        await Operations(ground, list).start(bulk.request(Action.RETRY))
