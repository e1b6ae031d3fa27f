"""One configured Redis, a server or a cluster, and the two ways in which everything here talks to it.

`read` sends prepared commands in one round trip and hands back their answers; `script` runs one of our Lua verbs.
Both have a time limit over the whole exchange and turn every failure of the network into `Unavailable`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from redis.asyncio.connection import AbstractConnection, parse_url
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    NoScriptError,
    RedisError,
    ResponseError,
)

from core.cluster.front import Cluster
from core.errors import Unavailable
from core.node import Node, pack
from core.redis_settings import RedisSettings
from core.redis_url import without_secrets
from core.script import Script

__all__ = ["TIME_LIMIT", "Instance", "pack"]

# A batch that takes longer than this is a Redis in trouble, not a slow one: pages must answer within a second.
TIME_LIMIT = 5.0


class Instance:
    """A Redis by the name that people gave it. Never shows its URL's secrets."""

    def __init__(self, settings: RedisSettings) -> None:
        self.name = settings.name
        self.prefixes = settings.prefixes
        self.dialects = settings.dialects
        self.address = without_secrets(settings.url)
        self.database = int(parse_url(settings.url).get("db", 0))
        self.commands_sent = 0
        options = _options(settings.url)
        self._node = Node(options, TIME_LIMIT)
        self._cluster = Cluster(self._node, (options.get("host", ""), options.get("port", 6379)), options, TIME_LIMIT)
        self._is_cluster: bool | None = None

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
        if self._is_cluster is None:
            self._is_cluster = await self._finds_a_cluster()
        if self._is_cluster:
            return await self._cluster.exchange(packed)
        return await self._node.exchange(packed, replies)

    async def _finds_a_cluster(self) -> bool:
        """Where INFO may not be asked, a cluster shows itself as nothing but a single server."""
        (reply,) = await self._node.exchange(pack(b"INFO", b"cluster"), 1)
        return isinstance(reply, bytes) and b"cluster_enabled:1" in reply

    def connection(self) -> AbstractConnection:
        """A connection of its own, for one who listens; who asked for it ends it. Any node of a cluster hears what is
        published on any other."""
        return self._node.connection()

    async def close(self) -> None:
        """End every connection."""
        await self._cluster.close()
        await self._node.close()


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
