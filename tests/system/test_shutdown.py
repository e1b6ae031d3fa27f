"""Told to stop, Tickbird tells its streams, parks what runs, and ends with code 0; told again, it ends at once."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis as redis_py

from tests.core import layout
from tests.system.lane import lane
from tests.system.program import Program, program, start, until
from tickbird.demo.server import EmbeddedServer

JOBS, TABS, SLOW = 3_000, 50, 10
BASE = b"bull:mail:"
# Five seconds are promised; a machine that does other things as well may need more for the same steps.
ENDS_WITHIN = 20.0
# Waits for itself however slow the machine is, so that it ends well wherever nothing hangs.
PATIENT = "tests.system.patient"
PAGE = "/admin/queues/live?at=/admin/queues/queues/default/bull/mail&rows=&since="


@pytest.fixture
def state_url(server: EmbeddedServer) -> str:
    return server.url.removesuffix("0") + "1"


def lay(redis: redis_py.Redis) -> None:
    layout.queue(redis, BASE)
    pipe = redis.pipeline(transaction=False)
    for n in range(JOBS):
        pipe.hset(BASE + b"f%d" % n, mapping={"name": "send", "data": f'{{"to":{n}}}', "failedReason": "no" * 500})
    pipe.zadd(BASE + b"failed", {f"f{n}": 1_000_000 + n for n in range(JOBS)})
    pipe.execute()


def opened(tickbird: Program, path: str, *, reads: bool = True) -> socket.socket:
    """A connection on which that was asked for; one that does not read has no room for the answer either."""
    address = urlsplit(tickbird.url)
    connection = socket.socket()
    if not reads:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(60)
    try:
        connection.connect((address.hostname, address.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
    except OSError:
        connection.close()
        raise
    return connection


def heard(connection: socket.socket) -> bytes:
    """All until the other side ends it."""
    said = b""
    try:
        while piece := connection.recv(65_536):
            said += piece
    except ConnectionResetError:
        pass
    return said


@contextmanager
def busy(tickbird: Program) -> Iterator[tuple[list[socket.socket], socket.socket]]:
    """Tabs, half of which do not read, events as lines, an export that nobody takes, a search and bulk work. Gives the
    tabs that read, and the events."""
    (mail,) = until(lambda: tickbird.ask("queues")["queues"])
    with ExitStack() as open_ones:
        tabs = [open_ones.enter_context(closing(opened(tickbird, PAGE, reads=n >= SLOW))) for n in range(TABS)][SLOW:]
        lines = open_ones.enter_context(closing(opened(tickbird, "/admin/queues/api/events")))
        for connection in (*tabs, lines):
            assert connection.recv(20).startswith(b"HTTP/1.1 200")
        export = f"{mail['href']}/export?state=failed&format=json"
        open_ones.enter_context(closing(opened(tickbird, export, reads=False)))
        tickbird.ask("searches", {"queues": "all", "q": "reason:ECONNRESET"})
        options = {"rate": 100}
        tickbird.ask(
            "operations", {"action": "retry", "queues": "all", "state": "failed", "options": options, "reason": "x"}
        )
        yield tabs, lines


def test_all_are_told_and_what_runs_is_parked(
    server: EmbeddedServer, redis: redis_py.Redis, state_url: str, tmp_path: Path
) -> None:
    lay(redis)
    first = program(tmp_path / "one", "--redis", server.url, "--state-url", state_url, module=PATIENT)
    with first as tickbird, busy(tickbird) as (tabs, lines):
        until(lambda: redis.llen(BASE + b"wait") > 0)
        ended = tickbird.end()
        assert all(b"event: bye" in heard(tab) for tab in tabs)
        assert b'"event":"end"' in heard(lines)
    print(f"ended after {ended.seconds:.1f} s")
    assert ended.code == 0
    assert not [line for line in tickbird.lines() if "Traceback" in line]
    with program(tmp_path / "two", "--redis", server.url, "--state-url", state_url) as again:
        (held,) = until(lambda: again.ask("operations")["operations"])
        assert (held["status"], held["done"]) == ("paused", redis.llen(BASE + b"wait"))


@pytest.mark.parametrize("hangs", [pytest.param("watched", marks=pytest.mark.full), "own too"])
def test_a_redis_that_hangs_does_not_hold_it_up(
    server: EmbeddedServer, redis: redis_py.Redis, state_url: str, tmp_path: Path, hangs: str
) -> None:
    lay(redis)
    with lane(server.port) as way:
        silent = f"redis://127.0.0.1:{way.port}"
        own = f"{silent}/1" if hangs == "own too" else state_url
        with program(tmp_path, "--redis", f"{silent}/0", "--state-url", own) as tickbird, busy(tickbird):
            until(lambda: redis.llen(BASE + b"wait") > 0)
            way.silent = True
            ended = tickbird.end()
            way.silent = False
    print(f"ended after {ended.seconds:.1f} s")
    assert ended.seconds < ENDS_WITHIN
    assert ended.code == 0 or "left behind" in tickbird.lines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.full)])
def test_told_a_second_time_it_ends_at_once(server: EmbeddedServer, tmp_path: Path, number: int) -> None:
    with lane(server.port) as way:
        silent = f"redis://127.0.0.1:{way.port}"
        with program(tmp_path, "--redis", f"{silent}/0", "--state-url", f"{silent}/1") as tickbird, busy_with(tickbird):
            way.silent = True
            tickbird.tell(number)
            until(lambda: refuses(tickbird))
            tickbird.tell(number)
            # Or it was over already, and nothing was left that would have heard.
            assert tickbird.process.wait(60) in (0, 128 + number, -number)


@contextmanager
def busy_with(tickbird: Program) -> Iterator[None]:
    """A reader who takes nothing, and would be waited for."""
    with closing(opened(tickbird, "/admin/queues/api/events", reads=False)):
        yield


def refuses(tickbird: Program) -> bool:
    """Whether it takes no connection any more."""
    try:
        opened(tickbird, "/healthz").close()
    except OSError:
        return True
    return False


def test_told_while_it_begins_it_ends_as_well(server: EmbeddedServer, tmp_path: Path) -> None:
    tickbird = start(tmp_path, "--redis", server.url, module=PATIENT)
    try:
        until((tmp_path / "said").read_bytes)
        assert tickbird.end().code in (0, -signal.SIGTERM)
    finally:
        tickbird.process.kill()
        tickbird.process.wait()
    assert not [line for line in tickbird.lines() if "Traceback" in line]


def test_a_name_that_is_still_looked_up_does_not_hold_it_up(server: EmbeddedServer, tmp_path: Path) -> None:
    with program(tmp_path, "--redis", server.url, module="tests.system.stuck") as tickbird:
        until(lambda: tickbird.read("queues"))
        assert tickbird.end().code == 0
    assert not [line for line in tickbird.lines() if "Traceback" in line]
