"""What is asked of which master of a cluster, where one is away, slow or sends us on."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from redis.exceptions import AskError, MovedError, NoPermissionError

from core.cluster import front
from core.cluster.front import Cluster
from core.discovery import Walk
from core.errors import Unavailable
from core.instance import pack
from core.node import CONNECTIONS
from tests.core.feigned_cluster import array, bulk, feigned

SEED = ("10.0.0.9", 7001)
MASTER, REPLICA, OTHER = (("10.0.0.1", port) for port in (7002, 7003, 7004))
TOLD = [[0, 16_383, [b"10.0.0.1", 7002], [b"10.0.0.1", 7003], [b"10.0.0.1", 7004]]]


async def keys(number: int, command: list[bytes]) -> bytes:
    """Each master has one queue, and needs two steps to tell of it."""
    if command[0] == b"DBSIZE":
        return b":1\r\n"
    assert command[0] == b"SCAN", command
    if command[1] == b"0":
        return array(bulk(b"7"), array())
    return array(bulk(b"0"), array(bulk(b"{bull}:mail%d:meta" % number)))


@pytest.mark.parametrize("dead", [0, 1, 2])
async def test_a_walk_finds_the_queues_of_all_masters_but_the_one_that_is_away(dead: int) -> None:
    async with feigned(keys, 3, dead=[dead]) as instance:
        walk = Walk(instance)
        for _ in range(2):
            assert await walk.once() == {b"{bull}:mail%d:" % number for number in range(3) if number != dead}
            assert walk.is_partial
            assert walk.progress.last_seconds is not None


async def test_a_walk_over_all_masters_is_whole() -> None:
    async with feigned(keys, 3) as instance:
        walk = Walk(instance)
        assert len(await walk.once()) == 3
        assert not walk.is_partial


async def test_who_has_to_see_every_key_is_told_that_a_master_is_away() -> None:
    async with feigned(keys, 2, dead=[1]) as instance:
        assert await instance.ask("SCAN", "7") == [b"0@1", [b"{bull}:mail0:meta"]]
        with pytest.raises(Unavailable):
            await instance.ask("SCAN", "0@1")


async def test_to_wait_for_a_connection_of_ours_is_no_absence_of_the_master(monkeypatch: pytest.MonkeyPatch) -> None:
    held, asked = asyncio.Event(), asyncio.Semaphore(0)

    async def answer(_: int, command: list[bytes]) -> bytes:
        asked.release()
        await held.wait()
        return bulk(command[1])

    monkeypatch.setattr(front, "SILENCE", 60.0)
    async with feigned(answer, 1) as instance, asyncio.TaskGroup() as tasks:
        first = [tasks.create_task(instance.ask("GET", f"{number}")) for number in range(CONNECTIONS)]
        for _ in first:
            await asked.acquire()
        # Who gets no turn meanwhile must not be counting.
        monkeypatch.setattr(front, "SILENCE", 0.0)
        last = tasks.create_task(instance.ask("GET", "last"))
        for _ in range(20):
            await asyncio.sleep(0)
        monkeypatch.setattr(front, "SILENCE", 60.0)
        held.set()
        assert await last == b"last"
        assert instance.away == ""


def sent(answer: Exception) -> front._Sent:
    found = front._Sent([b"GET", b"a"], 1, MASTER, answer=answer)
    front._redirect(found)
    return found


def test_only_where_a_slot_is_on_its_way_is_leave_asked() -> None:
    assert not sent(MovedError("1 10.0.0.9:7009")).asking
    assert sent(AskError("1 10.0.0.9:7009")).asking
    assert sent(MovedError("1 10.0.0.9:7009")).to == ("10.0.0.9", 7009)


def test_a_node_that_does_not_know_its_host_means_the_one_that_was_asked() -> None:
    assert sent(MovedError("1 :7009")).to == (MASTER[0], 7009)


class Feigned:
    """In place of all nodes: what each says when it is asked which slots are where."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.says: dict[Any, Any] = {}
        self.asked: list[Any] = []
        self.closed: Counter[Any] = Counter()
        monkeypatch.setattr(front, "Node", lambda options, _: FeignedNode(self, (options["host"], options["port"])))
        # Every look is due again.
        monkeypatch.setattr(front, "LOOK_AGAIN", -1.0)

    def cluster(self) -> Cluster:
        return Cluster(FeignedNode(self, SEED), SEED, {}, 1.0)  # type: ignore[arg-type] # it does what is asked of it


class FeignedNode:
    def __init__(self, nodes: Feigned, address: Any) -> None:
        self._nodes, self._address = nodes, address
        self.turn = asyncio.Semaphore(1)

    async def exchange(self, packed: bytes, _: int) -> list[Any]:
        if packed != pack("CLUSTER", "SLOTS"):
            return [b"said"]
        self._nodes.asked.append(self._address)
        said = self._nodes.says.get(self._address, TOLD)
        if isinstance(said, OSError):
            raise said
        return [said]

    async def close(self) -> None:
        self._nodes.closed[self._address] += 1
        await asyncio.sleep(0)


async def test_nodes_that_did_not_tell_the_last_time_are_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = Feigned(monkeypatch)
    cluster = nodes.cluster()
    await cluster.exchange(pack("GET", "a"))
    nodes.says = dict.fromkeys((SEED, MASTER), OSError("silent"))
    await cluster.exchange(pack("GET", "a"))
    assert nodes.asked[-3:] == [SEED, MASTER, REPLICA]
    nodes.says[REPLICA] = OSError("silent")
    nodes.asked.clear()
    await cluster.exchange(pack("GET", "a"))
    assert nodes.asked == [REPLICA, OTHER]


async def test_where_one_node_may_not_tell_the_next_one_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = Feigned(monkeypatch)
    cluster = nodes.cluster()
    await cluster.exchange(pack("GET", "a"))
    refused = NoPermissionError("no rights to run cluster|slots")
    nodes.says = {SEED: refused}
    assert await cluster.exchange(pack("GET", "a")) == [b"said"]
    nodes.says = dict.fromkeys((SEED, MASTER, REPLICA, OTHER), refused)
    with pytest.raises(NoPermissionError):
        await cluster.exchange(pack("GET", "a"))


async def test_connections_are_ended_though_another_node_is_learned_of_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nodes = Feigned(monkeypatch)
    cluster = nodes.cluster()
    await cluster.exchange(pack("GET", "a"))
    closing = asyncio.create_task(cluster.close())
    await asyncio.gather(closing, cluster.exchange(pack("GET", "a")))
    assert nodes.closed[MASTER] == 1
