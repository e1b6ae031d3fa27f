"""Why jobs failed, in short: name, reason and the beginning of the last stack, a hundred jobs a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError

from core.failures.fingerprint import Fingerprint, fingerprint
from core.instance import Instance, pack
from core.redaction.fields import cleaned
from core.redaction.redaction import NOTHING_HIDDEN, Redaction
from core.script import Script
from core.text import raw_bytes, text

# Bytes of a reason and of a stack: the message and the first frames.
HEAD = 800
# Jobs a script: about a millisecond.
AT_ONCE = 100
# The script reads no field that is longer than this, and neither does who reads without it.
LARGEST = 65536
# Bytes of whole fields that one answer carries.
MOST_BYTES = 2_000_000
FIELDS = (b"name", b"failedReason", b"stacktrace")


@cache
def _script() -> Script:
    return Script("failures/heads", Path(__file__).with_name("heads.lua").read_bytes())


@dataclass(slots=True)
class HeadReader:
    """Reads failures of the queue with this base. What the redaction hides is in no fingerprint. `unscripted`: Redis
    does not let us run scripts, so whole stacks are shipped, which takes longer."""

    instance: Instance
    base: bytes
    redaction: Redaction = NOTHING_HIDDEN
    unscripted: bool = False

    async def read(self, ids: Sequence[bytes]) -> list[Fingerprint]:
        """One for each id, in order. Raises Unavailable."""
        found: list[Fingerprint] = []
        for first in range(0, len(ids), AT_ONCE):
            found += fingerprints(await self.heads(ids[first : first + AT_ONCE]))
        return found

    async def heads(self, ids: Sequence[bytes]) -> list[tuple[bytes, bytes, bytes]]:
        """Name, reason and last stack of each of up to `AT_ONCE` jobs, each cut and empty where there is none."""
        # A secret that is cut in two would not be known for one: hide first, then cut.
        if self.unscripted or self.redaction.hides:
            return await self._whole(ids)
        try:
            heads: list[tuple[bytes, bytes, bytes]] = await self.instance.script(_script(), [self.base], [HEAD, *ids])
        except ResponseError:
            self.unscripted = True
            return await self._whole(ids)
        return heads

    async def _whole(self, ids: Sequence[bytes]) -> list[tuple[bytes, bytes, bytes]]:
        asked = [pack(b"HSTRLEN", self.base + id, name) for id in ids for name in FIELDS]
        lengths = iter(await self.instance.read(asked))
        sizes = [[size if isinstance(size := next(lengths), int) else 0 for _ in FIELDS] for _ in ids]
        heads: list[tuple[bytes, bytes, bytes]] = []
        for piece in _pieces(ids, sizes):
            replies = await self.instance.read([pack(b"HMGET", self.base + id, *names) for id, names in piece])
            heads += [self._head(names, reply) for (_, names), reply in zip(piece, replies, strict=True)]
        return heads

    def _head(self, names: Sequence[bytes], reply: Sequence[Any] | None) -> tuple[bytes, bytes, bytes]:
        known = {name: value for name, value in zip(names, reply or (), strict=False) if isinstance(value, bytes)}
        reason, stacks = (cleaned(self.redaction, name, known[name]) if name in known else b"" for name in FIELDS[1:])
        return known.get(b"name", b"")[:HEAD], reason[:HEAD], last_stack(stacks)[:HEAD]


def fingerprints(heads: Sequence[tuple[bytes, bytes, bytes]]) -> list[Fingerprint]:
    """Of each head."""
    return [fingerprint(text(name), text(reason), _unescaped(text(stack))) for name, reason, stack in heads]


def fingerprint_of(name: str, reason: str, stacktrace: str) -> Fingerprint:
    """The same from the fields as they stand in Redis, for a job that was read whole."""
    cut_name, cut_reason, stack = (_head(field) for field in (name, reason, text(last_stack(raw_bytes(stacktrace)))))
    return fingerprint(cut_name, cut_reason, _unescaped(stack))


def last_stack(stacktrace: bytes) -> bytes:
    """The last text of a JSON array of them, as it stands there, up to its end; nothing of one that is too large."""
    if len(stacktrace) > LARGEST:
        return b""
    for between in (b'","', b'", "'):
        if between in stacktrace:
            return stacktrace[stacktrace.rindex(between) + len(between) :]
    return stacktrace[2:]


def _pieces(ids: Sequence[bytes], sizes: Sequence[Sequence[int]]) -> Iterator[list[tuple[bytes, list[bytes]]]]:
    """The fields to read of each job, in answers of bounded size."""
    piece: list[tuple[bytes, list[bytes]]] = []
    room = MOST_BYTES
    for id, lengths in zip(ids, sizes, strict=True):
        short = [name for name, size in zip(FIELDS, lengths, strict=True) if size <= LARGEST]
        room -= sum(size for size in lengths if size <= LARGEST)
        if piece and room < 0:
            yield piece
            piece, room = [], MOST_BYTES
        piece.append((id, short or [b""]))
    if piece:
        yield piece


def _head(field: str) -> str:
    """The first bytes of a field, as the script cuts it: nothing of one that is too large."""
    raw = raw_bytes(field)
    return "" if len(raw) > LARGEST else text(raw[:HEAD])


def _unescaped(raw: str) -> str:
    r"""A piece of a JSON text, cut anywhere: only what stands in stacks is turned back, `\n` above all."""
    return raw.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
