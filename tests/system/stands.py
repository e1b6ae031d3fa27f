"""The ways in which a Redis may stand, each as Tickbird is told of it and as BullMQ is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis as redis_py

from core.acl import READ, SCRIPTS, WRITE, rules
from core.redis_settings import REPLICA, RedisSettings, Tls
from tests.system.clusters import shards
from tests.system.topologies import NAME, OPEN, Guard, make_certificates, tls, watched
from tickbird.demo.server import EmbeddedServer, ServerBinary


@dataclass(frozen=True)
class Stand:
    """`redis` is what Tickbird is told, `node` what ioredis is. `fail_over` makes another server the master.
    `writes`: whether Tickbird's user may."""

    redis: RedisSettings
    node: dict[str, Any]
    prefix: str = "bull"
    fail_over: Callable[[], None] | None = None
    writes: bool = True


Way = Callable[[ServerBinary, Path], AbstractContextManager[Stand]]


@contextmanager
def alone(binary: ServerBinary, _folder: Path) -> Iterator[Stand]:
    """One server, and not its first database."""
    with EmbeddedServer.start(binary) as server:
        url = server.url.removesuffix("/0") + "/3"
        yield Stand(RedisSettings("shop", url), {"port": server.port, "db": 3})


@contextmanager
def unix_socket(binary: ServerBinary, folder: Path) -> Iterator[Stand]:
    path = str(folder / "redis.sock")
    with EmbeddedServer.start(binary, "--unixsocket", path):
        yield Stand(RedisSettings("shop", f"unix://{path}?db=0"), {"port": 0, "path": path})


@contextmanager
def own_tls(binary: ServerBinary, folder: Path) -> Iterator[Stand]:
    """An authority of its own, and certificates on both sides."""
    with tls(binary, folder) as port:
        yield Stand(RedisSettings("shop", f"rediss://127.0.0.1:{port}/0", tls=_tls(folder)), _node(port, folder))


@contextmanager
def operator(binary: ServerBinary, _folder: Path) -> Iterator[Stand]:
    """A user with exactly the rights that `tickbird acl` prints for one who operates."""
    with _user(binary, (*READ, *SCRIPTS, *WRITE)) as (server, url):
        yield Stand(RedisSettings("shop", url), {"port": server.port})


@contextmanager
def reader(binary: ServerBinary, _folder: Path) -> Iterator[Stand]:
    """A user with exactly the rights that `tickbird acl` prints for one who reads: the wall behind --read-only."""
    with _user(binary, (*READ, *SCRIPTS)) as (server, url):
        yield Stand(RedisSettings("shop", url), {"port": server.port}, writes=False)


@contextmanager
def hosted(binary: ServerBinary, _folder: Path) -> Iterator[Stand]:
    """A hoster took commands away, and the user is told nothing: CONFIG, SLOWLOG, MEMORY, PUBSUB, names of clients."""
    gone = [part for command in ("CONFIG", "SLOWLOG", "MEMORY", "PUBSUB") for part in ("--rename-command", command, "")]
    with EmbeddedServer.start(binary, *gone) as server:
        with redis_py.Redis(port=server.port) as admin:
            admin.execute_command("ACL", "SETUSER", "plain", "on", ">x", "~*", "&*", "+@all", "-client", "-hello")
        url = server.url.replace("redis://", "redis://plain:x@", 1)
        yield Stand(RedisSettings("shop", url), {"port": server.port})


@contextmanager
def replica(binary: ServerBinary, folder: Path) -> Iterator[Stand]:
    """Pages and metrics from a replica by its own address, actions at the master."""
    with watched(folder, binary) as found:
        at = f"redis://127.0.0.1:{found.replica.port}/0"
        redis = RedisSettings("shop", found.master.url, read_from=REPLICA, replica_url=at)
        yield Stand(redis, {"port": found.master.port})


@contextmanager
def sentinels(binary: ServerBinary, folder: Path, guard: Guard = OPEN) -> Iterator[Stand]:
    """A master by its name."""
    with watched(folder, binary, guard) as found:
        asked = {"sentinels": [{"host": "127.0.0.1", "port": found.sentinel}], "name": NAME, **_asking(guard)}
        tls = _tls(folder) if guard.certificates else Tls()
        yield Stand(RedisSettings("shop", found.url, tls=tls), {"port": 0, **asked}, fail_over=found.fail_over)


@contextmanager
def sentinels_with_password(binary: ServerBinary, folder: Path) -> Iterator[Stand]:
    """Servers and sentinel want a password."""
    with sentinels(binary, folder, Guard("secret")) as stand:
        yield stand


@contextmanager
def sentinels_with_tls(binary: ServerBinary, folder: Path) -> Iterator[Stand]:
    """They want a password and certificates, and so do they of each other."""
    make_certificates(folder)
    with sentinels(binary, folder, Guard("secret", folder)) as stand:
        yield stand


@contextmanager
def cluster(binary: ServerBinary, _folder: Path) -> Iterator[Stand]:
    """Queues under a hash-tagged prefix, whose master dies."""
    with shards(binary) as found:
        # Told of a master that lives on, and of one that holds other slots.
        redis = RedisSettings("shop", found.masters.servers[-1].url, ("{bull}",))
        node = {"port": found.masters.servers[-1].port, "cluster": True}
        yield Stand(redis, node, "{bull}", fail_over=found.fail_over)


@contextmanager
def _user(binary: ServerBinary, commands: tuple[str, ...]) -> Iterator[tuple[EmbeddedServer, str]]:
    with EmbeddedServer.start(binary) as server:
        with redis_py.Redis(port=server.port) as admin:
            admin.execute_command("ACL", "SETUSER", "tickbird", "reset", "on", ">x", *rules(("bull",), commands))
        yield server, server.url.replace("redis://", "redis://tickbird:x@", 1)


def _tls(folder: Path) -> Tls:
    return Tls(*(str(folder / name) for name in ("ca.crt", "us.crt", "us.key")))


def _node(port: int, folder: Path) -> dict[str, Any]:
    return {"port": port, "tls": _pem(folder)}


def _pem(folder: Path) -> dict[str, str]:
    files = {"ca": "ca.crt", "cert": "us.crt", "key": "us.key"}
    return {what: (folder / name).read_text() for what, name in files.items()}


def _asking(guard: Guard) -> dict[str, Any]:
    """ioredis' words for a guard."""
    login = {"password": guard.password, "sentinelPassword": guard.password} if guard.password else {}
    if guard.certificates is None:
        return login
    pem = _pem(guard.certificates)
    return {**login, "tls": pem, "sentinelTLS": pem, "enableTLSForSentinelMode": True}
