"""The store in a Redis or Valkey of the user's choice: shared by all who name it, and there after a restart.

All keys begin with `tickbird:`, and those of one shelf lie in one slot. It has connections and a time limit of its
own, so a store that is away costs nobody more than a moment; it says so once, and once that it is back.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from core.errors import Unavailable
from core.instance import Instance, pack
from core.redis_settings import RedisSettings
from core.script import Script
from core.store.contract import Line, Log, Record, Shelf
from core.text import text

log = logging.getLogger("tickbird.store")
PREFIX = "tickbird:"
# Nobody waits longer for what is only Tickbird's own (seconds).
TIME_LIMIT = 1.0
# The place of a line: a stream's id. Redis refuses any other, which would look as if it were away.
_MARK = re.compile(r"([0-9]{1,20})-([0-9]{1,20})")
_LARGEST = 2**64 - 1
# No instant: somebody else wrote there.
_NEVER = 2**53
# Records that are read in one round trip: large ones would take longer than the limit.
AT_ONCE = 20


def _script(name: str) -> Script:
    return Script(f"store/{name}", (Path(__file__).parent / f"{name}.lua").read_bytes())


PUT, DELETE, TAKE, RELEASE = map(_script, ("put", "delete", "take", "release"))


class RedisStore:
    """Bounded as its shelves and logs say."""

    lasting = True

    def __init__(self, url: str) -> None:
        self._redis = Instance(RedisSettings("state_url", url))
        self.address = self._redis.address
        self.trouble = ""
        self._refused = False

    async def put(self, shelf: Shelf, record: Record, *, held: bool = False) -> None:
        await self._put(shelf, record, held=held, replaces=False)

    async def replace(self, shelf: Shelf, record: Record) -> bool:
        return await self._put(shelf, record, held=False, replaces=True) >= 0

    async def newest(self, shelf: Shelf, limit: int) -> tuple[str, ...]:
        order = _keys(shelf)[0]
        (ids,) = await self._ask(pack("ZREVRANGEBYSCORE", order, "+inf", _now() - shelf.age, "LIMIT", 0, limit))
        return tuple(map(text, ids))

    async def read(self, shelf: Shelf, ids: Iterable[str]) -> dict[str, Record]:
        found, rest = dict[str, Record](), iter(ids)
        while some := tuple(islice(rest, AT_ONCE)):
            found |= await self._read(shelf, some)
        return found

    async def delete(self, shelf: Shelf, id: str) -> None:
        await self._run(DELETE, _keys(shelf), (id, *shelf.parts))

    async def append(self, log: Log, line: str) -> None:
        log.check(line)
        key = _key("log", log.name)
        await self._ask(
            pack("XADD", key, "MAXLEN", log.most, "*", "line", line),
            pack("XTRIM", key, "MINID", _now() - log.age),
            pack("PEXPIRE", key, log.age),
        )

    async def lines(self, log: Log, limit: int, *, before: str | None = None) -> tuple[Line, ...]:
        newest = "+" if before is None else f"({_checked(before)}"
        command = pack("XREVRANGE", _key("log", log.name), newest, _now() - log.age, "COUNT", limit)
        (found,) = await self._ask(command)
        return tuple(Line(text(mark), text(fields[1])) for mark, fields in found)

    async def take(self, lease: str, holder: str, duration: int) -> bool:
        return bool(await self._run(TAKE, [_key("lease", lease)], (holder, duration)))

    async def release(self, lease: str, holder: str) -> None:
        await self._run(RELEASE, [_key("lease", lease)], (holder,))

    async def holders(self, leases: Iterable[str]) -> dict[str, str]:
        wanted = tuple(leases)
        found = await self._ask(*(pack("GET", _key("lease", lease)) for lease in wanted))
        return {lease: text(holder) for lease, holder in zip(wanted, found, strict=True) if holder is not None}

    async def close(self) -> None:
        await self._redis.close()

    async def _put(self, shelf: Shelf, record: Record, *, held: bool, replaces: bool) -> int:
        shelf.check(record)
        told: list[str | int] = [record.id, record.at, int(held)]
        told += [shelf.most, shelf.bytes, _now() - shelf.age, shelf.age]
        told += [int(replaces), len(shelf.parts), *shelf.parts]
        return int(await self._run(PUT, _keys(shelf), [*told, *chain.from_iterable(record.parts.items())]))

    async def _read(self, shelf: Shelf, ids: Sequence[str]) -> dict[str, Record]:
        order, bodies, *_ = _keys(shelf)
        oldest = _now() - shelf.age
        asked = ((pack("ZSCORE", order, id), pack("HMGET", bodies, *_fields(shelf, id))) for id in ids)
        replies = await self._ask(*chain.from_iterable(asked))
        return {
            id: Record(
                id, int(float(at)), {part: text(body) for part, body in _pairs(shelf, found) if body is not None}
            )
            for id, at, found in zip(ids, replies[::2], replies[1::2], strict=True)
            if at is not None and oldest <= float(at) < _NEVER
        }

    async def _run(self, script: Script, keys: Sequence[str], arguments: Iterable[str | int]) -> Any:
        rest = (len(keys), *keys, *arguments)
        (reply,) = await self._send(pack("EVALSHA", script.sha, *rest))
        if isinstance(reply, NoScriptError):
            (reply,) = await self._send(pack("EVAL", script.source, *rest))
        self._check([reply], writes=script in (PUT, TAKE))
        return reply

    async def _ask(self, *commands: bytes) -> list[Any]:
        replies = await self._send(*commands)
        self._check(replies)
        return replies

    async def _send(self, *commands: bytes) -> list[Any]:
        try:
            return await self._redis.batch(commands, TIME_LIMIT)
        except Unavailable as away:
            self._went(away.message)
            raise

    def _check(self, replies: Sequence[Any], *, writes: bool = False) -> None:
        """Raises Unavailable for a refusal. One that is full still answers reads: they do not make it well again."""
        refused = next((reply for reply in replies if isinstance(reply, Exception)), None)
        if refused is not None:
            self._refused = True
            self._went(f"Redis state_url refuses: {refused}.")
            raise Unavailable(self.trouble)
        if self.trouble and (writes or not self._refused):
            log.warning("Redis state_url keeps Tickbird's own state again")
            self.trouble, self._refused = "", False

    def _went(self, trouble: str) -> None:
        if not self.trouble:
            log.warning("Tickbird's own state is not kept now: %s", trouble)
        self.trouble = trouble


def _key(kind: str, name: str, what: str = "") -> str:
    return f"{PREFIX}{{{kind}:{name}}}{what and ':' + what}"


def _keys(shelf: Shelf) -> list[str]:
    return [_key("shelf", shelf.name, what) for what in ("order", "parts", "sizes", "held")]


def _checked(mark: str) -> str:
    found = _MARK.fullmatch(mark)
    if not found or not 0 < max(int(part) for part in found.groups()) <= _LARGEST:
        raise ValueError(f"{mark!r:.100} is not the mark of a line")
    return mark


def _fields(shelf: Shelf, id: str) -> list[str]:
    return [f"{part}/{id}" for part in shelf.parts]


def _pairs(shelf: Shelf, bodies: Sequence[bytes | None]) -> Iterable[tuple[str, bytes | None]]:
    return zip(shelf.parts, bodies, strict=True)


def _now() -> int:
    return time.time_ns() // 1_000_000
