"""Why jobs failed, in short: name, reason and the beginning of the last stack, a hundred jobs a script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from redis.exceptions import ResponseError

from core.failures.fingerprint import Fingerprint, fingerprint
from core.instance import Instance, pack
from core.script import Script
from core.text import raw_bytes, text

# Bytes of a reason and of a stack: the message and the first frames.
HEAD = 800
# Jobs a script: about half a millisecond.
AT_ONCE = 100
# Where scripts are not allowed, a reason of up to this many bytes is shipped.
LONGEST_REASON = 4096
# The script reads no field that is longer than this.
LARGEST = 65536


@cache
def _script() -> Script:
    return Script("failures/heads", Path(__file__).with_name("heads.lua").read_bytes())


async def read_fingerprints(instance: Instance, base: bytes, ids: Sequence[bytes]) -> list[Fingerprint]:
    """One for each id, in order. Without the stack's part where Redis does not let us run scripts."""
    found: list[Fingerprint] = []
    for first in range(0, len(ids), AT_ONCE):
        piece = ids[first : first + AT_ONCE]
        try:
            heads = await instance.script(_script(), [base], [HEAD, *piece])
        except ResponseError:
            heads = await _without_scripts(instance, base, piece)
        found += [fingerprint(text(name), text(reason), _unescaped(text(stack))) for name, reason, stack in heads]
    return found


async def _without_scripts(instance: Instance, base: bytes, ids: Sequence[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    lengths = await instance.read([pack(b"HSTRLEN", base + id, b"failedReason") for id in ids])
    fields = [(b"name", b"failedReason") if (size or 0) <= LONGEST_REASON else (b"name", b"name") for size in lengths]
    replies = await instance.read([pack(b"HMGET", base + id, *names) for id, names in zip(ids, fields, strict=True)])
    return [
        (name or b"", (reason or b"") if names[1] == b"failedReason" else b"", b"")
        for (name, reason), names in zip((reply or (None, None) for reply in replies), fields, strict=True)
    ]


def fingerprint_of(name: str, reason: str, stacktrace: str) -> Fingerprint:
    """The same from the fields as they stand in Redis, for a job that was read whole."""
    fields = (_head(field, HEAD) for field in (name, reason, _last_stack(stacktrace)))
    cut_name, cut_reason, stack = fields
    return fingerprint(cut_name, cut_reason, _unescaped(stack))


def _last_stack(stacktrace: str) -> str:
    if len(raw_bytes(stacktrace)) > LARGEST:
        return ""
    for between in ('","', '", "'):
        if between in stacktrace:
            return stacktrace[stacktrace.rindex(between) + len(between) :]
    return stacktrace[2:]


def _head(field: str, most: int) -> str:
    """The first bytes of a field, as the script cuts it: nothing of one that is too large."""
    raw = raw_bytes(field)
    return "" if len(raw) > LARGEST else text(raw[:most])


def _unescaped(raw: str) -> str:
    r"""A piece of a JSON text, cut anywhere: only what stands in stacks is turned back, `\n` above all."""
    return raw.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
