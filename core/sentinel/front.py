"""A master that sentinels watch over, behind the face of a single server: whoever is the master now is asked.

Sentinels are asked again every few seconds, and at once when the server is away or says that it is a replica now.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, cast

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from core.node import Node, pack
from core.sentinel.url import Address, Named
from core.text import text

# How often it is looked whether the master is still the same, and how long one sentinel may take (seconds).
LOOK_AGAIN = 5.0
PATIENCE = 1.0
_UNFIT = ("s_down", "o_down", "disconnected", "master_down")


class Sentinels:
    """`named` says whom to ask for whom; `wants_replica`: a replica that is well is asked instead, if there is one."""

    def __init__(self, named: Named, options: Mapping[str, Any], patience: float, *, wants_replica: bool) -> None:
        self._named = named
        self._options = {**options, **named.options}
        self._patience = patience
        self._wants_replica = wants_replica
        self._asked = [Node(_asking(options, named, place), PATIENCE) for place in named.sentinels]
        self._node: Node | None = None
        self._at: Address | None = None
        self._looked = 0.0
        self._looking = asyncio.Lock()

    async def exchange(self, packed: bytes, replies: int) -> list[Any]:
        """As a node's. What a replica refuses has not happened, so it may be asked again of the master."""
        node = await self._current()
        try:
            answers = await node.exchange(packed, replies)
        except (OSError, RedisError):
            self._looked = 0.0
            raise
        if any(isinstance(answer, ReadOnlyError) for answer in answers):
            self._looked = 0.0
        return answers

    async def connection(self) -> AbstractConnection:
        """A connection of its own to the present server."""
        return await (await self._current()).connection()

    async def close(self) -> None:
        """End every connection."""
        for node in (*self._asked, *([self._node] if self._node else [])):
            await node.close()

    async def _current(self) -> Node:
        async with self._looking:
            if self._node is None or time.monotonic() - self._looked > LOOK_AGAIN:
                await self._look()
            return cast(Node, self._node)

    async def _look(self) -> None:
        """Find out who it is now. While no sentinel answers, the last one known goes on."""
        try:
            at = await self._told()
        except (OSError, RedisError):
            if self._node is None:
                raise
            return
        if at != self._at or self._node is None:
            former, self._node = self._node, Node({**self._options, "host": at[0], "port": at[1]}, self._patience)
            self._at = at
            if former:
                await former.close()
        if not self._wants_replica:
            await self._check_role()
        self._looked = time.monotonic()

    async def _check_role(self) -> None:
        """A sentinel that was cut off may name a server that is the master no more."""
        (role,) = await cast(Node, self._node).exchange(pack(b"ROLE"), 1)
        if isinstance(role, list) and role[0] != b"master":
            raise Disconnected(f"{self._named.name} is failing over")

    async def _told(self) -> Address:
        trouble: Exception | None = None
        for at, node in enumerate(self._asked):
            try:
                async with asyncio.timeout(PATIENCE):
                    found = await self._ask(node)
            except (OSError, RedisError) as error:
                trouble = trouble or error
                continue
            # Who answered is asked first the next time.
            self._asked.insert(0, self._asked.pop(at))
            return found
        raise Disconnected(f"no sentinel knows {self._named.name}: {trouble or 'none answered'}")

    async def _ask(self, sentinel: Node) -> Address:
        name = self._named.name
        replicas = await sentinel.exchange(pack(b"SENTINEL", b"REPLICAS", name), 1) if self._wants_replica else [[]]
        if fit := sorted(at for each in _answered(replicas[0]) if (at := _fit(each))):
            return self._at if self._at in fit else fit[0]
        (master,) = await sentinel.exchange(pack(b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", name), 1)
        if not (found := _answered(master)):
            raise Disconnected(f"this sentinel knows no master called {name}")
        return text(found[0]), int(found[1])


def _answered(reply: Any) -> list[Any]:
    if isinstance(reply, ResponseError):
        raise reply
    return reply or []


def _fit(replica: list[bytes]) -> Address | None:
    """Where the replica is, if it follows its master."""
    said = {text(key): text(value) for key, value in zip(replica[::2], replica[1::2], strict=False)}
    unfit = any(flag in said.get("flags", "") for flag in _UNFIT) or said.get("master-link-status") != "ok"
    return None if unfit else (said["ip"], int(said["port"]))


def _asking(options: Mapping[str, Any], named: Named, place: Address) -> dict[str, Any]:
    kept = {key: value for key, value in options.items() if key not in ("db", "username", "password")}
    return {**kept, **named.asking, "host": place[0], "port": place[1], "socket_connect_timeout": PATIENCE}
