"""Which keys, of those that begin as a queue's do, are that queue's: all its library writes, and no other queue's.

A queue `mail` and a Bull queue `mail:archive` share their beginning, so nothing goes by its beginning alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.dialects.signals import Signals, read_signals
from core.instance import Instance, pack

_STATES = b"wait paused active delayed priority prioritized waiting-children completed failed stalled repeat".split()
_ELSE = b"id pc meta meta-paused events delay marker stalled-check limiter limiter:index wait:added".split()
_METRICS = b"metrics:completed metrics:completed:data metrics:failed metrics:failed:data".split()
# Every key of a queue that has one name for all queues.
FIXED = (*_STATES, *_ELSE, *_METRICS)
# Names that go on with something of a job's or of a scheduler's, and what lies there.
_FAMILIES = {b"de": {b"string"}, b"dn": {b"hash"}, b"limiter": {b"set", b"string"}, b"repeat": {b"hash"}}
_SUBKEYS = {
    b"lock": b"string",
    b"logs": b"list",
    b"dependencies": b"set",
    b"processed": b"hash",
    b"failed": b"hash",
    b"unsuccessful": b"zset",
}
_SIGNS = (b"id", b"meta", b"meta-paused", b"events", b"wait", b"completed", b"failed", b"delayed")
_GLOB = re.compile(rb"([\\*?\[\]])")


def beginning(base: bytes) -> bytes:
    """The SCAN pattern for all that begins like this."""
    return _GLOB.sub(rb"\\\1", base) + b"*"


@dataclass(slots=True)
class Leftovers:
    """Judges the keys behind one queue's base. Remembers which longer bases are other queues'."""

    instance: Instance
    base: bytes
    _others: dict[bytes, bool] = field(default_factory=dict)

    async def sort(self, suffixes: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Those that are this queue's, and how many of the others are nobody's that we know."""
        loose = [suffix for suffix in suffixes if suffix not in FIXED]
        await self._learn({base for suffix in loose for base in _bases_within(suffix)})
        alone = [suffix for suffix in loose if not any(self._others[base] for base in _bases_within(suffix))]
        mine = await self._mine(alone)
        return mine, len(alone) - len(mine)

    async def _learn(self, bases: Iterable[bytes]) -> None:
        """Find out which of these, behind our base, are bases of other queues."""
        unknown = [base for base in bases if base not in self._others]
        found = await self.instance.read([pack(b"EXISTS", *(self.base + b + sign for sign in _SIGNS)) for b in unknown])
        self._others |= dict.fromkeys(unknown, False)
        suspect = [base for base, signs in zip(unknown, found, strict=True) if signs]
        for base, signals in zip(suspect, await self._signals(suspect), strict=True):
            # Of our own names some may look like a counter; elsewhere a counter is enough to leave all of it alone.
            self._others[base] = signals.is_queue or (signals.counts_up and base[:-1] not in _FAMILIES)

    async def _signals(self, bases: Sequence[bytes]) -> list[Signals]:
        return await read_signals(self.instance, [self.base + base for base in bases]) if bases else []

    async def _mine(self, suffixes: Sequence[bytes]) -> list[bytes]:
        commands = [
            packed
            for suffix in suffixes
            for packed in (
                pack(b"TYPE", self.base + suffix),
                pack(b"HMGET", self.base + suffix, b"opts", b"data", b"timestamp"),
            )
        ]
        replies = await self.instance.read(commands)
        return [
            suffix
            for suffix, kind, job in zip(suffixes, replies[::2], replies[1::2], strict=True)
            if _is_named(suffix, kind) or (kind == b"hash" and any(value is not None for value in job or ()))
        ]


def _is_named(suffix: bytes, kind: bytes) -> bool:
    family, _, rest = suffix.partition(b":")
    if rest and kind in _FAMILIES.get(family, ()):
        return True
    job, _, subkey = suffix.rpartition(b":")
    return bool(job) and _SUBKEYS.get(subkey) == kind


def _bases_within(suffix: bytes) -> list[bytes]:
    """`a:b:c` may be `c` of a queue whose base ends with `a:b:`, or `b:c` of one with `a:`."""
    parts = suffix.split(b":")
    return [b":".join(parts[:count]) + b":" for count in range(1, len(parts))]
