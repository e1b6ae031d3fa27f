"""A Redis Cluster behind the face of a single server: each command goes to the master that holds its keys.

A batch is one exchange with each master that it concerns, all at the same time. Where a slot has moved, the command
follows it; the map of slots is read anew then, after a node could not be reached, and now and then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError, ResponseError, TryAgainError
from redis.exceptions import ConnectionError as Disconnected

from core.cluster.commands import Command, Gone, Part, apart, commands_in, past
from core.cluster.presence import Presence
from core.cluster.slots import slot
from core.cluster.topology import Address, Topology
from core.node import Node, pack

# A slot that moves is followed so often before its error is handed on.
REDIRECTS = 5
# While a slot is between two masters, or a master between life and death (seconds).
REST = 0.05
# How long one master may keep silent while the others have answered, and one node that is asked who holds what.
SILENCE, PATIENCE = 3.0, 1.0
# A master that was added is learned of this soon, also by one whom no command led there; a gap that was closed, sooner.
LOOK_AGAIN, LOOK_AGAIN_AT_GAPS = 30.0, 1.0
_PASSING = (MovedError, AskError, ClusterDownError, TryAgainError)
_SLOTS = pack(b"CLUSTER", b"SLOTS")
_ASKING = pack(b"ASKING")


@dataclass(slots=True)
class _Sent:
    """A part under way: where it goes, whether it has to ask leave there, and what came of it. `slot` is None for one
    that goes to a master for its own sake."""

    command: Command
    slot: int | None
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
        self._last: Topology | None = None
        self._told_by = address
        self._looked = 0.0
        # Nodes that did not tell the last time: each would cost who asks its patience again.
        self._silent: set[Address] = set()
        self._presence = Presence()
        self._reading = asyncio.Lock()

    async def exchange(self, packed: bytes) -> list[Any]:
        """The raw replies to packed commands, in order. Raises what the network raises; who asks all masters is told
        of those that answer."""
        topology = await self._known()
        asked = [apart(command, topology) for command in commands_in(packed)]
        sent = [_Sent(part.command, part.slot, _place(part, topology)) for parts, _ in asked for part in parts]
        await self._send_until_settled(sent)
        self._check(sent)
        answers = iter(sent)
        return [join([next(answers).answer for _ in parts]) for parts, join in asked]

    async def exchange_with_each(self, packed: bytes, replies: int) -> list[tuple[str, list[Any]]]:
        """The raw replies of every master that answers to the same commands, with its address. Raises what the
        network raises where none does."""
        masters = (await self._known()).masters
        answers = await asyncio.gather(*(self._ask(address, packed, replies) for address in masters))
        there = [(at, answer) for at, answer in zip(masters, answers, strict=True) if not isinstance(answer, Gone)]
        if len(there) < len(masters):
            self._topology = None
        if not there:
            raise next(answer.error for answer in answers if isinstance(answer, Gone))
        return [(f"{host}:{port}", answer) for (host, port), answer in there]

    async def exchange_at(self, key: bytes, packed: bytes, replies: int) -> list[Any]:
        """The raw replies of the master that holds the key, to commands that stay together."""
        owner = (await self._known()).owner(slot(key))
        if owner is None:
            raise ClusterDownError("no master holds this slot")
        answers = await self._ask(owner, packed, replies)
        if isinstance(answers, Gone):
            raise answers.error
        return answers

    def place(self, key: bytes) -> str:
        """The address of the master that holds the key, as far as is known; empty where it is not."""
        owner = self._last.owner(slot(key)) if self._last else None
        return f"{owner[0]}:{owner[1]}" if owner else ""

    def reaches(self, key: bytes) -> bool:
        """Whether it is worth asking for this key now: not while its master is known to be away."""
        if self._last is None:
            return True
        owner = self._last.owner(slot(key))
        return owner is not None and self._presence.absence(owner) is None

    @property
    def is_whole(self) -> bool:
        """Whether it is worth asking for any key at all."""
        masters = self._last.masters if self._last else ()
        return not (self._last and self._last.gaps) and not any(map(self._presence.absence, masters))

    @property
    def away(self) -> tuple[str, ...]:
        """Each part that is away, in words."""
        return self._presence.told(self._last) if self._last else ()

    def past(self, cursor: bytes) -> bytes | None:
        """The cursor of a walk that leaves out the rest of the master where it stands; None where none is known."""
        return past(cursor, len(self._last.masters)) if self._last and self._last.masters else None

    async def close(self) -> None:
        """End every connection but the seed's."""
        for node in list(self._nodes.values()):
            await node.close()

    def _check(self, sent: Sequence[_Sent]) -> None:
        """Raise what stands against an answer for a key, or against that of every master."""
        gone = [each for each in sent if isinstance(each.answer, Gone)]
        if gone:
            self._topology = None
        keyed = [each for each in gone if each.slot is not None]
        if keyed or (gone and len(gone) == len(sent)):
            raise (keyed or gone)[0].answer.error

    async def _send_until_settled(self, sent: Sequence[_Sent]) -> None:
        left = list(sent)
        for attempt in range(REDIRECTS):
            await self._send(left)
            left = [each for each in left if isinstance(each.answer, _PASSING)]
            if not left:
                return
            self._topology = None
            for each in left:
                _redirect(each)
            if attempt:
                await asyncio.sleep(REST)
        for each in left:
            if isinstance(each.answer, ClusterDownError):
                self._serves_nobody(each, each.answer)

    def _serves_nobody(self, sent: _Sent, error: ClusterDownError) -> None:
        """The master is there, and refuses us; but where nobody holds the slot, any of them does so."""
        sent.answer = Gone(error)
        if self._last and sent.slot is not None and self._last.owner(sent.slot) == sent.to:
            self._presence.failed(sent.to, error, 0.0)

    async def _send(self, sent: Sequence[_Sent]) -> None:
        by_node: dict[Address, list[_Sent]] = {}
        for each in sent:
            by_node.setdefault(each.to, []).append(each)
        await asyncio.gather(*(self._send_to(address, group) for address, group in by_node.items()))

    async def _send_to(self, address: Address, group: Sequence[_Sent]) -> None:
        packed = b"".join((_ASKING if s.asking else b"") + pack(*s.command) for s in group)
        answers = await self._ask(address, packed, len(group) + sum(each.asking for each in group))
        replies = iter(answers if isinstance(answers, list) else ())
        for each in group:
            if each.asking:
                next(replies, None)
            each.answer = next(replies, answers)

    async def _ask(self, address: Address, packed: bytes, replies: int) -> list[Any] | Gone:
        """The replies of one master. Nobody waits for one that has just kept others waiting in vain; to wait for a
        free connection of ours says nothing about it."""
        node = self._node(address)
        if known := self._presence.absence(address):
            return Gone(known)
        async with node.turn:
            # Those that went before may have waited in vain meanwhile.
            if known := self._presence.absence(address):
                return Gone(known)
            return await self._ask_now(node, address, packed, replies)

    async def _ask_now(self, node: Node, address: Address, packed: bytes, replies: int) -> list[Any] | Gone:
        started = time.monotonic()
        try:
            async with asyncio.timeout(SILENCE):
                answers = await node.exchange(packed, replies)
        except (OSError, RedisError) as error:
            silent = Disconnected(f"no answer from {address[0]}:{address[1]} within {SILENCE:g} s")
            said = silent if isinstance(error, TimeoutError) else error
            self._presence.failed(address, said, time.monotonic() - started)
            return Gone(said)
        self._presence.answered(address)
        return answers

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            host, port = address
            self._nodes[address] = Node({**self._options, "host": host, "port": port}, self._patience)
        return self._nodes[address]

    async def _known(self) -> Topology:
        async with self._reading:
            if self._topology is None or time.monotonic() - self._looked > _lasts(self._topology):
                self._topology = self._last = await self._read()
                self._looked = time.monotonic()
                self._presence.known(self._topology)
                await self._forget(self._topology)
            return self._topology

    async def _read(self) -> Topology:
        """From whichever node tells: the one that told the last time first, those that kept silent last."""
        trouble: Exception | None = None
        for address, node in self._asked():
            try:
                async with asyncio.timeout(PATIENCE):
                    (reply,) = await node.exchange(_SLOTS, 1)
            except (OSError, RedisError) as error:
                trouble = trouble or error
                self._silent.add(address)
                continue
            self._silent.discard(address)
            if isinstance(reply, ResponseError):
                trouble = reply
            elif reply:
                self._told_by = address
                return Topology.read(reply, address)
        raise trouble or ClusterDownError("no node of the cluster knows which node holds which slots")

    def _asked(self) -> list[tuple[Address, Node]]:
        others = (*self._last.masters, *self._last.replicas) if self._last else ()
        places = [(self._address, self._seed), *((at, self._node(at)) for at in others if at != self._address)]
        self._silent &= {at for at, _ in places}
        late = self._silent | self._presence.absences.keys()
        return sorted(places, key=lambda place: (place[0] in late, place[0] != self._told_by))

    async def _forget(self, topology: Topology) -> None:
        for address in self._nodes.keys() - {*topology.masters, *topology.replicas}:
            await self._nodes.pop(address).close()


def _lasts(topology: Topology) -> float:
    return LOOK_AGAIN_AT_GAPS if topology.gaps else LOOK_AGAIN


def _place(part: Part, topology: Topology) -> Address:
    """Where nobody holds the slot, any master says so itself."""
    owner = topology.owner(part.slot) if part.slot is not None else None
    return owner or topology.masters[part.master or 0]


def _redirect(sent: _Sent) -> None:
    """A node that does not know its own host leaves it out: it is the one that was asked."""
    # To redis-py a slot that has moved is also one that is moving; but nobody asks leave of its owner.
    sent.asking = isinstance(sent.answer, AskError) and not isinstance(sent.answer, MovedError)
    if isinstance(sent.answer, AskError):
        host, port = sent.answer.node_addr
        sent.to = (host or sent.to[0], port)
