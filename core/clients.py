"""Who is connected: the worker connections in `CLIENT LIST`, by the names that the libraries give them.

Source: redis-layout.md 2.2. A worker's blocking connection is called `<prefix>:<base64 of the queue>`, from
BullMQ 5.3 with `:w:<worker name>` behind it; the Elixir and .NET ports write the queue's name as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.model import Workers
from core.text import text

# The command on which a worker waits; a busy worker keeps it as its last command.
WAITING_COMMANDS = frozenset({b"bzpopmin", b"brpoplpush", b"blmove"})
_LINE = re.compile(rb"id=(\d+) .*?\bname=(\S*) .*?\bflags=(\S*) db=(\d+) .*?\bcmd=(\S*)")


@dataclass(frozen=True, slots=True)
class Connection:
    """One worker connection: the queue it serves, the worker's own name if any, and whether it is free."""

    prefix: bytes
    queue: bytes
    worker: str
    free: bool
    command: bytes
    scheduler: bool = False

    @property
    def base(self) -> bytes:
        return b"%s:%s:" % (self.prefix, self.queue)


def connections(client_list: bytes, database: int) -> tuple[Connection, ...]:
    """The worker and QueueScheduler connections of this database."""
    found = (_connection(match) for match in _LINE.finditer(client_list) if int(match[4]) == database)
    return tuple(connection for connection in found if connection is not None)


def _connection(line: re.Match[bytes]) -> Connection | None:
    name, flags, command = line[2], line[3], line[5]
    if b":" not in name or name.endswith(b":qe"):
        return None
    scheduler = name.endswith(b":qs")
    if not scheduler and command not in WAITING_COMMANDS:
        return None
    where, _, worker = name.removesuffix(b":qs").partition(b":w:")
    prefix, _, queue = where.rpartition(b":")
    return Connection(prefix, _queue_name(queue), text(worker), b"b" in flags, command, scheduler)


def _queue_name(encoded: bytes) -> bytes:
    try:
        decoded = base64.b64decode(encoded, validate=True)
        plain = decoded.decode("utf-8")
    except (binascii.Error, ValueError):
        return encoded
    return decoded if plain.isprintable() and plain and base64.b64encode(decoded) == encoded else encoded


def workers_by_queue(found: Iterable[Connection]) -> Mapping[bytes, Workers]:
    """Worker connections counted per base key."""
    grouped: dict[bytes, list[Connection]] = defaultdict(list)
    for connection in found:
        if not connection.scheduler:
            grouped[connection.base].append(connection)
    return {base: _counted(group) for base, group in grouped.items()}


def _counted(group: list[Connection]) -> Workers:
    names = sorted({connection.worker for connection in group if connection.worker})
    return Workers(len(group), sum(connection.free for connection in group), tuple(names))


def waiting_commands(found: Iterable[Connection]) -> Mapping[bytes, frozenset[bytes]]:
    """Per base key, the commands on which its workers wait: the best live evidence of a dialect."""
    commands: dict[bytes, set[bytes]] = defaultdict(set)
    for connection in found:
        commands[connection.base].add(b"qs" if connection.scheduler else connection.command)
    return {base: frozenset(group) for base, group in commands.items()}
