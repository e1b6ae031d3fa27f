"""One configured Redis, a server or a cluster, and the two ways in which everything here talks to it.

`read` sends prepared commands in one round trip and hands back their answers; `script` runs one of our Lua verbs.
Both have a time limit over the whole exchange and turn every failure of the network into `Unavailable`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from redis.asyncio.connection import AbstractConnection, parse_url
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    NoScriptError,
    RedisError,
    ResponseError,
)

from core.access.asker import asker
from core.cluster.front import Cluster
from core.cluster.slots import hash_tag
from core.errors import Unavailable
from core.model import QueueId
from core.node import Node, pack
from core.redaction.kin import Kin, Owner
from core.redaction.redaction import NOTHING_HIDDEN, Redaction, Rule, redaction
from core.redis_settings import REPLICA, RedisSettings
from core.redis_url import without_secrets
from core.script import Script
from core.sentinel.front import Sentinels
from core.sentinel.url import is_named, named

T = TypeVar("T")
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
        self.commands_sent = 0
        # Rules of redaction: at hand wherever something is read from here.
        self.hidden: tuple[Rule, ...] = ()
        self.owner: Owner = _nobody
        options = options_of(settings)
        self.database = int(options.get("db", 0))
        self._cluster: Cluster | None = None
        self._is_cluster: bool | None = None
        if is_named(settings.url):
            replica = settings.read_from == REPLICA
            self._node: Node | Sentinels = Sentinels(named(settings.url), options, TIME_LIMIT, wants_replica=replica)
            self._is_cluster = False
        else:
            self._node = seed = Node(options, TIME_LIMIT)
            self._cluster = Cluster(seed, (options.get("host", ""), options.get("port", 6379)), options, TIME_LIMIT)

    def redaction(self, id: QueueId) -> Redaction:
        """What must be taken out of the queue's payloads before who asks, or any search of theirs, sees them."""
        scope = asker().scope
        found = NOTHING_HIDDEN if scope.reveals else redaction(self.hidden, id)
        return found if scope.is_whole else replace(found, kin=Kin(scope.has, self.owner))

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
        return await self._in_time(self._exchange(packed, replies), time_limit)

    async def on_each_node(self, commands: Sequence[bytes]) -> list[tuple[str, list[Any]]]:
        """The raw replies of every server to the same commands: of the only one, or of each master of a cluster, with
        its address (empty for the only one)."""
        packed, replies = b"".join(commands), len(commands)
        answers = await self._in_time(self._exchange_with_each(packed, replies), TIME_LIMIT)
        self.commands_sent += replies * len(answers)
        return answers

    async def beside(self, key: bytes, commands: Sequence[bytes]) -> list[Any]:
        """The raw replies of the one server that holds this key, to commands that stay together in one piece."""
        self.commands_sent += len(commands)
        return await self._in_time(self._exchange_at(key, b"".join(commands), len(commands)), TIME_LIMIT)

    def place(self, key: bytes) -> str:
        """Which server of a cluster holds the key, as far as is known; empty for the only one."""
        return self._cluster.place(key) if self._cluster and self._is_cluster else ""

    def reaches(self, key: bytes) -> bool:
        """Whether it is worth asking for what begins with this now: not while its part of a cluster is known to be
        away. Without a hash tag that is any part."""
        if not self._cluster or not self._is_cluster:
            return True
        return self._cluster.reaches(key) if hash_tag(key) else self._cluster.is_whole

    def past(self, cursor: bytes) -> bytes | None:
        """Where a SCAN goes on that leaves the rest of one master of a cluster out; None where there is only one
        server."""
        return self._cluster.past(cursor) if self._cluster and self._is_cluster else None

    @property
    def away(self) -> str:
        """Which parts of a cluster are away while the rest answers, in a sentence; empty where there is none."""
        parts = self._cluster.away if self._cluster and self._is_cluster else ()
        return f"Part of this cluster is away: {'; '.join(parts)}." if parts else ""

    def is_broken(self, base: bytes) -> bool:
        """Whether this base cannot be a queue's: without a hash tag its keys lie in several slots of a cluster."""
        return bool(self._is_cluster) and not hash_tag(base)

    async def _in_time(self, exchange: Coroutine[Any, Any, T], time_limit: float) -> T:
        try:
            async with asyncio.timeout(time_limit):
                return await exchange
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
        if self._cluster and await self._spans_nodes():
            return await self._cluster.exchange(packed)
        return await self._node.exchange(packed, replies)

    async def _exchange_with_each(self, packed: bytes, replies: int) -> list[tuple[str, list[Any]]]:
        if self._cluster and await self._spans_nodes():
            return await self._cluster.exchange_with_each(packed, replies)
        return [("", await self._node.exchange(packed, replies))]

    async def _exchange_at(self, key: bytes, packed: bytes, replies: int) -> list[Any]:
        if self._cluster and await self._spans_nodes():
            return await self._cluster.exchange_at(key, packed, replies)
        return await self._node.exchange(packed, replies)

    async def _spans_nodes(self) -> bool:
        if self._is_cluster is None:
            self._is_cluster = await self._finds_a_cluster()
        return self._is_cluster

    async def _finds_a_cluster(self) -> bool:
        """Where INFO may not be asked, a single server still refuses to tell of slots, with or without the right to."""
        info, slots = await self._node.exchange(pack(b"INFO", b"cluster") + pack(b"CLUSTER", b"SLOTS"), 2)
        if isinstance(info, bytes) and b"cluster_enabled:" in info:
            return b"cluster_enabled:1" in info
        return isinstance(slots, list)

    async def connection(self) -> AbstractConnection:
        """A connection of its own, for one who listens; who asked for it ends it. Any node of a cluster hears what is
        published on any other."""
        return await self._node.connection()

    async def close(self) -> None:
        """End every connection."""
        if self._cluster:
            await self._cluster.close()
        await self._node.close()


def _nobody(_key: bytes) -> None:
    """Nothing is known of whose keys are whose."""


def options_of(settings: RedisSettings) -> dict[str, Any]:
    """What redis-py's connections to this Redis are made with."""
    url = "redis://" if is_named(settings.url) else settings.url
    options = {
        **parse_url(url),
        "protocol": 2,
        "socket_timeout": None,  # one time limit lies around the whole batch; one a reply costs half the speed
        "socket_connect_timeout": 2.0,
        "client_name": "tickbird",
        "driver_info": None,  # Redis before 7.2 knows no CLIENT SETINFO, and no ACL that names it
        "maint_notifications_config": None,
        **settings.tls.options,
    }
    if is_named(settings.url):
        return {**options, "socket_keepalive": True, "db": named(settings.url).options.get("db", 0)}
    return options if "path" in options else {**options, "socket_keepalive": True}


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
