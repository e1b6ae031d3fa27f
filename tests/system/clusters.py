"""A cluster of three masters, of which the one that holds `{bull}` has a replica; on every kind of server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import redis as redis_py

from core.cluster.slots import SLOTS, slot
from tests.interop.three_masters import MASTERS, ThreeMasters
from tests.system.topologies import free_port, role, until
from tickbird.demo.server import EmbeddedServer, NotStarted, ServerBinary

TAG = "bull"
HOLDER = slot(TAG.encode()) * MASTERS // SLOTS
# So short that a dead master is replaced in a few seconds; a busy machine must not be taken for a dead one.
QUICK = (
    *("--cluster-enabled", "yes", "--cluster-node-timeout", "5000", "--cluster-replica-validity-factor", "0"),
    *("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"),
)
# Where no master is meant to die, one that only got no time from a busy machine is not replaced.
STEADY = ("--cluster-replica-no-failover", "yes")
# The highest port that leaves room for the bus of a server that has no choice about it.
HIGHEST = 55_000


@dataclass(frozen=True)
class Shards:
    """The masters, and the replica of `holder`, the one with `{bull}`."""

    masters: ThreeMasters
    replica: EmbeddedServer

    @property
    def holder(self) -> EmbeddedServer:
        return self.masters.servers[HOLDER]

    def hand_over(self) -> None:
        """The replica takes over in step with its master, which lives on: nothing is lost."""
        with redis_py.Redis(port=self.replica.port) as replica:
            replica.execute_command("CLUSTER", "FAILOVER")
            until(lambda: role(replica) == b"master", "the replica did not take over")

    def fail_over(self) -> None:
        """The master dies, and the others see to it that its replica takes its place."""
        self.holder.stop()
        with redis_py.Redis(port=self.replica.port) as replica:
            until(lambda: role(replica) == b"master", "the replica was not elected")


@contextmanager
def shards(binary: ServerBinary | None = None, *extra: str) -> Iterator[Shards]:
    """Up, agreed on who holds what, and the replica in step."""
    with ExitStack() as running:
        nodes = [running.enter_context(_node(binary, *extra)) for _ in range(MASTERS + 1)]
        clients: list[Any] = [running.enter_context(redis_py.Redis(port=server.port)) for server, _ in nodes]
        for number, client in enumerate(clients[:MASTERS]):
            first, behind = (-(-SLOTS * at // MASTERS) for at in (number, number + 1))
            client.execute_command("CLUSTER", "ADDSLOTS", *range(first, behind))
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for server, bus in nodes[1:]:
            clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", server.port, bus)
        masters = ThreeMasters([server for server, _ in nodes[:MASTERS]], clients[:MASTERS])
        until(lambda: all(known(client) == MASTERS + 1 for client in clients), "they did not meet")
        clients[-1].execute_command("CLUSTER", "REPLICATE", clients[HOLDER].execute_command("CLUSTER", "MYID"))
        until(lambda: all(is_well(client) and knows_replica(client) for client in clients), "they did not agree")
        until(lambda: clients[-1].info("replication")["master_link_status"] == "up", "the replica does not follow")
        yield Shards(masters, nodes[-1][0])


def is_well(client: Any) -> bool:
    return said(client)["cluster_state"] == "ok" and said(client)["cluster_slots_ok"] == str(SLOTS)


def knows_replica(client: Any) -> bool:
    """A replica that its master does not know as one asks it in vain to hand over."""
    return any("slave" in str(node) for node in client.cluster("NODES").values())


def known(client: Any) -> int:
    """How many nodes it knows."""
    return int(said(client)["cluster_known_nodes"])


def said(client: Any) -> dict[str, str]:
    info = client.execute_command("CLUSTER", "INFO")
    return info if isinstance(info, dict) else dict(line.split(":") for line in info.decode().split())


@contextmanager
def _node(binary: ServerBinary | None, *extra: str) -> Iterator[tuple[EmbeddedServer, int]]:
    """A server and the port of its bus: one of our choice, or, of an old server, 10,000 above its own."""
    if binary is None or "6.2" not in binary.source:
        bus = free_port()
        with EmbeddedServer.start(binary, *QUICK, "--cluster-port", str(bus), *extra) as server:
            yield server, bus
    else:
        with _low(binary, *extra) as server:
            yield server, server.port + 10_000


def _low(binary: ServerBinary, *extra: str) -> EmbeddedServer:
    for _ in range(50):
        try:
            return EmbeddedServer.start(binary, *QUICK, *extra)
        except NotStarted:
            continue
    raise AssertionError(f"no port below {HIGHEST} is free")
