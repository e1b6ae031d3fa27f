"""The keys of a job's children, as its parent's four keys hold them: counted, the first few of many parents at once,
or page by page, for there may be thousands.

Some hundred children are read whole and shown in the order of their keys: the cursor is the last one that was shown.
Of more, a page is a piece of a scan, about as large as was asked for, and the cursor is where the scan stands. Either
way children that finish meanwhile leave the others where they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError

from core.errors import Invalid
from core.flows.flow import Tie
from core.instance import Instance, pack
from core.job import Children
from core.script import Script
from core.text import raw_bytes, text

# The children that matter most come first.
SUFFIXES = {
    Tie.FAILED: b":unsuccessful",
    Tie.PENDING: b":dependencies",
    Tie.IGNORED: b":failed",
    Tie.PROCESSED: b":processed",
}
HASHES = (Tie.IGNORED, Tie.PROCESSED)
# Keys in one piece of a scan: some 40 KB, and half a millisecond of Redis' time. So many are read whole, too.
PIECE = 500
# Looks at every bucket of a table that holds no more than a piece, so that the scan ends at once.
WHOLE = 2 * PIECE
# A scan of a table that was emptied may come back with little: so often we ask on for one page.
ROUNDS = 40
_BAD = "This cursor is not one that a page of these children gave."
Child = tuple[bytes, Tie]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a scan of the children of one kind stands, or, where they are read whole, the key behind which to go on."""

    tie: Tie
    scan: int = 0
    after: bytes = b""

    def encode(self, parent: bytes) -> str:
        """As an opaque text, good for this parent alone."""
        parts = [_mark(parent), self.tie.value, self.scan, text(self.after)]
        return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(value: str, parent: bytes) -> Cursor:
    """The cursor in this text. Raises Invalid."""
    try:
        mark, tie, scan, after = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
        cursor = Cursor(Tie(tie), scan, raw_bytes(after))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Invalid(_BAD, "Begin again without one.") from error
    if mark != _mark(parent) or cursor.tie not in SUFFIXES or type(scan) is not int or not 0 <= scan < 1 << 64:
        raise Invalid(_BAD, "Begin again without one.")
    return cursor


def _mark(parent: bytes) -> str:
    return hashlib.sha1(parent, usedforsecurity=False).hexdigest()[:8]


async def counts(instance: Instance, parents: Sequence[bytes]) -> list[Children | None]:
    """How the children of each stand; None for one that has none."""
    replies = iter(
        await instance.read(
            [
                pack(verb, key + suffix)
                for key in parents
                for verb, suffix in (
                    (b"SCARD", b":dependencies"),
                    (b"HLEN", b":processed"),
                    (b"HLEN", b":failed"),
                    (b"ZCARD", b":unsuccessful"),
                )
            ]
        )
    )
    four = ([_number(next(replies)) for _ in range(4)] for _ in parents)
    found = [Children(pending, processed, ignored, failed) for pending, processed, ignored, failed in four]
    return [children if children.total else None for children in found]


def number_of(children: Children, tie: Tie) -> int:
    """How many of that kind."""
    return {
        Tie.FAILED: children.unsuccessful,
        Tie.PENDING: children.pending,
        Tie.IGNORED: children.ignored,
        Tie.PROCESSED: children.processed,
    }[tie]


async def first_few(
    instance: Instance, parents: Sequence[tuple[bytes, Children]], few: int, ties: Sequence[Tie] = tuple(SUFFIXES)
) -> list[list[Child]]:
    """Some children of each, in one round trip: of more than a handful, any."""
    asked = [(key, children, tie) for key, children in parents for tie in ties if number_of(children, tie)]
    replies = await instance.read([_few(key, tie, number_of(children, tie), few) for key, children, tie in asked])
    found: dict[bytes, list[Child]] = {key: [] for key, _ in parents}
    for (key, _, tie), reply in zip(asked, replies, strict=True):
        room = max(0, few - len(found[key]))
        found[key] += [(member, tie) for member in sorted(_members(reply, tie))[:room]]
    return [found[key] for key, _ in parents]


def _few(key: bytes, tie: Tie, number: int, few: int) -> bytes:
    if tie is Tie.FAILED:
        return pack(b"ZRANGE", key + SUFFIXES[tie], 0, few - 1)
    if tie is Tie.PENDING:
        return pack(b"SSCAN", key + SUFFIXES[tie], 0, b"COUNT", few)
    # A scan of a hash would send the children's results too.
    return pack(b"HKEYS", key + SUFFIXES[tie]) if number <= PIECE else pack(b"HRANDFIELD", key + SUFFIXES[tie], few)


def _members(reply: Any, tie: Tie) -> list[bytes]:
    if tie is Tie.PENDING:
        reply = reply[1] if isinstance(reply, list) and len(reply) == 2 else None
    return [member for member in reply if isinstance(member, bytes)] if isinstance(reply, list) else []


async def page(
    instance: Instance, parent: bytes, children: Children, limit: int, cursor: Cursor | None
) -> tuple[list[Child], Cursor | None]:
    """About `limit` children, and where to go on; None at the end."""
    at: Cursor | None = cursor or Cursor(_first(children))
    found: dict[bytes, Tie] = {}
    for _ in range(ROUNDS):
        if at is None or len(found) >= limit:
            break
        room = limit - len(found)
        if at.scan == 0 and number_of(children, at.tie) <= PIECE:
            taken, at = await _from_whole(instance, parent, at, room, children)
        else:
            taken, at = await _from_scan(instance, parent, at, room, children)
        found |= {key: tie for key, tie in taken if key not in found}
    return list(found.items()), at


async def _from_whole(
    instance: Instance, parent: bytes, at: Cursor, room: int, children: Children
) -> tuple[list[Child], Cursor | None]:
    keys, _ = await _piece(instance, parent, at, WHOLE)
    behind = [key for key in sorted(set(keys)) if key > at.after]
    taken: list[Child] = [(key, at.tie) for key in behind[:room]]
    more = len(taken) < len(behind)
    return taken, Cursor(at.tie, 0, taken[-1][0]) if more else _next(at.tie, children)


async def _from_scan(
    instance: Instance, parent: bytes, at: Cursor, room: int, children: Children
) -> tuple[list[Child], Cursor | None]:
    keys, following = await _piece(instance, parent, at, room)
    taken: list[Child] = [(key, at.tie) for key in sorted(set(keys))]
    return taken, Cursor(at.tie, following) if following else _next(at.tie, children)


async def pieces(instance: Instance, parent: bytes, tie: Tie) -> AsyncIterator[list[bytes]]:
    """All children of one kind, a piece at a time; those that leave meanwhile do no harm."""
    scan = 0
    while True:
        keys, scan = await _piece(instance, parent, Cursor(tie, scan), PIECE)
        if keys:
            yield sorted(set(keys))
        if not scan:
            return


def _first(children: Children) -> Tie:
    return next((tie for tie in SUFFIXES if number_of(children, tie)), Tie.PROCESSED)


def _next(tie: Tie, children: Children) -> Cursor | None:
    order = list(SUFFIXES)
    behind = (tie for tie in order[order.index(tie) + 1 :] if number_of(children, tie))
    return next(map(Cursor, behind), None)


async def _piece(instance: Instance, parent: bytes, at: Cursor, about: int) -> tuple[list[bytes], int]:
    """One piece of a scan, of about so many keys, and where the next begins; 0 at the end."""
    key = parent + SUFFIXES[at.tie]
    if at.tie in HASHES:
        return _scanned(await _fields(instance, key, at.scan, about), step=1)
    verb = b"SSCAN" if at.tie is Tie.PENDING else b"ZSCAN"
    (reply,) = await instance.read([pack(verb, key, at.scan, b"COUNT", about)])
    return _scanned(reply, step=1 if at.tie is Tie.PENDING else 2)


async def _fields(instance: Instance, key: bytes, scan: int, about: int) -> Any:
    try:
        return await instance.script(_script(), [key], [scan, about])
    except ResponseError:
        # Scripts are not allowed here, or the key is no hash: the values come along.
        (reply,) = await instance.read([pack(b"HSCAN", key, scan, b"COUNT", about)])
        return [reply[0], reply[1][::2]] if isinstance(reply, list) else None


def _scanned(reply: Any, *, step: int) -> tuple[list[bytes], int]:
    if not isinstance(reply, list) or len(reply) != 2:
        return [], 0
    return reply[1][::step], int(reply[0])


def _number(reply: Any) -> int:
    return reply if isinstance(reply, int) else 0


@cache
def _script() -> Script:
    return Script("flows/keys", Path(__file__).with_name("keys.lua").read_bytes())
