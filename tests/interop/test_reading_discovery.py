"""Queues of the real libraries are found by their keys and by their workers, whatever their names."""

from __future__ import annotations

import pytest

from core.model import Queue, QueueId
from tests.core.waiting import herding, soon, still
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver
from tests.interop.reading import named
from tickbird.demo.server import EmbeddedServer

PREFIXES = ["bull", "{bull}", "eu:shop:bull", "a*b[c]", "größe"]
NAMES = ["mail", "with space", "a/b~%25", "größe 数据 👨‍👩‍👧", "{tagged}", "<b>&"]
# Only Bull and the older BullMQ let a name hold a colon; who else could be meant is told by a worker.
COLON = "Q:sub"
# 2.4 writes nothing by which it could be told from its neighbours, once its prioritised job has run.
TELLING = [library for library in LIBRARIES if library.alias != "bullmq2"]


async def found(server: EmbeddedServer) -> dict[QueueId, Queue]:
    async with still(server.url) as herd:
        return {queue.id: queue for queue in herd.snapshot().queues}


@pytest.mark.parametrize("library", LIBRARIES, ids=named)
async def test_every_name_under_every_prefix_is_found_by_its_keys(
    server: EmbeddedServer, node: NodeDriver, library: Library
) -> None:
    opened = node.library(library.alias)
    wanted = {QueueId("default", prefix, name) for prefix in PREFIXES for name in NAMES}
    for id in wanted:
        opened.queue(id.name, prefix=id.prefix).add("welcome")
    queues = await found(server)
    assert queues.keys() == wanted
    assert {queue.total for queue in queues.values()} == {1}


@pytest.mark.parametrize("library", LIBRARIES, ids=named)
async def test_every_name_is_found_by_its_worker_alone_and_gets_its_workers(
    server: EmbeddedServer, node: NodeDriver, library: Library
) -> None:
    opened = node.library(library.alias)
    # Redis takes only printable ASCII without spaces as a connection's name.
    wanted = {QueueId("default", prefix, name) for prefix in ("bull", "eu:shop:bull") for name in NAMES}
    if library.is_bull:
        wanted.add(QueueId("default", "bull", COLON))
    for id in wanted:
        opened.queue(id.name, prefix=id.prefix).worker()

    async def all_are_there() -> bool:
        queues = await found(server)
        return wanted == {id for id, queue in queues.items() if queue.workers and queue.workers.total == 1}

    await soon(all_are_there)


@pytest.mark.parametrize("library", LIBRARIES[-1:], ids=named)
async def test_a_queue_whose_worker_connects_is_shown_though_nobody_looks(
    server: EmbeddedServer, node: NodeDriver, library: Library
) -> None:
    async with herding(server.url, watched=False) as herd:
        await herd.newer(1, 2)
        node.library(library.alias).queue("mail").worker()

        async def is_shown() -> bool:
            return any(queue.id.name == "mail" for queue in herd.snapshot().queues)

        await soon(is_shown, seconds=45)


@pytest.mark.parametrize("library", [each for each in LIBRARIES if each.alias in ("bullmq5", "bullmq6")], ids=named)
async def test_named_workers_are_known_by_their_names(
    server: EmbeddedServer, node: NodeDriver, library: Library
) -> None:
    mail = node.library(library.alias).queue("mail")
    mail.worker(name="anna")
    mail.worker(name="ben:2")

    async def both_are_there() -> bool:
        workers = [queue.workers for queue in (await found(server)).values()]
        return [each.names for each in workers if each] == [("anna", "ben:2")]

    await soon(both_are_there)


async def test_all_libraries_beside_each_other(server: EmbeddedServer, node: NodeDriver) -> None:
    for library in TELLING:
        mail = node.library(library.alias).queue(f"mail-{library.alias}")
        mail.add("first", priority=1)
        mail.worker()

    async def all_are_told_apart() -> bool:
        queues = {id.name: queue.identity for id, queue in (await found(server)).items()}
        told = {name: identity.dialect.value for name, identity in queues.items() if not identity.doubt}
        return told == {f"mail-{library.alias}": library.dialect for library in TELLING}

    await soon(all_are_told_apart)
