"""One Redis server: its connections, and an exchange of packed commands for raw replies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import hiredis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoPermissionError, ResponseError

# Enough for the collector, discovery and a handful of people at once; more would be felt by Redis before by us.
CONNECTIONS = 8
# Not "Unknown Redis command called from script": a script that is refused half-way is another matter.
_NOT_THERE = ("unknown command", "unknown subcommand", "unknown or disabled command")


def pack(*command: bytes | str | int) -> bytes:
    """One command as the bytes that go over the wire."""
    return cast(bytes, hiredis.pack_command(command))  # type: ignore[arg-type] # its stub takes one argument only


class Node:
    """`options` are those of redis-py's connections; `patience` is how long to wait for a free one (seconds)."""

    def __init__(self, options: Mapping[str, Any], patience: float) -> None:
        self._options = dict(options)
        self._patience = patience
        # For who must tell the wait for a free connection from the wait for an answer.
        self.turn = asyncio.Semaphore(CONNECTIONS)
        self._pool = self._opened()

    def _opened(self) -> BlockingConnectionPool:
        return BlockingConnectionPool(**self._options, max_connections=CONNECTIONS, timeout=self._patience)

    async def exchange(self, packed: bytes, replies: int) -> list[Any]:
        """Send bytes that hold `replies` commands, and read as many replies; a refusal is one. Raises what the network
        raises."""
        pool, connection = await self._connected()
        whole = False
        try:
            await connection.send_packed_command([packed])
            answer = [await _reply(connection) for _ in range(replies)]
            whole = True
        finally:
            # Cut off half-way, the connection still carries replies that belong to nobody.
            if not whole:
                await connection.disconnect(nowait=True)
            await pool.release(connection)
        return answer

    async def _connected(self) -> tuple[BlockingConnectionPool, AbstractConnection]:
        pool = self._pool
        try:
            return pool, await pool.get_connection()  # type: ignore[no-untyped-call] # redis-py's
        except ResponseError as refusal:
            if not isinstance(told(refusal), NoPermissionError) or not self._is_named(pool):
                raise
        return self._pool, await self._pool.get_connection()  # type: ignore[no-untyped-call] # redis-py's

    def _is_named(self, pool: BlockingConnectionPool) -> bool:
        """Whether connections of this pool gave themselves a name: a courtesy to those who read CLIENT LIST. Who may
        not have one does without, from the first that is refused on."""
        if pool is self._pool and self._options.get("client_name"):
            self._options["client_name"] = None
            self._pool = self._opened()
        return pool is not self._pool

    async def connection(self) -> AbstractConnection:
        """A connection of its own, for one who listens; who asked for it ends it."""
        return cast(AbstractConnection, self._pool.make_connection())  # type: ignore[no-untyped-call] # redis-py's

    async def close(self) -> None:
        """End every connection."""
        await self._pool.aclose()


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response(disable_decoding=True)
    except ResponseError as refusal:
        return told(refusal)


def told(refusal: ResponseError) -> ResponseError:
    """A hoster that renamed a command, or took it away, forbids it as much as an ACL does: all that gets by without a
    command because of the one gets by because of the other."""
    if not str(refusal).lower().startswith(_NOT_THERE):
        return refusal
    # Behind it Redis repeats the arguments, which may be a job's data.
    return NoPermissionError(str(refusal).partition(", with args")[0])
