"""Worker connections, told from a real server's CLIENT LIST by the names that the libraries give them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis as redis_py
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.clients import Connection, connections, waiting_commands, workers_by_queue
from tests.core.wire import Wire
from tests.interop.node_queue import until
from tickbird.demo.server import EmbeddedServer

MAIL = base64.b64encode(b"mail").decode()
# What CLIENT SETNAME takes: printable ASCII without the space.
legal = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
names = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)
same_server = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def connected(server: EmbeddedServer, name: str, *command: str, db: int = 0) -> Iterator[Wire]:
    """A connection of that name whose last command is this one, still unanswered."""
    with Wire(server.port, name=name, db=db) as wire:
        wire.send(*command)
        yield wire


@pytest.fixture(autouse=True)
def nobody_is_left(server: EmbeddedServer) -> None:
    """The server has seen that the connections of the test before are closed."""
    until(lambda: listed(server) == ())


def waits(*command: str) -> tuple[str, ...]:
    return command or ("BZPOPMIN", "bull:none:marker", "0")


def listed(server: EmbeddedServer, database: int = 0) -> tuple[Connection, ...]:
    with Wire(server.port) as wire:
        return connections(wire.ask("CLIENT", "LIST", "TYPE", "NORMAL"), database)


def seen(server: EmbeddedServer, redis: redis_py.Redis, name: str, *command: str) -> Connection:
    """How a connection of that name is read, whose command was answered: a busy worker, then."""
    with connected(server, name, *(command or ("BZPOPMIN", "bull:some:marker", "0"))) as worker:
        redis.zadd("bull:some:marker", {"0": 0})
        worker.reply()
        (found,) = listed(server)
        return found


@pytest.mark.parametrize(
    ("name", "prefix", "queue", "worker"),
    [
        (f"bull:{MAIL}", "bull", "mail", ""),
        (f"bull:{MAIL}:w:anna", "bull", "mail", "anna"),
        (f"bull:{MAIL}:w:a:b", "bull", "mail", "a:b"),
        (f"bull:{MAIL}:w:qe", "bull", "mail", "qe"),
        (f"bull:{MAIL}:w:qs", "bull", "mail", "qs"),
        (f"bull:{MAIL}:w:x:w:y", "bull", "mail", "x:w:y"),
        (f"eu:shop:bull:{MAIL}", "eu:shop:bull", "mail", ""),
        (f"acme:w:bull:{MAIL}:w:anna", "acme:w:bull", "mail", "anna"),
        (f"acme:w:{MAIL}", "acme:w", "mail", ""),
        (f"{{bull}}:{MAIL}", "{bull}", "mail", ""),
        (f"a*?[b]:{MAIL}", "a*?[b]", "mail", ""),
        ("bull:video", "bull", "video", ""),
        ("bull:video-encode", "bull", "video-encode", ""),
        ("bull:video:w:anna", "bull", "video", "anna"),
        ("bull:" + base64.b64encode("größe ÿþ>>>???".encode()).decode(), "bull", "größe ÿþ>>>???", ""),
        ("bull:" + base64.b64encode("👨‍👩‍👧 no\u00a0break".encode()).decode(), "bull", "👨‍👩‍👧 no\u00a0break", ""),
        ("bull:" + base64.b64encode(b"Q:sub/a%20b").decode(), "bull", "Q:sub/a%20b", ""),
    ],
)
def test_a_worker_is_known_by_its_connections_name(
    server: EmbeddedServer, redis: redis_py.Redis, name: str, prefix: str, queue: str, worker: str
) -> None:
    found = seen(server, redis, name)
    assert (found.prefix.decode(), found.queue.decode(), found.worker) == (prefix, queue, worker)
    assert found.base == f"{prefix}:{queue}:".encode()


@same_server
@given(prefix=legal, queue=names, worker=legal | st.just(""))
@example(prefix="bull", queue="\U0010ffff", worker="")
@example(prefix=":", queue="a", worker=":")
@example(prefix="id=1", queue="db=1", worker="flags=b")
def test_any_legal_name_comes_back_from_a_real_server(
    server: EmbeddedServer, redis: redis_py.Redis, prefix: str, queue: str, worker: str
) -> None:
    name = f"{prefix}:{base64.b64encode(queue.encode()).decode()}" + (f":w:{worker}" if worker else "")
    found = seen(server, redis, name)
    # A colon and a w on both sides of the queue's name is the one thing that cannot be told apart.
    if ":w:" not in f"{prefix}:":
        assert (found.prefix.decode(), found.queue.decode(), found.worker) == (prefix, queue, worker)


@pytest.mark.parametrize("name", ["tickbird", "ioredis", f"bull:{MAIL}:qe", "bull", MAIL])
def test_other_connections_are_no_workers(server: EmbeddedServer, redis: redis_py.Redis, name: str) -> None:
    with connected(server, name, "XREAD", "BLOCK", "0", "STREAMS", "bull:mail:events", "$"):
        assert listed(server) == ()


def test_a_producer_of_bull_3_is_no_worker_though_it_bears_the_queues_name(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    with connected(server, f"bull:{MAIL}", "GET", "x"), connected(server, f"bull:{MAIL}", *waits()):
        assert [found.command for found in listed(server)] == [b"bzpopmin"]


@pytest.mark.parametrize(
    ("command", "blocking"),
    [
        (b"bzpopmin", ("BZPOPMIN", "bull:none:marker", "0")),
        (b"brpoplpush", ("BRPOPLPUSH", "bull:none:wait", "bull:none:active", "0")),
        (b"blmove", ("BLMOVE", "bull:none:wait", "bull:none:active", "RIGHT", "LEFT", "0")),
    ],
)
def test_a_waiting_worker_is_free_and_the_command_it_waits_on_is_kept(
    server: EmbeddedServer, redis: redis_py.Redis, command: bytes, blocking: tuple[str, ...]
) -> None:
    with connected(server, f"bull:{MAIL}", *blocking):
        (found,) = listed(server)
    assert (found.free, found.command) == (True, command)
    assert waiting_commands([found]) == {b"bull:mail:": frozenset({command})}


def test_a_worker_that_runs_a_job_is_busy_and_still_counted(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    assert not seen(server, redis, f"bull:{MAIL}").free


def test_a_worker_that_found_a_backlog_and_never_had_to_wait_is_busy(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    with connected(server, f"bull:{MAIL}:w:anna", "PING"):
        (found,) = listed(server)
    assert (found.base, found.worker, found.free, found.waited) == (b"bull:mail:", "anna", False, False)
    assert workers_by_queue([found])[b"bull:mail:"].total == 1
    assert waiting_commands([found]) == {b"bull:mail:": frozenset()}


def test_a_queue_scheduler_is_known_apart_from_workers(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    with connected(server, f"bull:{MAIL}:qs", "XREAD", "BLOCK", "0", "STREAMS", "bull:mail:delay", "$"):
        (found,) = listed(server)
    assert (found.scheduler, found.base) == (True, b"bull:mail:")
    assert waiting_commands([found]) == {b"bull:mail:": frozenset({b"qs"})}
    assert workers_by_queue([found]) == {}


def test_workers_of_another_database_are_not_ours(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    with connected(server, f"bull:{MAIL}", *waits(), db=3):
        assert listed(server) == ()
        assert [found.queue for found in listed(server, database=3)] == [b"mail"]


def test_workers_are_counted_per_queue_with_the_free_ones_and_their_names(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    name = f"bull:{MAIL}"
    redis.zadd("bull:busy:marker", {"0": 0})
    with (
        connected(server, f"{name}:w:anna", *waits()),
        connected(server, f"{name}:w:anna", *waits()),
        connected(server, f"{name}:w:ben", *waits("BZPOPMIN", "bull:busy:marker", "0")) as busy,
        connected(server, "bull:video", *waits()),
    ):
        busy.reply()
        workers = workers_by_queue(listed(server))
    assert {base: (each.total, each.free, each.names) for base, each in workers.items()} == {
        b"bull:mail:": (3, 2, ("anna", "ben")),
        b"bull:video:": (1, 1, ()),
    }
