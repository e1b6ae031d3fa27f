"""Other ways in which a Redis stands: a master with replicas and sentinels, TLS with an authority of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis as redis_py

from tickbird.demo.server import EmbeddedServer, ServerBinary, find_server

NAME = "mymaster"
SECONDS = 20.0


@dataclass(frozen=True)
class Watched:
    """A master, its replica, and the sentinel that knows them."""

    master: EmbeddedServer
    replica: EmbeddedServer
    sentinel: int

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:{self.sentinel}/{NAME}/0"

    def fail_over(self) -> None:
        """Until the replica is the master, and the master is its replica: before that it still takes what is lost."""
        with redis_py.Redis(port=self.sentinel) as asked:
            until(lambda: asked.execute_command("SENTINEL", "REPLICAS", NAME), "the sentinel knows no replica")
            until(lambda: _accepted(asked), "the sentinel does not fail over")
        with redis_py.Redis(port=self.replica.port) as replica:
            until(lambda: replica.execute_command("ROLE")[0] == b"master", "the replica was not promoted")
        with redis_py.Redis(port=self.master.port) as former:
            until(lambda: _role(former) == b"slave", "the master was not told")


def _role(client: Any) -> object:
    try:
        return client.execute_command("ROLE")[0]
    except redis_py.ConnectionError:
        return None


def _accepted(sentinel: Any) -> bool:
    try:
        return bool(sentinel.execute_command("SENTINEL", "FAILOVER", NAME))
    except redis_py.ResponseError:
        return False


def until(probe: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not probe():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Up, in step, and known to the sentinel."""
    quick = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
    with ExitStack() as running:
        master = running.enter_context(EmbeddedServer.start(None, *quick))
        of = ("--replicaof", f"127.0.0.1 {master.port}")
        replica = running.enter_context(EmbeddedServer.start(None, *quick, *of))
        with redis_py.Redis(port=replica.port) as client:
            until(lambda: client.info("replication")["master_link_status"] == "up", "the replica does not follow")
        port = running.enter_context(_sentinel(folder, master.port))
        yield Watched(master, replica, port)


@contextmanager
def _sentinel(folder: Path, master: int) -> Iterator[int]:
    port, file = free_port(), folder / "sentinel.conf"
    file.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor {NAME} 127.0.0.1 {master} 1\n"
        f"sentinel down-after-milliseconds {NAME} 3000\nsentinel failover-timeout {NAME} 5000\n"
    )
    with process([str(find_server().path), str(file), "--sentinel"], folder / "sentinel.log"):
        with redis_py.Redis(port=port) as client:
            until(lambda: _answers(client), "the sentinel does not start")
            until(lambda: client.execute_command("SENTINEL", "REPLICAS", NAME), "it finds no replica")
        yield port


@contextmanager
def tls(binary: ServerBinary, folder: Path) -> Iterator[int]:
    """A server that only talks TLS, to those with a certificate of its own authority: `ca.crt`, `us.crt`, `us.key`."""
    make_certificates(folder)
    files = ("--tls-cert-file", "server.crt", "--tls-key-file", "server.key", "--tls-ca-cert-file", "ca.crt")
    port = free_port()
    arguments = [str(binary.path), "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", ""]
    arguments += [str(folder / part) if "." in part else part for part in files]
    with process([*arguments, "--tls-auth-clients", "yes", "--dir", str(folder)], folder / "server.log"):
        until(lambda: _listens(port), (folder / "server.log").read_text())
        yield port


def make_certificates(folder: Path) -> None:
    """An authority, and what it signed for the server and for us."""
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ours",
            "-keyout", "ca.key", "-out", "ca.crt")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for name in ("server", "us"):
        openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", f"{name}.crt")  # fmt: skip


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@contextmanager
def process(arguments: list[str], log: Path) -> Iterator[int]:
    """Its pid, until the block ends and it with it."""
    with log.open("wb") as said, subprocess.Popen(arguments, stdout=said, stderr=said, stdin=subprocess.DEVNULL) as run:
        try:
            yield run.pid
        finally:
            os.kill(run.pid, 9)
            run.wait(SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except redis_py.ConnectionError:
        return False
