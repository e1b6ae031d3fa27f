"""Watching a real queue changes nothing in Redis, and asks only what is bounded."""

from __future__ import annotations

import asyncio

import pytest
import redis as redis_py

from core.herd import Herd
from core.jobs.listing import Order
from core.model import QueueId, State
from tests.conftest import Eventually
from tests.core.overheard import READS, everything_in, listening
from tests.core.waiting import herding, read_now, soon, still
from tests.core.wire import Wire
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeQueue, until
from tests.interop.reading import MAIL, named
from tickbird.demo.server import EmbeddedServer


def busy(mail: NodeQueue, library: Library) -> None:
    """A job or more in every state, with logs, progress, a family and wake-up marks."""
    mail.add("fail", {"script": [{"log": ["a", "b"], "progress": [33.33]}, {"fail": "550"}]})
    mail.add_bulk([{"name": "done", "data": {}}] * 5)
    with mail.worker():
        until(lambda: mail.counts()["completed"] == 5 and mail.counts()["failed"] == 1)
    mail.add_bulk([{"name": "wait", "data": {}}] * 30)
    mail.add("later", delay=600_000)
    mail.add("overdue", delay=1)
    mail.add("first", priority=3)
    if not library.is_bull:
        children = [{"name": "child", "queueName": "video", "data": {}}] * 3
        mail.library.add_flow({"name": "parent", "queueName": "mail", "children": children})


async def nobody_is_connected(server: EmbeddedServer) -> bool:
    """Whether the library's connections are gone; a straggler of a worker could still write."""
    with Wire(server.port) as wire:
        return b"name=bull:" not in wire.ask("CLIENT", "LIST")


async def ask_everything(herd: Herd) -> None:
    """Every question that a page or the API can ask."""
    for queue in herd.snapshot().queues:
        for state in queue.counts:
            await ask_for_state(herd, queue.id, state)
        await herd.history(queue.id)


async def ask_for_state(herd: Herd, id: QueueId, state: State) -> None:
    orders: tuple[Order, ...] = ("newest", "oldest")
    for order in orders:
        page = await herd.jobs(id, state, order=order, limit=2)
        if page.next:
            await herd.jobs(id, state, order=order, limit=2, cursor=page.next)
        for row in page.rows:
            await herd.job(id, row.id)
            await herd.logs(id, row.id, start=-5)
        await herd.rows(id, [row.id for row in page.rows])


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
@pytest.mark.parametrize("library", LIBRARIES, ids=named)
async def test_the_keyspace_is_the_same_to_the_last_byte(
    server: EmbeddedServer,
    redis: redis_py.Redis,
    node: NodeDriver,
    library: Library,
    paused: bool,
) -> None:
    mail = node.library(library.alias).queue("mail")
    busy(mail, library)
    if paused:
        mail.pause()
    node.reset()
    await soon(lambda: nobody_is_connected(server))
    redis.delete("bull:mail:stalled-check")
    before = everything_in(redis)
    with listening(server) as heard:
        async with still(server.url) as herd:
            await read_now(herd)
            await ask_everything(herd)
    assert everything_in(redis) == before
    assert set(heard.names) <= READS
    assert heard.unbounded() == []
    assert heard.names["HSTRLEN"] > 0


@pytest.mark.parametrize("library", LIBRARIES, ids=named)
async def test_a_worker_beside_us_goes_on_as_if_we_were_not_there(
    server: EmbeddedServer, node: NodeDriver, eventually: Eventually, library: Library
) -> None:
    mail = node.library(library.alias).queue("mail")
    async with herding(server.url) as herd:
        with mail.worker(concurrency=4) as worker:
            mail.add_bulk([{"name": "done", "data": {"script": {"sleep": 2}}}] * 60)
            await eventually(lambda: any(queue.id == MAIL for queue in herd.snapshot().queues))
            while (await asyncio.to_thread(mail.counts))["completed"] < 60:
                await ask_everything(herd)
            assert worker.errors() == []
    assert sorted(run["outcome"] for run in mail.truth()) == ["completed"] * 60
