"""What happens to Redis and to the way there: each fault lasts a few seconds, and then all is as it was."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.system.lane import Lane
from tickbird.demo.server import EmbeddedServer

# How long a fault lasts (seconds).
LASTS = 3.0


@dataclass(frozen=True)
class Place:
    """What a fault can be done to."""

    server: EmbeddedServer
    redis: Any
    way: Lane


Fault = Callable[[Place], None]


def kill_connections(place: Place) -> None:
    """What a failover, a proxy or an operator does to all of them."""
    for _ in range(6):
        place.redis.execute_command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")
        time.sleep(LASTS / 6)


def pause_clients(place: Place) -> None:
    """Redis keeps everybody waiting, as during a failover by hand."""
    place.redis.execute_command("CLIENT", "PAUSE", int(LASTS * 1000), "ALL")


def be_full(place: Place) -> None:
    """Every write is answered with OOM."""
    with _configured(place, "maxmemory", "1mb"):
        time.sleep(LASTS)


def be_a_replica(place: Place) -> None:
    """Every write is answered with READONLY, as by a master that was demoted."""
    place.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    time.sleep(LASTS)
    place.redis.execute_command("REPLICAOF", "NO", "ONE")


def hang(place: Place) -> None:
    """The process stands still, its connections open."""
    os.kill(place.server.pid, signal.SIGSTOP)
    time.sleep(LASTS)
    os.kill(place.server.pid, signal.SIGCONT)


def be_slow(place: Place) -> None:
    """Every piece takes a tenth of a second each way."""
    place.way.delay = 0.1
    time.sleep(LASTS)
    place.way.delay = 0.0


def be_cut(place: Place) -> None:
    """Connections end, over and over."""
    for _ in range(10):
        place.way.cut()
        time.sleep(LASTS / 10)


def be_silent(place: Place) -> None:
    """Connections stay open, and nothing comes."""
    place.way.silent = True
    time.sleep(LASTS)
    place.way.silent = False
    place.way.cut()


def forget_scripts(place: Place) -> None:
    """Redis knows our scripts no more."""
    for _ in range(10):
        place.redis.script_flush()
        time.sleep(LASTS / 10)


def block(place: Place) -> None:
    """Somebody else's script holds Redis up."""
    busy = """
        local function now() local t = redis.call('TIME'); return t[1] * 1000 + t[2] / 1000 end
        local began = now()
        while now() - began < 700 do end
    """
    for _ in range(4):
        place.redis.eval(busy, 0)


FAULTS: tuple[Fault, ...] = (
    kill_connections,
    pause_clients,
    be_full,
    be_a_replica,
    hang,
    be_slow,
    be_cut,
    be_silent,
    forget_scripts,
    block,
)


@contextmanager
def _configured(place: Place, name: str, value: str) -> Iterator[None]:
    before = place.redis.config_get(name)[name]
    place.redis.config_set(name, value)
    try:
        yield
    finally:
        place.redis.config_set(name, before)
