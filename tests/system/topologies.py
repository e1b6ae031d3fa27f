"""Other ways in which a Redis stands: a master with replicas and sentinels, TLS with an authority of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis as redis_py

from tickbird.demo.server import EmbeddedServer, ServerBinary, find_server

NAME = "mymaster"
SECONDS = 60.0


@dataclass(frozen=True)
class Watched:
    """A master, its replica, and the sentinel that knows them. `url` is how Tickbird finds the master; `asking` are
    redis-py's options for the sentinel, `login` those for the servers."""

    master: EmbeddedServer
    replica: EmbeddedServer
    sentinel: int
    url: str
    asking: dict[str, Any]
    login: dict[str, Any]

    def fail_over(self) -> None:
        """Until the replica is the master, and the master is its replica: before that it still takes what is lost."""
        with redis_py.Redis(port=self.sentinel, **self.asking) as asked:
            until(lambda: asked.execute_command("SENTINEL", "REPLICAS", NAME), "the sentinel knows no replica")
            until(lambda: _accepted(asked), "the sentinel does not fail over")
        with redis_py.Redis(port=self.replica.port, **self.login) as replica:
            until(lambda: role(replica) == b"master", "the replica was not promoted")
        with redis_py.Redis(port=self.master.port, **self.login) as former:
            until(lambda: role(former) == b"slave", "the master was not told")


def role(client: Any) -> object:
    """What it says it is; None while it does not answer."""
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


@dataclass(frozen=True)
class Guard:
    """What a master, its replica and its sentinel ask of each other and of us: a password, certificates in a folder."""

    password: str = ""
    certificates: Path | None = None

    @property
    def login(self) -> dict[str, Any]:
        """redis-py's options for a server's own port."""
        return {"password": self.password} if self.password else {}

    @property
    def asking(self) -> dict[str, Any]:
        """The same for a sentinel."""
        if self.certificates is None:
            return self.login
        ca, ours, key = (str(self.certificates / name) for name in ("ca.crt", "us.crt", "us.key"))
        return {**self.login, "ssl": True, "ssl_ca_certs": ca, "ssl_certfile": ours, "ssl_keyfile": key}

    def server(self, tls_port: int) -> tuple[str, ...]:
        """Arguments of a server: its own port stays open beside that of TLS, for the test to look in."""
        login = ("--requirepass", self.password, "--masterauth", self.password) if self.password else ()
        if self.certificates is None:
            return login
        return (*login, "--tls-port", str(tls_port), "--tls-replication", "yes", *tls_files(self.certificates))

    def sentinel(self, port: int) -> str:
        """Lines of a sentinel's file."""
        lines = [f"requirepass {self.password}", f"sentinel auth-pass {NAME} {self.password}"] if self.password else []
        if self.certificates is None:
            return "\n".join((f"port {port}", *lines))
        files = iter(tls_files(self.certificates))
        said = [f"{flag.removeprefix('--')} {path}" for flag, path in zip(files, files, strict=True)]
        return "\n".join(("port 0", f"tls-port {port}", "tls-replication yes", *said, *lines))

    def url(self, sentinel: int) -> str:
        """Which master these sentinels know, as the settings say it."""
        scheme = "redis+sentinel" if self.certificates is None else "rediss+sentinel"
        login, asking = (f":{self.password}@", f"?sentinel_password={self.password}") if self.password else ("", "")
        return f"{scheme}://{login}127.0.0.1:{sentinel}/{NAME}/0{asking}"


OPEN = Guard()


@contextmanager
def watched(folder: Path, binary: ServerBinary | None = None, guard: Guard = OPEN) -> Iterator[Watched]:
    """Up, in step, and known to the sentinel."""
    quick = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
    with ExitStack() as running:
        ports = free_port(), free_port()
        master = running.enter_context(EmbeddedServer.start(binary, *quick, *guard.server(ports[0])))
        at = master.port if guard.certificates is None else ports[0]
        of = ("--replicaof", "127.0.0.1", str(at))
        replica = running.enter_context(EmbeddedServer.start(binary, *quick, *guard.server(ports[1]), *of))
        with redis_py.Redis(port=replica.port, **guard.login) as client:
            until(lambda: client.info("replication")["master_link_status"] == "up", "the replica does not follow")
        sentinel = running.enter_context(_sentinel(folder, at, binary or find_server(), guard))
        yield Watched(master, replica, sentinel, guard.url(sentinel), guard.asking, guard.login)


@contextmanager
def _sentinel(folder: Path, master: int, binary: ServerBinary, guard: Guard) -> Iterator[int]:
    port, file = free_port(), folder / "sentinel.conf"
    file.write_text(
        f"bind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor {NAME} 127.0.0.1 {master} 1\n{guard.sentinel(port)}\n"
        f"sentinel down-after-milliseconds {NAME} 3000\nsentinel failover-timeout {NAME} 5000\n"
    )
    with process([str(binary.path), str(file), "--sentinel"], folder / "sentinel.log"):
        with redis_py.Redis(port=port, **guard.asking) as client:
            until(lambda: answers(client), "the sentinel does not start")
            # What it knows of the others is ten seconds old otherwise. Redis 6.2 has no word for it.
            with suppress(redis_py.ResponseError):
                client.execute_command("SENTINEL", "DEBUG", "INFO-PERIOD", "500")
            until(lambda: client.execute_command("SENTINEL", "REPLICAS", NAME), "it finds no replica")
        yield port


def tls_files(folder: Path) -> tuple[str, ...]:
    """A server's own certificate, and whom it believes: only those whom our authority has signed."""
    files = {"--tls-cert-file": "server.crt", "--tls-key-file": "server.key", "--tls-ca-cert-file": "ca.crt"}
    return (*(part for flag, name in files.items() for part in (flag, str(folder / name))), "--tls-auth-clients", "yes")


@contextmanager
def tls(binary: ServerBinary, folder: Path) -> Iterator[int]:
    """A server that only talks TLS, to those with a certificate of its own authority: `ca.crt`, `us.crt`, `us.key`."""
    make_certificates(folder)
    port = free_port()
    arguments = [str(binary.path), "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with process([*arguments, *tls_files(folder), "--dir", str(folder)], folder / "server.log"):
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


def answers(client: Any) -> bool:
    """Whether somebody is there."""
    try:
        return bool(client.ping())
    except redis_py.ConnectionError:
        return False
