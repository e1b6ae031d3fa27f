"""A Redis Cluster behind the face of a single server: each command goes to the master that holds its keys.

A batch is one exchange with each master that it concerns, all at the same time. Where a slot has moved, the command
follows it; the map of slots is read anew then, and after a node could not be reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError, ResponseError, TryAgainError

from core.cluster.commands import Command, Part, apart, commands_in
from core.cluster.topology import Address, Topology
from core.node import Node, pack

# A slot that moves is followed so often before its error is handed on.
REDIRECTS = 5
# While a slot is between two masters, or a master between life and death (seconds).
REST = 0.05
_PASSING = (MovedError, AskError, ClusterDownError, TryAgainError)
_SLOTS = pack(b"CLUSTER", b"SLOTS")
_ASKING = pack(b"ASKING")


@dataclass(slots=True)
class _Sent:
    """A part under way: where it goes, whether it has to ask leave there, and what came of it."""

    command: Command
    to: Address
    asking: bool = False
    answer: Any = None


class Cluster:
    """`seed` is the node that was configured, at `address`; `options` are those of connections to the others."""

    def __init__(self, seed: Node, address: Address, options: Mapping[str, Any], patience: float) -> None:
        self._seed, self._address = seed, address
        self._options, self._patience = options, patience
        self._nodes: dict[Address, Node] = {}
        self._topology: Topology | None = None
        self._reading = asyncio.Lock()

    async def exchange(self, packed: bytes) -> list[Any]:
        """The raw replies to packed commands, in order. Raises what the network raises."""
        topology = await self._known()
        asked = [apart(command, topology) for command in commands_in(packed)]
        sent = [_Sent(part.command, _place(part, topology)) for parts, _ in asked for part in parts]
        try:
            await self._send_until_settled(sent)
        except (OSError, RedisError):
            self._topology = None
            raise
        answers = iter(sent)
        return [join([next(answers).answer for _ in parts]) for parts, join in asked]

    async def exchange_with_each(self, packed: bytes, replies: int) -> list[tuple[str, list[Any]]]:
        """The raw replies of every master to the same commands, with its address. Raises what the network raises."""
        masters = (await self._known()).masters
        answers = await asyncio.gather(*(self._node(address).exchange(packed, replies) for address in masters))
        return [(f"{host}:{port}", answer) for (host, port), answer in zip(masters, answers, strict=True)]

    async def close(self) -> None:
        """End every connection but the seed's."""
        for node in self._nodes.values():
            await node.close()

    async def _send_until_settled(self, sent: Sequence[_Sent]) -> None:
        left = list(sent)
        for attempt in range(REDIRECTS):
            await self._send(left)
            left = [each for each in left if isinstance(each.answer, _PASSING)]
            if not left:
                return
            self._topology = None
            for each in left:
                _redirect(each, self._address)
            if attempt:
                await asyncio.sleep(REST)

    async def _send(self, sent: Sequence[_Sent]) -> None:
        by_node: dict[Address, list[_Sent]] = {}
        for each in sent:
            by_node.setdefault(each.to, []).append(each)
        await asyncio.gather(*(self._send_to(address, group) for address, group in by_node.items()))

    async def _send_to(self, address: Address, group: Sequence[_Sent]) -> None:
        packed = b"".join((_ASKING if s.asking else b"") + pack(*s.command) for s in group)
        count = len(group) + sum(each.asking for each in group)
        replies = iter(await self._node(address).exchange(packed, count))
        for each in group:
            if each.asking:
                next(replies)
            each.answer = next(replies)

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            host, port = address
            self._nodes[address] = Node({**self._options, "host": host, "port": port}, self._patience)
        return self._nodes[address]

    async def _known(self) -> Topology:
        async with self._reading:
            if self._topology is None:
                self._topology = await self._read()
                await self._forget(self._topology.masters)
            return self._topology

    async def _read(self) -> Topology:
        """From whichever node answers, the configured one first."""
        trouble: Exception | None = None
        for address, node in ((self._address, self._seed), *tuple(self._nodes.items())):
            try:
                (reply,) = await node.exchange(_SLOTS, 1)
            except (OSError, RedisError) as error:
                trouble = trouble or error
                continue
            if isinstance(reply, ResponseError):
                raise reply
            if reply:
                return Topology.read(reply, address)
        raise trouble or ClusterDownError("no node of the cluster knows which node holds which slots")

    async def _forget(self, masters: Sequence[Address]) -> None:
        for address in self._nodes.keys() - set(masters):
            await self._nodes.pop(address).close()


def _place(part: Part, topology: Topology) -> Address:
    """Where nobody holds the slot, any master says so itself."""
    owner = topology.owner(part.slot) if part.slot is not None else None
    return owner or topology.masters[part.master or 0]


def _redirect(sent: _Sent, asked: Address) -> None:
    sent.asking = isinstance(sent.answer, AskError)
    if isinstance(sent.answer, (AskError, MovedError)):
        host, port = sent.answer.node_addr
        sent.to = (host or asked[0], port)
