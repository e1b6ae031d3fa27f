"""A cluster that is none: masters that share the slots out evenly, and answer as a test says or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import hiredis

from core.cluster.slots import SLOTS
from core.instance import Instance
from core.redis_settings import RedisSettings

# The number of the master, and the command, to the reply as it goes over the wire.
Answer = Callable[[int, list[bytes]], Awaitable[bytes]]


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


def array(*items: bytes) -> bytes:
    return b"*%d\r\n%s" % (len(items), b"".join(items))


@asynccontextmanager
async def feigned(answer: Answer, masters: int = 2, *, dead: Sequence[int] = ()) -> AsyncIterator[Instance]:
    """An instance of that cluster; nobody listens where a dead master was. They are numbered by their addresses."""
    sockets = sorted((_bound() for _ in range(masters)), key=lambda each: each.getsockname()[1])
    ports = [each.getsockname()[1] for each in sockets]
    living = [number for number in range(masters) if number not in dead]
    serving: set[asyncio.Task[None]] = set()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(_ended, serving)
        for number, each in enumerate(sockets):
            stack.callback(each.close)
            if number in living:
                server = await asyncio.start_server(
                    _serving(_fixed(ports), serving, partial(answer, number)), sock=each
                )
                stack.callback(server.close)
        instance = Instance(RedisSettings("shop", f"redis://127.0.0.1:{ports[living[0]]}/0", ("*",)))
        stack.push_async_callback(instance.close)
        yield instance


def _bound() -> socket.socket:
    """A port that nobody else gets. Without a listener it refuses."""
    opened = socket.socket()
    opened.bind(("127.0.0.1", 0))
    return opened


def _fixed(ports: Sequence[int]) -> dict[bytes, bytes]:
    edges = [SLOTS * each // len(ports) for each in range(len(ports) + 1)]
    ranges = zip(edges, edges[1:], ports, strict=False)
    slots = (
        array(b":%d\r\n" % first, b":%d\r\n" % (behind - 1), array(bulk(b"127.0.0.1"), b":%d\r\n" % port))
        for first, behind, port in ranges
    )
    info = bulk(b"cluster_enabled:1\r\n")
    return {b"CLUSTER": array(*slots), b"INFO": info, b"CLIENT": b"+OK\r\n", b"SELECT": b"+OK\r\n"}


def _serving(
    fixed: dict[bytes, bytes], serving: set[asyncio.Task[None]], answer: Callable[[list[bytes]], Awaitable[bytes]]
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
    async def serve(reading: asyncio.StreamReader, writing: asyncio.StreamWriter) -> None:
        commands = hiredis.Reader(notEnoughData=None)
        with contextlib.suppress(ConnectionError):
            while data := await reading.read(65_536):
                commands.feed(data)
                while command := commands.gets():
                    writing.write(fixed.get(command[0].upper()) or await answer(command))
                await writing.drain()
        writing.close()

    return lambda reading, writing: serving.add(asyncio.create_task(serve(reading, writing)))


async def _ended(serving: set[asyncio.Task[None]]) -> None:
    """One that still waits for what never comes is ended; none is left to the end of the loop."""
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
