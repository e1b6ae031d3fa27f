"""Connections that ask nothing, never end asking or never read: each is ended, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import http.client
import resource
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tickbird import connections
from tickbird.connections import LARGEST_HEAD, Connection, room

DEADLINE = 30.0
# Sooner than in earnest, but enough for a whole request on a machine that does other things as well.
QUICK = 3.0


async def _words(_: Request) -> Response:
    return PlainTextResponse("here")


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _flood(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)  # as if it had asked Redis for more

    return StreamingResponse(pieces())


@contextmanager
def served() -> Iterator[uvicorn.Server]:
    app = Starlette(routes=[Route("/", _words), Route("/length", _length, methods=["POST"]), Route("/flood", _flood)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Connection, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(DEADLINE)


def port_of(server: uvicorn.Server) -> int:
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.01)


def opened(server: uvicorn.Server, said: bytes) -> socket.socket:
    near = socket.create_connection(("127.0.0.1", port_of(server)), timeout=DEADLINE)
    near.sendall(said)
    return near


def answered(server: uvicorn.Server) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=DEADLINE)) as connection:
        connection.request("GET", "/", headers={"connection": "close"})
        return connection.getresponse().read() == b"here"


def ended(near: socket.socket) -> bool:
    """Whether the other side has ended it, however it did."""
    try:
        while near.recv(65_536):
            pass
    except ConnectionError:
        return True
    return True


HALF = (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST /length HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")


def test_a_request_that_does_not_come_whole_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SLOWEST_REQUEST", QUICK)
    with served() as server, ExitStack() as held:
        nears = [held.enter_context(opened(server, said)) for said in HALF for _ in range(20)]
        assert answered(server)
        assert all(ended(near) for near in nears)
        until(lambda: not server.server_state.connections)
        until(lambda: not server.server_state.tasks)


def test_who_reads_nothing_of_a_long_answer_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SLOWEST_READER", QUICK)
    with served() as server, ExitStack() as held:
        for _ in range(5):
            held.enter_context(opened(server, b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n"))
        assert answered(server)
        until(lambda: not server.server_state.tasks)
        until(lambda: not server.server_state.connections)


def test_a_head_without_an_end_is_refused() -> None:
    with served() as server, opened(server, b"GET / HTTP/1.1\r\nHost: x\r\n") as near:
        try:
            for _ in range(4 * LARGEST_HEAD // 8192):
                near.sendall(b"X-Y: " + b"z" * 8185 + b"\r\n")
        except ConnectionError:
            pass
        assert ended(near)
        assert answered(server)


def test_one_connection_too_many_is_ended_and_there_is_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "most", 3)
    with served() as server:
        with ExitStack() as held:
            for _ in range(3):
                held.enter_context(opened(server, b"GET"))
            until(lambda: len(server.server_state.connections) == 3)
            assert ended(held.enter_context(opened(server, b"")))
        until(lambda: not server.server_state.connections)
        assert answered(server)


def test_what_comes_slowly_but_comes_is_answered_and_so_is_what_follows_on_the_same_connection() -> None:
    with (
        served() as server,
        closing(http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=DEADLINE)) as connection,
    ):
        for length in (0, 1, 300_000, 2_000_000, 5):
            connection.request("POST", "/length", body=b"y" * length)
            assert connection.getresponse().read() == str(length).encode()


@pytest.mark.parametrize(
    ("soft", "hard", "holds", "asked"),
    [
        (1_024, 524_288, connections.MOST, [(8_192, 524_288)]),
        (1_024, 1_024, 824, []),
        (256, 1_500, 1_300, [(1_500, 1_500)]),
        (1_024, resource.RLIM_INFINITY, connections.MOST, [(8_192, resource.RLIM_INFINITY)]),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, connections.MOST, []),
        (65_536, 524_288, connections.MOST, []),
    ],
)
def test_no_more_connections_are_held_than_there_are_descriptors_for(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, holds: int, asked: list[tuple[int, int]]
) -> None:
    got = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: got[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: got.append(limits))
    assert room() == holds
    assert got[1:] == asked


def test_a_system_that_gives_no_more_descriptors_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int, _limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 4_096))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert room() == 824
