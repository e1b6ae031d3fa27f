"""What a command means on a cluster: which keys it names, and how one for all masters, or for keys of several slots, is
taken apart and its answers put together. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import hiredis

from core.clients import connections
from core.cluster.slots import hash_tag, slot
from core.cluster.topology import Address, Topology

Command = list[bytes]
# Figures of INFO that mean the whole cluster once they are added up.
_SUMMED = frozenset(
    (b"used_memory", b"maxmemory", b"connected_clients", b"evicted_keys", b"rejected_connections", b"blocked_clients")
)
_SUBCOMMANDS = frozenset((b"MEMORY", b"XINFO", b"OBJECT"))
_NO_KEY = frozenset((b"PING", b"TIME", b"CLIENT", b"PUBSUB", b"INFO", b"DBSIZE", b"SCAN", b"CONFIG", b"SCRIPT", b"ACL"))


@dataclass(frozen=True, slots=True)
class Part:
    """A command for one place: the owner of `slot`, the master with this number, or, with neither, any."""

    command: Command
    slot: int | None = None
    master: int | None = None


Join = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class Gone:
    """In place of a master's answer: it could not be asked, because of `error`."""

    error: Exception


def commands_in(packed: bytes) -> list[Command]:
    """The commands that were packed one behind the other."""
    reader = hiredis.Reader(notEnoughData=None)
    reader.feed(packed)
    found = []
    while (command := reader.gets()) is not None:
        found.append(command)
    return found


def apart(command: Command, topology: Topology) -> tuple[list[Part], Join]:
    """The parts of a command, and what makes one answer of theirs."""
    name, masters = command[0].upper(), len(topology.masters)
    if name == b"SCAN":
        return _scan(command, masters)
    if name in _EVERYWHERE or [word.upper() for word in command[:2]] == [b"CLIENT", b"LIST"]:
        parts = [Part(command, master=number) for number in range(masters)]
        return parts, _EVERYWHERE.get(name) or _clients(topology)
    if name in (b"EXISTS", b"UNLINK", b"DEL") and len(command) > 2:
        return _by_slot(command[1:], lambda keys: [name, *keys]), _sum
    if name == b"XREAD":
        return _streams(command)
    key = _key(name, command)
    return [Part(command, slot=None if key is None else slot(key))], _only


def _key(name: bytes, command: Command) -> bytes | None:
    if name in (b"EVAL", b"EVALSHA"):
        return command[3] if command[2] != b"0" else None
    if name in _NO_KEY:
        return None
    at = 2 if name in _SUBCOMMANDS else 1
    return command[at] if len(command) > at else None


def _scan(command: Command, masters: int) -> tuple[list[Part], Join]:
    """One master after the other; the cursor carries which: `<its own>@<number>`. One that is away is an error: who can
    do without it goes past it."""
    own, master = _cursor(command[1], masters)

    def join(answers: Sequence[Any]) -> Any:
        (answer,) = answers
        if isinstance(answer, Gone):
            raise answer.error
        if isinstance(answer, Exception):
            return answer
        cursor, keys = answer
        return [past(command[1], masters) if cursor == b"0" else b"%s@%d" % (cursor, master), keys]

    return [Part([command[0], own, *command[2:]], master=master)], join


def past(cursor: bytes, masters: int) -> bytes:
    """Where a walk goes on that leaves the rest of this master out: at the next one, or at its end."""
    _, master = _cursor(cursor, masters)
    return b"0@%d" % (master + 1) if master + 1 < masters else b"0"


def _cursor(cursor: bytes, masters: int) -> tuple[bytes, int]:
    own, _, number = cursor.partition(b"@")
    return own, min(int(number or 0), masters - 1)


def _streams(command: Command) -> tuple[list[Part], Join]:
    at = next(place for place, word in enumerate(command) if word.upper() == b"STREAMS") + 1
    half = (len(command) - at) // 2
    ids = dict(zip(command[at : at + half], command[at + half :], strict=True))
    return _by_slot(list(ids), lambda keys: [*command[:at], *keys, *(ids[key] for key in keys)]), _some


def _by_slot(keys: Sequence[bytes], command: Callable[[Sequence[bytes]], Command]) -> list[Part]:
    slots: dict[int, list[bytes]] = {}
    for key in keys:
        slots.setdefault(slot(key), []).append(key)
    return [Part(command(group), slot=number) for number, group in slots.items()]


def _joined(join: Join) -> Join:
    """One that was refused speaks for all; one that is away is left out."""

    def joined(answers: Sequence[Any]) -> Any:
        told = [each for each in answers if not isinstance(each, Gone)]
        return next((each for each in told if isinstance(each, Exception)), None) or join(told)

    return joined


def _clients(topology: Topology) -> Join:
    """A worker is connected to every master, by the same name, and takes jobs from the one that holds its queue."""

    def belongs(line: bytes, master: Address) -> bool:
        bases = [each.base for each in connections(line, 0)]
        return not bases or not hash_tag(bases[0]) or topology.owner(slot(bases[0])) == master

    def join(answers: Sequence[tuple[Address, bytes]]) -> bytes:
        lines = [line for master, answer in answers for line in answer.splitlines() if belongs(line, master)]
        return b"\n".join(lines) + b"\n"

    def joined(answers: Sequence[Any]) -> Any:
        told = [each for each in zip(topology.masters, answers, strict=True) if not isinstance(each[1], Gone)]
        return next((answer for _, answer in told if isinstance(answer, Exception)), None) or join(told)

    return joined


def _info(answers: Sequence[bytes]) -> bytes:
    """The first master's, with the sums of all."""
    told = [dict(line.split(b":", 1) for line in answer.splitlines() if b":" in line) for answer in answers]
    lines = []
    for line in answers[0].splitlines():
        name = line.partition(b":")[0]
        total = sum(int(each.get(name, b"0")) for each in told) if name in _SUMMED else 0
        lines.append(b"%s:%d" % (name, total) if name in _SUMMED else line)
    return b"\r\n".join(lines)


_only: Join = lambda answers: answers[0]  # noqa: E731
_sum = _joined(sum)
_some = _joined(lambda answers: [stream for answer in answers for stream in answer or ()] or None)
_EVERYWHERE: dict[bytes, Join] = {
    b"PUBSUB": _joined(lambda answers: [channel for answer in answers for channel in answer]),
    b"DBSIZE": _sum,
    b"INFO": _joined(_info),
}
