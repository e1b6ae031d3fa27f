"""How a Redis may stand × the servers that people run. `python -m tests.system.matrix` prints the table of
docs/topologies.md: each cell goes through all of exercise.py, with real BullMQ on the other side."""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.servers import SERVERS, Server
from tests.system import stands
from tests.system.exercise import exercise
from tests.system.stands import Way

REDIS_6, REDIS_7, _, _, VALKEY_9 = SERVERS
WITH_TLS = Server("Redis 6.2", "with_tls/redis-server")
WAYS: dict[str, Way] = {
    "one server, database 3": stands.alone,
    "a unix socket": stands.unix_socket,
    "user of `tickbird acl`": stands.operator,
    "user of `tickbird acl --read`": stands.reader,
    "a hoster's restrictions": stands.hosted,
    "reading from a replica": stands.replica,
    "sentinels, failover": stands.sentinels,
    "sentinels with a password, failover": stands.sentinels_with_password,
    "cluster, a master dies": stands.cluster,
    "TLS, certificates on both sides": stands.own_tls,
    "sentinels with TLS, failover": stands.sentinels_with_tls,
}
NEEDS_TLS = ("TLS, certificates on both sides", "sentinels with TLS, failover")
PLAIN_SENTINELS = ("sentinels, failover", "sentinels with a password, failover")
Cell = tuple[str, Server]


def cells() -> Iterator[Cell]:
    """All there are: TLS only with the servers that have it."""
    for way in WAYS:
        yield from ((way, server) for server in ((WITH_TLS, REDIS_7) if way in NEEDS_TLS else SERVERS))


def is_quick(cell: Cell) -> bool:
    """Whether it belongs to every run of the tests: each way once, on a server that is there anyway. What plain
    sentinels do, those with TLS and a password do as well."""
    way, server = cell
    return server is (REDIS_7 if way in NEEDS_TLS else VALKEY_9) and way not in PLAIN_SENTINELS


def go(cell: Cell, folder: Path) -> None:
    """One cell. Skips, by pytest's exception, where this machine has no such server."""
    way, server = cell
    with WAYS[way](server.binary(), folder) as stand:
        exercise(stand)


def _told(cell: Cell) -> str:
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            go(cell, Path(folder))
    except pytest.skip.Exception:
        return "not here"
    except Exception:  # the table has a place for it, and the other cells are still to come
        traceback.print_exc()
        return "FAILED"
    return f"ok, {time.monotonic() - started:.0f} s"


def main() -> None:
    print(f"| how it stands | {' | '.join(server.name for server in SERVERS)} |")
    print(f"| --- |{' --- |' * len(SERVERS)}")
    asked = sys.argv[1:]
    known = {(way, server.name): (way, server) for way, server in cells()}
    for way in (way for way in WAYS if not asked or any(word in way for word in asked)):
        found = [_told(known[way, server.name]) if (way, server.name) in known else "no TLS" for server in SERVERS]
        print(f"| {way} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
