"""One configured Redis: its connections, and the two ways in which everything here talks to it.

`read` sends prepared commands in one round trip and hands back their answers; `script` runs one of our Lua verbs.
Both have a time limit over the whole exchange and turn every failure of the network into `Unavailable`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, cast

import hiredis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    NoScriptError,
    RedisError,
    ResponseError,
)

from core.errors import Unavailable
from core.redis_settings import RedisSettings
from core.redis_url import without_secrets
from core.script import Script

# A batch that takes longer than this is a Redis in trouble, not a slow one: pages must answer within a second.
TIME_LIMIT = 5.0
# Enough for the collector, discovery and a handful of people at once; more would be felt by Redis before by us.
CONNECTIONS = 8


def pack(*command: bytes | str | int) -> bytes:
    """One command as the bytes that go over the wire."""
    return cast(bytes, hiredis.pack_command(command))  # type: ignore[arg-type] # its stub takes one argument only


class Instance:
    """A Redis by the name that people gave it. Never shows its URL's secrets."""

    def __init__(self, settings: RedisSettings) -> None:
        self.name = settings.name
        self.prefixes = settings.prefixes
        self.dialects = settings.dialects
        self.address = without_secrets(settings.url)
        self.database = int(parse_url(settings.url).get("db", 0))
        self.commands_sent = 0
        self._pool = BlockingConnectionPool(**_options(settings.url), max_connections=CONNECTIONS, timeout=TIME_LIMIT)

    async def ask(self, *command: bytes | str | int) -> Any:
        """One command's raw reply; an error reply is raised as redis-py's ResponseError."""
        (reply,) = await self.batch([pack(*command)])
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def read(self, commands: Sequence[bytes]) -> list[Any]:
        """The answers in order; None where a key is of a type that no library writes. Raises Unavailable when Redis
        refuses a command: what we may not see must not pass for nothing."""
        return await self.answers(b"".join(commands), len(commands))

    async def answers(self, packed: bytes, replies: int) -> list[Any]:
        """The same for bytes that hold `replies` commands."""
        return [self.answer(reply) for reply in await self.stream(packed, replies)]

    def answer(self, reply: Any) -> Any:
        """One raw reply as `read` gives it."""
        if not isinstance(reply, ResponseError):
            return reply
        if str(reply).startswith("WRONGTYPE"):
            return None
        raise Unavailable(f"Redis {self.name} refuses to be read: {reply}.")

    async def batch(self, commands: Sequence[bytes], time_limit: float = TIME_LIMIT) -> list[Any]:
        """The raw replies (bytes, ints, lists, None, or an exception where Redis refused one) in order."""
        return await self.stream(b"".join(commands), len(commands), time_limit)

    async def stream(self, packed: bytes, replies: int, time_limit: float = TIME_LIMIT) -> list[Any]:
        """Send bytes that hold `replies` commands, and read as many raw replies."""
        if not replies:
            return []
        self.commands_sent += replies
        try:
            async with asyncio.timeout(time_limit):
                return await self._exchange(packed, replies)
        except TimeoutError as error:
            raise Unavailable(f"Redis {self.name} did not answer within {time_limit:g} s.") from error
        except (AuthenticationError, NoPermissionError) as error:
            raise Unavailable(f"Redis {self.name} refuses our login: {error}.", "Check the URL's user.") from error
        except (OSError, RedisError) as error:
            raise Unavailable(f"Redis {self.name} cannot be reached: {_reason(error)}.") from error

    async def script(self, script: Script, keys: Sequence[bytes], arguments: Iterable[bytes | str | int]) -> Any:
        """Run one of our scripts by its digest; load it where Redis has not seen it or has forgotten it."""
        rest = (len(keys), *keys, *arguments)
        try:
            return await self.ask("EVALSHA", script.sha, *rest)
        except NoScriptError:
            return await self.ask("EVAL", script.source, *rest)

    async def _exchange(self, packed: bytes, replies: int) -> list[Any]:
        connection: AbstractConnection = await self._pool.get_connection()  # type: ignore[no-untyped-call] # redis-py's
        whole = False
        try:
            await connection.send_packed_command([packed])
            answer = [await _reply(connection) for _ in range(replies)]
            whole = True
        finally:
            # Cut off half-way, the connection still carries replies that belong to nobody.
            if not whole:
                await connection.disconnect(nowait=True)
            await self._pool.release(connection)
        return answer

    async def close(self) -> None:
        """End every connection."""
        await self._pool.aclose()


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response(disable_decoding=True)
    except ResponseError as refusal:
        return refusal


def _options(url: str) -> dict[str, Any]:
    return {
        **parse_url(url),
        "protocol": 2,
        "socket_timeout": None,  # one time limit lies around the whole batch; one a reply costs half the speed
        "socket_connect_timeout": 2.0,
        "socket_keepalive": True,
        "client_name": "tickbird",
        "maint_notifications_config": None,
    }


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
