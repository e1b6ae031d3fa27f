"""What happens to Redis and to the way there: each fault lasts a few seconds, and then all is as it was."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis as redis_py

from tests.system.lane import Lane
from tests.system.load import Load
from tickbird.demo.server import EmbeddedServer

# How long a fault lasts (seconds).
LASTS = 3.0


@dataclass(frozen=True)
class Place:
    """What a fault can be done to."""

    server: EmbeddedServer
    redis: Any
    way: Lane
    clock: Path
    load: Load


@dataclass(frozen=True)
class Fault:
    """`happen` is what happens, so many `times`, told by its docstring. `server` are options of the server to which it
    does; `keeps` says that nothing which Redis was told is forgotten, `jobs` that the jobs are still there. `full`: it
    is tried by the command and by `bin/test --full` only."""

    happen: Callable[[Place], None]
    server: tuple[str, ...] = ()
    keeps: bool = True
    jobs: bool = True
    times: int = 1
    full: bool = False

    @property
    def name(self) -> str:
        return self.happen.__name__.replace("_", " ")

    @property
    def about(self) -> str:
        return (self.happen.__doc__ or "").strip()


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


def die(place: Place) -> None:
    """The process is killed, and started again after three seconds; it had written down all that it was told (AOF)."""
    place.server.stop()
    time.sleep(LASTS)
    place.server.start_again()


def end(place: Place) -> None:
    """It is shut down in order, and started again after three seconds (AOF)."""
    _shut_down(place)
    time.sleep(LASTS)
    place.server.start_again()


def end_and_save(place: Place) -> None:
    """The same, with a snapshot on disk instead (RDB)."""
    _shut_down(place)
    time.sleep(LASTS)
    place.server.start_again()


def go_back(place: Place) -> None:
    """It is killed, and comes back as it was at its last snapshot, a second before (RDB)."""
    place.redis.save()
    time.sleep(1)
    place.server.stop()
    place.server.start_again()


def begin_anew(place: Place) -> None:
    """It is killed, and comes back empty, for it keeps nothing on disk."""
    place.server.stop()
    time.sleep(1)
    place.server.start_again()


def be_away(place: Place) -> None:
    """It is away for half a minute (AOF)."""
    place.server.stop()
    time.sleep(30)
    place.server.start_again()


def wipe(place: Place) -> None:
    """Somebody types FLUSHALL."""
    place.redis.flushall()


def spoil(place: Place) -> None:
    """Keys of the queue, and each seventh job, hold what no library writes there."""
    for number in range(0, 600, 7):
        place.redis.delete(f"bull:mail:f{number}")
        place.redis.set(f"bull:mail:f{number}", "spoilt")
    for key in ("meta", "events", "delayed", "prioritized", "completed"):
        place.redis.delete(f"bull:mail:{key}")
        place.redis.set(f"bull:mail:{key}", b"\xff\x00")


def jump_ahead(place: Place) -> None:
    """Tickbird's clock jumps an hour ahead, and stays there."""
    _set_clock(place, 3_600)


def jump_back(place: Place) -> None:
    """It jumps an hour back."""
    _set_clock(place, -3_600)


def jump_back_a_day(place: Place) -> None:
    """It jumps a day back."""
    _set_clock(place, -86_400)


def _set_clock(place: Place, seconds: int) -> None:
    place.clock.write_text(f"{seconds:<20}")
    time.sleep(LASTS)


def _shut_down(place: Place) -> None:
    with suppress(redis_py.ConnectionError):  # as it ends
        place.redis.shutdown()
    while place.server.running:
        time.sleep(0.02)
    place.server.stop()


# With everysec an answer may go out before anything is written: while a slow disk still syncs, Redis puts writes off.
AOF = ("--appendonly", "yes", "--appendfsync", "always")
RDB = ("--save", "3600 1")
FAULTS: tuple[Fault, ...] = (
    Fault(kill_connections, times=6),
    Fault(pause_clients, full=True),
    Fault(be_full),
    Fault(be_a_replica),
    Fault(hang),
    Fault(be_slow, full=True),
    Fault(be_cut, times=10, full=True),
    Fault(be_silent),
    Fault(forget_scripts, full=True),
    Fault(block, times=4, full=True),
    Fault(die, AOF),
    Fault(end, AOF, full=True),
    Fault(end_and_save, RDB, full=True),
    Fault(go_back, RDB, keeps=False, full=True),
    Fault(begin_anew, keeps=False, jobs=False),
    Fault(be_away, AOF, full=True),
    Fault(wipe, keeps=False, jobs=False, full=True),
    Fault(spoil, keeps=False, jobs=False),
    Fault(jump_ahead),
    Fault(jump_back),
    Fault(jump_back_a_day, full=True),
)


@contextmanager
def _configured(place: Place, name: str, value: str) -> Iterator[None]:
    before = place.redis.config_get(name)[name]
    place.redis.config_set(name, value)
    try:
        yield
    finally:
        place.redis.config_set(name, before)
