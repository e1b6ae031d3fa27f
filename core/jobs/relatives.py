"""A job's family: the parent it reports to and the children it waits for, by their full keys.

A key is split at a known queue's base where there is one, else before its last colon; ids may hold colons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.access.asker import asker
from core.instance import Instance, pack
from core.job import Children, Relative
from core.model import QueueId
from core.text import json_or_none, raw_bytes, text

# Which queue a job's full key belongs to, and the job's id; None where no known queue's base begins it.
Resolve = Callable[[bytes], tuple[QueueId, str] | None]
LISTED = 20
# This many keys of children are read so that the same few are always shown: some 25 KB.
MOST_KEYS = 500
_FLAGS = {"fpof": "fails it", "rdof": "is dropped on failure", "idof": "is ignored on failure", "cpof": "lets it go on"}


def parent_of(raw: bytes | None, parent_key: bytes | None, resolve: Resolve) -> Relative | None:
    """The parent named in the `parent` JSON ({id, queueKey, …}), or in `parentKey` where that is all there is."""
    parent = json_or_none(raw)
    if isinstance(parent, dict) and isinstance(parent.get("queueKey"), str) and "id" in parent:
        try:
            key = raw_bytes(f"{parent['queueKey']}:{parent['id']}")
        except UnicodeEncodeError:
            return None  # half a character out of JSON: no key of Redis can hold it
        flags = ", ".join(words for flag, words in _FLAGS.items() if parent.get(flag))
        return _relative(key, resolve, note=f"this child {flags}" if flags else "")
    return _relative(parent_key, resolve) if parent_key else None


async def children_of(instance: Instance, key: bytes, resolve: Resolve) -> Children | None:
    """How the children stand, with the first few of each kind; None for a job that has none."""
    counts = await instance.read(
        [
            pack(b"SCARD", key + b":dependencies"),
            pack(b"HLEN", key + b":processed"),
            pack(b"HLEN", key + b":failed"),
            pack(b"ZCARD", key + b":unsuccessful"),
        ]
    )
    pending, processed, ignored, unsuccessful = (count if isinstance(count, int) else 0 for count in counts)
    if not pending + processed + ignored + unsuccessful:
        return None
    listed = await _listed(instance, key, (processed, ignored), resolve)
    return Children(pending, processed, ignored, unsuccessful, listed)


async def _listed(instance: Instance, key: bytes, sizes: tuple[int, int], resolve: Resolve) -> tuple[Relative, ...]:
    processed, ignored = sizes
    kinds = ("pending", "failed", "ignored", "processed")
    replies = await instance.read(
        [
            pack(b"SSCAN", key + b":dependencies", 0, b"COUNT", LISTED * 5),
            pack(b"ZRANGE", key + b":unsuccessful", 0, LISTED - 1),
            _keys_of(key + b":failed", ignored),
            _keys_of(key + b":processed", processed),
        ]
    )
    if isinstance(replies[0], list):
        replies[0] = replies[0][1]
    pairs = [(member, kind) for reply, kind in zip(replies, kinds, strict=True) for member in _members(reply)]
    found = (_relative(member, resolve, status=kind) for member, kind in pairs)
    return tuple(relative for relative in found if relative is not None)


def _keys_of(key: bytes, size: int) -> bytes:
    """Keys without values, which are the children's results, of any size. Of very many, any few: a scan of a hash
    would send the values too."""
    return pack(b"HKEYS", key) if size <= MOST_KEYS else pack(b"HRANDFIELD", key, LISTED)


def _members(reply: Any) -> Sequence[bytes]:
    return sorted(reply)[:LISTED] if isinstance(reply, list) else ()


def _relative(key: bytes, resolve: Resolve, *, status: str = "", note: str = "") -> Relative | None:
    known = resolve(key)
    if known is not None:
        return Relative(text(key), known[1], known[0], status, note)
    if not asker().scope.is_whole:
        # Whether its queue is unknown, or only not there for who asks, is none of theirs to know.
        return Relative("", "", None, status, note)
    return Relative(text(key), text(key.rpartition(b":")[2]), None, status, note)
