"""Who is connected: the worker connections in `CLIENT LIST`, by the names that the libraries give them.

Source: docs/redis-layout.md 2.2. A worker's blocking connection is called `<prefix>:<base64 of the queue>`, from
BullMQ 5.3 with `:w:<worker name>` behind it; the Elixir and .NET ports write the queue's name as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.model import Workers
from core.text import text

# The command on which a worker waits; a busy worker keeps it as its last command.
WAITING_COMMANDS = frozenset({b"bzpopmin", b"brpoplpush", b"blmove"})
# The last command of one that has not waited yet: a worker of BullMQ that found a backlog when it started.
_FIRST_COMMANDS = frozenset({b"client|setname", b"client|setinfo", b"client", b"info", b"hello", b"select", b"ping"})
_LINE = re.compile(rb"id=(\d+) .*?\bname=(\S*) .*?\bflags=(\S*) .*?\bdb=(\d+) .*?\bcmd=(\S*)")
_FURTHER = re.compile(rb"(?<= )(addr|age|idle|lib-name|lib-ver)=(\S*)")
_WORKER = re.compile(rb"(?=:w:)")


@dataclass(frozen=True, slots=True)
class Connection:
    """One worker connection: the queue it serves, the worker's own name if any, and whether it is free.

    One that has never `waited` is a worker of BullMQ, or any connection of Bull 3, which names them all. `id` and
    `address` together are nobody else's; `age` and `idle` are milliseconds, in steps of a second.
    """

    prefix: bytes
    queue: bytes
    worker: str
    free: bool
    command: bytes
    scheduler: bool = False
    id: int = 0
    address: str = ""
    age: int | None = None
    idle: int | None = None
    library: str = ""

    @property
    def waited(self) -> bool:
        return self.command in WAITING_COMMANDS

    @property
    def base(self) -> bytes:
        return b"%s:%s:" % (self.prefix, self.queue)


def connections(client_list: bytes, database: int) -> tuple[Connection, ...]:
    """The worker and QueueScheduler connections of this database."""
    found = (_connection(match) for match in _LINE.finditer(client_list) if int(match[4]) == database)
    return tuple(connection for connection in found if connection is not None)


def nameless(client_list: bytes, database: int) -> int:
    """How many connections wait for jobs as a worker does, and do not say for which queue."""
    lines = (line for line in _LINE.finditer(client_list) if int(line[4]) == database)
    return sum(line[5] in WAITING_COMMANDS and b":" not in line[2] for line in lines)


def _connection(line: re.Match[bytes]) -> Connection | None:
    name, flags, command = line[2], line[3], line[5]
    scheduler = name.endswith(b":qs") and command not in WAITING_COMMANDS
    works = command in WAITING_COMMANDS or (command in _FIRST_COMMANDS and not name.endswith(b":qe"))
    if b":" not in name or not (works or scheduler):
        return None
    where, worker = _worker_apart(name.removesuffix(b":qs") if scheduler else name)
    prefix, _, queue = where.rpartition(b":")
    known = Connection(prefix, _decoded(queue) or queue, text(worker), b"b" in flags, command, scheduler)
    return replace(known, id=int(line[1]), **_further(line))


def _further(line: re.Match[bytes]) -> dict[str, Any]:
    """What else the line tells, in whatever order; servers before 7.2 know no libraries."""
    end = line.string.find(b"\n", line.end())
    said = dict(_FURTHER.findall(line.string[line.start() : end if end >= 0 else len(line.string)]))
    library = b" ".join(part for part in (said.get(b"lib-name"), said.get(b"lib-ver")) if part)
    return {
        "address": text(said.get(b"addr", b"")),
        "age": _milliseconds(said.get(b"age")),
        "idle": _milliseconds(said.get(b"idle")),
        "library": text(library),
    }


def _milliseconds(seconds: bytes | None) -> int | None:
    return int(seconds) * 1000 if seconds is not None and seconds.isdigit() else None


def _worker_apart(name: bytes) -> tuple[bytes, bytes]:
    """What stands before the worker's own name, and that name. A prefix may hold `:w:` too, so the queue decides."""
    for mark in _WORKER.finditer(name):
        prefix, _, queue = name[: mark.start()].rpartition(b":")
        if prefix and _decoded(queue):
            return name[: mark.start()], name[mark.start() + 3 :]
    if _decoded(name.rpartition(b":")[2]):
        return name, b""
    where, _, worker = name.partition(b":w:")
    return where, worker


def _decoded(queue: bytes) -> bytes | None:
    """The queue's name, where this is its base64; None where a port wrote the name as it is."""
    try:
        decoded = base64.b64decode(queue, validate=True)
        plain = decoded.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    # A short plain name may happen to be base64, but then of bytes that nobody would call a queue.
    sensible = plain and not any(unicodedata.category(character) == "Cc" for character in plain)
    return decoded if sensible and base64.b64encode(decoded) == queue else None


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
        said = {b"qs"} if connection.scheduler else {connection.command} & WAITING_COMMANDS
        commands[connection.base] |= said
    return {base: frozenset(group) for base, group in commands.items()}
