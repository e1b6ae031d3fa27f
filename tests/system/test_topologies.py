"""However Redis stands, its queues are read and acted on: sentinels, replicas, TLS, sockets, users without rights."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from core.errors import NotFound, Unavailable
from core.herd import Herd
from core.instance import Instance
from core.model import QueueId, State
from core.operations.request import Action, Options, Request
from core.redis_settings import REPLICA, RedisSettings, Tls
from core.settings import Settings
from tests.contract.servers import SERVERS
from tests.core import layout
from tests.core.waiting import herding, next_reading, soon
from tests.system.topologies import Watched, tls, until, watched
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path) as found:
        yield found


def lay_out(port: int) -> None:
    """A queue with two failed jobs."""
    with redis_py.Redis(port=port) as client:
        base = layout.queue(client)
        layout.failed(client, base, "1", "2", failedReason="550")


async def counts(herd: Herd) -> dict[State, int]:
    queue = herd.snapshot().queue(MAIL)
    return dict(queue.counts) if queue else {}


async def test_through_a_failover_the_queue_is_read_and_acted_on_and_no_job_is_lost(sentinels: Watched) -> None:
    lay_out(sentinels.master.port)
    with redis_py.Redis(port=sentinels.replica.port) as replica:
        until(lambda: replica.zcard("bull:mail:failed") == 2, "the jobs do not arrive at the replica")
    async with herding(sentinels.url) as herd:
        await soon(lambda: _has(herd, State.FAILED, 2))
        await herd.mutations.retry(MAIL, "1")
        with redis_py.Redis(port=sentinels.replica.port) as replica:
            until(lambda: replica.zcard("bull:mail:failed") == 1, "the retry does not arrive at the replica")
        await asyncio.to_thread(sentinels.fail_over)
        await soon(lambda: _retried(herd, "2"), seconds=20)
        await soon(lambda: _has(herd, State.WAITING, 2), seconds=20)

    with redis_py.Redis(port=sentinels.replica.port) as now_master:
        assert sorted(now_master.lrange("bull:mail:wait", 0, -1)) == [b"1", b"2"]


async def test_a_master_that_dies_is_replaced_and_until_then_the_pages_say_so(sentinels: Watched) -> None:
    lay_out(sentinels.master.port)
    with redis_py.Redis(port=sentinels.replica.port) as replica:
        until(lambda: replica.zcard("bull:mail:failed") == 2, "the jobs do not arrive at the replica")
    async with herding(sentinels.url) as herd:
        await soon(lambda: _has(herd, State.FAILED, 2))
        # Not in the way of the herd, which is to notice it.
        await asyncio.to_thread(sentinels.master.stop)
        await soon(lambda: _is_away(herd), seconds=20)
        await soon(lambda: _retried(herd, "1"), seconds=30)


def _counted(master: Any) -> int:
    calls: int = master.info("commandstats").get("cmdstat_zcard", {}).get("calls", 0)
    return calls


async def _is_read_elsewhere(herd: Herd, master: Any) -> bool:
    before = _counted(master)
    await next_reading(herd)
    return _counted(master) == before


async def _has(herd: Herd, state: State, number: int) -> bool:
    return (await counts(herd)).get(state) == number


async def _is_away(herd: Herd) -> bool:
    return herd.snapshot().readings[0].down_since is not None


async def _retried(herd: Herd, job: str) -> bool:
    try:
        await herd.mutations.retry(MAIL, job)
    except Unavailable:
        return False
    return True


@pytest.mark.parametrize("told_by", ["sentinels", "its url"])
async def test_pages_read_from_a_replica_while_actions_look_and_write_at_the_master(
    sentinels: Watched, told_by: str
) -> None:
    lay_out(sentinels.master.port)
    master, replica = (f"redis://127.0.0.1:{server.port}/0" for server in (sentinels.master, sentinels.replica))
    redis = (
        RedisSettings("default", sentinels.url, read_from=REPLICA)
        if told_by == "sentinels"
        else RedisSettings("default", master, read_from=REPLICA, replica_url=replica)
    )
    herd = Herd(Settings(redis=(redis,)))
    await herd.start()
    try:
        with herd.watching(), redis_py.Redis(port=sentinels.master.port) as client:
            await soon(lambda: _has(herd, State.FAILED, 2))
            # Until a sentinel knows that the replica is well, the master is read.
            await soon(lambda: _is_read_elsewhere(herd, client), seconds=30)
            before = _counted(client)
            await herd.mutations.retry(MAIL, "1")
            await soon(lambda: _has(herd, State.FAILED, 1))
            # The retry's own script counts nothing; reading a queue once would.
            assert _counted(client) == before
            assert client.lrange("bull:mail:wait", 0, -1) == [b"1"]
    finally:
        await herd.stop()


async def test_no_action_is_decided_by_what_a_replica_says(sentinels: Watched) -> None:
    """The replica has not heard of its master for a while; what it shows is long over."""
    lay_out(sentinels.master.port)
    replica_url = f"redis://127.0.0.1:{sentinels.replica.port}/0"
    redis = RedisSettings("default", sentinels.master.url, read_from=REPLICA, replica_url=replica_url)
    with redis_py.Redis(port=sentinels.replica.port) as replica, redis_py.Redis(port=sentinels.master.port) as master:
        until(lambda: replica.zcard("bull:mail:failed") == 2, "the jobs do not arrive at the replica")
        replica.execute_command("REPLICAOF", "127.0.0.1", "1")
        finished(master)
        herd = Herd(Settings(redis=(redis,)))
        await herd.start()
        try:
            with herd.watching():
                await soon(lambda: _has(herd, State.FAILED, 2), seconds=30)
                with pytest.raises(NotFound):
                    await herd.mutations.retry(MAIL, "1")
                await herd.mutations.retry(MAIL, "3")  # the replica has never heard of it
                started = await herd.operations.start(Request(Action.RETRY, (MAIL,), State.FAILED, Options()))
                assert (await herd.operations.wait(started.id)).done == 1
        finally:
            await herd.stop()
        assert master.lrange("bull:mail:wait", 0, -1) == [b"4", b"3"]
        assert [master.hget("bull:mail:2", "returnvalue"), replica.zcard("bull:mail:failed")] == [b"done", 2]


def finished(master: Any) -> None:
    """The first job was removed, the second completed; two others failed."""
    master.zrem("bull:mail:failed", "1", "2")
    master.delete("bull:mail:1")
    master.hset("bull:mail:2", "returnvalue", "done")
    master.zadd("bull:mail:completed", {"2": layout.now()})
    layout.failed(master, b"bull:mail:", "3", "4", failedReason="550")


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    assert shutil.which("openssl"), "bin/system-packages brings openssl"
    with tls(SERVERS[1].binary(), tmp_path) as port:
        yield f"rediss://127.0.0.1:{port}/0", tmp_path


async def test_tls_with_an_authority_and_a_certificate_of_ones_own(secured: tuple[str, Path]) -> None:
    url, folder = secured
    files = Tls(*(str(folder / name) for name in ("ca.crt", "us.crt", "us.key")))
    instance = Instance(RedisSettings("default", url, tls=files))

    assert await instance.ask("PING") == b"PONG"
    await instance.close()


@pytest.mark.parametrize("files", [Tls(), "authority only"])
async def test_tls_without_what_it_takes_says_what_is_wrong(secured: tuple[str, Path], files: Tls | str) -> None:
    url, folder = secured
    ours = files if isinstance(files, Tls) else Tls(ca=str(folder / "ca.crt"))
    instance = Instance(RedisSettings("default", url, tls=ours))

    with pytest.raises(Unavailable, match="cannot be reached"):
        await instance.ask("PING")
    await instance.close()


async def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with EmbeddedServer.start(None, "--unixsocket", str(path)) as server:
        lay_out(server.port)
        async with herding(f"unix://{path}?db=0") as herd:
            await soon(lambda: _has(herd, State.FAILED, 2))
            await herd.mutations.retry(MAIL, "1")


async def test_a_user_who_may_not_give_itself_a_name_reads_without_one(server: EmbeddedServer) -> None:
    with redis_py.Redis(port=server.port) as admin:
        admin.execute_command("ACL", "SETUSER", "plain", "reset", "on", ">x", "allkeys", "+@all", "-client|setname")
        try:
            instance = Instance(RedisSettings("default", f"redis://plain:x@127.0.0.1:{server.port}/0"))
            # Several at once: each is refused by itself.
            assert await asyncio.gather(*(instance.ask("PING") for _ in range(6))) == [b"PONG"] * 6
            await instance.close()
        finally:
            admin.execute_command("ACL", "DELUSER", "plain")
