"""What hosters forbid, rename or leave out: each costs what it must, in a sentence, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis as redis_py

from core.errors import Unavailable
from core.herd import Herd
from core.instance import Instance
from core.model import QueueId, State
from core.redis_settings import RedisSettings
from tests.core import layout
from tests.core.waiting import herding, soon
from tests.core.wire import Wire
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
FOREIGN = 1_000_000


@contextmanager
def without(command: str, *more: str) -> Iterator[EmbeddedServer]:
    """A server that has never heard of the command, with a queue whose one job failed."""
    renamed = (part for each in (command, *more) for part in ("--rename-command", each, ""))
    with EmbeddedServer.start(None, *renamed) as server:
        with redis_py.Redis(port=server.port, protocol=2) as client:
            layout.failed(client, layout.queue(client), "1", failedReason="550")
        yield server


async def failed(herd: Herd) -> bool:
    queue = herd.snapshot().queue(MAIL)
    return bool(queue and queue.counts[State.FAILED] == 1)


async def told(herd: Herd, command: str) -> bool:
    return any(command in refusal for refusal in herd.snapshot().readings[0].refusals)


@pytest.mark.parametrize("command", ["INFO", "CLIENT", "CONFIG", "SLOWLOG", "PUBSUB", "XINFO", "MEMORY"])
async def test_without_a_command_that_only_tells_more_all_else_works(command: str) -> None:
    with without(command) as server:
        async with herding(server.url) as herd:
            await soon(lambda: failed(herd), seconds=30)
            if command in ("INFO", "CLIENT"):
                await soon(lambda: told(herd, command), seconds=30)
            await herd.redis_health.look()
            await herd.redis_health.held()
            assert (await herd.jobs(MAIL, State.FAILED)).rows[0].id == "1"
            await herd.mutations.retry(MAIL, "1")


async def test_without_scripts_everything_is_shown_and_an_action_says_why_it_cannot_be() -> None:
    with without("EVAL", "EVALSHA") as server:
        async with herding(server.url) as herd:
            await soon(lambda: failed(herd), seconds=30)
            assert (await herd.jobs(MAIL, State.FAILED)).rows[0].id == "1"
            with pytest.raises(Unavailable, match="does not let our user do this: unknown command") as refused:
                await herd.mutations.retry(MAIL, "1")
    # Redis repeats what a refused command carried; that may be a job's data.
    assert "args beginning" not in str(refused.value)


async def test_without_scan_queues_with_a_worker_are_found_and_the_rest_is_told() -> None:
    with without("SCAN") as server, Wire(server.port, name="bull:bWFpbA==") as worker:
        assert worker.ask("BZPOPMIN", "bull:mail:marker", 1)
        async with herding(server.url) as herd:
            await soon(lambda: failed(herd), seconds=30)
            await soon(lambda: told(herd, "SCAN"), seconds=30)


async def test_a_server_that_speaks_no_resp3_is_never_asked_to() -> None:
    with without("HELLO") as server:
        instance = Instance(RedisSettings("default", f"{server.url}?protocol=3"))
        assert await instance.ask("PING") == b"PONG"
        await instance.close()


async def test_a_database_that_is_not_there_is_said() -> None:
    with EmbeddedServer.start() as server:
        instance = Instance(RedisSettings("default", server.url.removesuffix("/0") + "/99"))
        with pytest.raises(Unavailable, match="out of range"):
            await instance.ask("PING")
        await instance.close()


@pytest.mark.full
@pytest.mark.timeout(300)
async def test_a_queue_is_found_among_a_million_keys_of_others() -> None:
    with EmbeddedServer.start(None, "--enable-debug-command", "local") as server:
        with redis_py.Redis(port=server.port, socket_timeout=120) as client:
            client.execute_command("DEBUG", "POPULATE", FOREIGN, "session:me", 16)
            layout.failed(client, layout.queue(client), "1", failedReason="550")
        async with herding(server.url) as herd:
            await soon(lambda: failed(herd), seconds=120)
            await herd.mutations.retry(MAIL, "1")
