"""A real Redis Cluster of three masters on this machine, and a slot of it moved from one to another."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis as redis_py

from core.cluster.slots import SLOTS, slot
from tickbird.demo.server import EmbeddedServer, ServerBinary

MASTERS = 3


class ThreeMasters:
    """`servers` hold a third of the slots each, in order; `clients` are plain connections to them."""

    def __init__(self, servers: list[EmbeddedServer], clients: list[Any]) -> None:
        self.servers, self.clients = servers, clients

    @property
    def url(self) -> str:
        return self.servers[0].url

    @property
    def port(self) -> int:
        return self.servers[0].port

    def prefix_on(self, master: int) -> str:
        """A hash tag that this master holds."""
        return next(f"{{t{n}}}" for n in range(1000) if slot(b"t%d" % n) * MASTERS // SLOTS == master)

    def flush(self) -> None:
        for client in self.clients:
            client.flushall()

    def begin_move(self, tag: str, source: int, target: int) -> None:
        """From now on the slot is between two masters: what is not here any more is to be asked for there."""
        ids = [client.execute_command("CLUSTER", "MYID").decode() for client in self.clients]
        number = slot(tag.encode())
        self.clients[target].execute_command("CLUSTER", "SETSLOT", number, "IMPORTING", ids[source])
        self.clients[source].execute_command("CLUSTER", "SETSLOT", number, "MIGRATING", ids[target])

    def move_keys(self, tag: str, source: int, target: int) -> None:
        while keys := self.clients[source].execute_command("CLUSTER", "GETKEYSINSLOT", slot(tag.encode()), 100):
            port = self.servers[target].port
            self.clients[source].execute_command("MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS", *keys)

    def end_move(self, tag: str, target: int) -> None:
        owner = self.clients[target].execute_command("CLUSTER", "MYID").decode()
        for at in (target, *(n for n in range(MASTERS) if n != target)):
            self.clients[at].execute_command("CLUSTER", "SETSLOT", slot(tag.encode()), "NODE", owner)


@contextmanager
def three_masters(binary: ServerBinary | None = None) -> Iterator[ThreeMasters]:
    """Up, and agreed on who holds which slots."""
    with ExitStack() as running:
        buses = [_free_port() for _ in range(MASTERS)]
        servers = [
            running.enter_context(EmbeddedServer.start(binary, "--cluster-enabled", "yes", "--cluster-port", str(bus)))
            for bus in buses
        ]
        clients = [running.enter_context(redis_py.Redis(port=server.port)) for server in servers]
        for number, client in enumerate(clients):
            slots = range(-(-SLOTS * number // MASTERS), -(-SLOTS * (number + 1) // MASTERS))
            client.execute_command("CLUSTER", "ADDSLOTS", *slots)
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", servers[0].port, buses[0])
        _until(lambda: all(_is_ready(client) for client in clients))
        yield ThreeMasters(servers, clients)


def _is_ready(client: Any) -> bool:
    info = client.execute_command("CLUSTER", "INFO")
    said = info if isinstance(info, dict) else dict(line.split(":") for line in info.decode().split())
    return bool(said["cluster_state"] == "ok" and said["cluster_slots_ok"] == str(SLOTS))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _until(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not probe():
        assert time.monotonic() < deadline, "the three masters did not find each other within 30 s"
        time.sleep(0.05)
