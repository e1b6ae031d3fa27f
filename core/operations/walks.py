"""Walks over the jobs of a scope, page by page: each job comes once, however jobs come and go meanwhile.

A walk does not move until it is told what became of its page, so a page can be asked for again when Redis was away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from core.dialects.contract import LISTS, is_marker
from core.instance import Instance, pack
from core.operations.scope import Scope

# How far a list is searched for a job that was passed over before, beyond where it was.
ASTRAY = 20_000
# A list of up to this length is searched whole for the newest jobs that belong.
SHORT = 5_000
_FIRST = float("-inf"), b""


class Walk(Protocol):
    """Pages of ids that belong to a scope, oldest or next to run first; an empty one is the end."""

    async def page(self, size: int) -> list[bytes]: ...

    def passed(self, page: Sequence[bytes], stayed: Collection[bytes]) -> None:
        """The page is done with; `stayed` are those of it that were left in the state."""

    def vanished(self, jobs: int) -> None:
        """So many of a page that was asked for again did not come again."""


def walk(instance: Instance, key: bytes, scope: Scope) -> Walk:
    """The walk for this scope, whose state is at this key."""
    return ListWalk(instance, key, scope) if scope.state in LISTS else SetWalk(instance, key, scope)


class SetWalk:
    """Over a sorted set, by score and id: what was added behind the walk is not seen again."""

    def __init__(self, instance: Instance, key: bytes, scope: Scope) -> None:
        self._instance, self._key = instance, key
        self._last = _place(*scope.last) if scope.last else _FIRST
        self._behind, self._raw = _FIRST, b"-inf"
        self._by_rank = False
        self._stayed: tuple[bytes, bytes] | None = None
        self._scores: dict[bytes, bytes] = {}

    async def page(self, size: int) -> list[bytes]:
        start = await self._start()
        while True:
            raw = await self._read(start, size)
            places = [(_place(score, id), id, score) for id, score in raw]
            found = [(id, score) for place, id, score in places if self._behind < place <= self._last]
            if found or len(raw) < size or places[-1][0] > self._last:
                self._scores = dict(found)
                return [id for id, _ in found]
            start += size

    def passed(self, page: Sequence[bytes], stayed: Collection[bytes]) -> None:
        if not page:
            return
        self._raw = self._scores[page[-1]]
        self._behind = _place(self._raw, page[-1])
        left = next((id for id in reversed(page) if id in stayed), None)
        if left is not None:
            self._stayed = (self._scores[left], left)

    def vanished(self, jobs: int) -> None:
        """Nothing to do: places are known by score and id."""

    async def _start(self) -> int:
        """Where to read from: a rank behind the job that stayed last, among equal scores; else 0, by score."""
        self._by_rank = False
        if self._stayed is None or self._stayed[0] != self._raw:
            return 0
        score, id = self._stayed
        rank, now = await self._instance.read([pack(b"ZRANK", self._key, id), pack(b"ZSCORE", self._key, id)])
        self._by_rank = rank is not None and now == score
        return rank + 1 if self._by_rank else 0

    async def _read(self, start: int, size: int) -> list[tuple[bytes, bytes]]:
        if self._by_rank:
            command = pack(b"ZRANGE", self._key, start, start + size - 1, b"WITHSCORES")
        else:
            bounds = (self._raw, b"+inf", b"WITHSCORES", b"LIMIT", start, size)
            command = pack(b"ZRANGEBYSCORE", self._key, *bounds)
        (reply,) = await self._instance.read([command])
        return list(zip((reply or ())[::2], (reply or ())[1::2], strict=True))


class ListWalk:
    """Over a list from its tail, where the next job to run is; new jobs come in at the head."""

    def __init__(self, instance: Instance, key: bytes, scope: Scope) -> None:
        self._instance, self._key = instance, key
        self._anchors = frozenset(scope.anchors)
        self._left = scope.reach
        self._offset = 0
        self._stayed: deque[bytes] = deque(maxlen=8)
        self._raw: list[bytes] = []
        self._at_anchors = False

    async def page(self, size: int) -> list[bytes]:
        while self._left > 0 and await self._is_there():
            await self._find_place()
            (reply,) = await self._instance.read([pack(b"LRANGE", self._key, -self._offset - size, -self._offset - 1)])
            self._raw = list(reversed(reply or ()))
            jobs = [member for member in self._raw if not is_marker(member)][: self._left]
            if jobs or not self._raw:
                return self._belonging(jobs)
            self._pass(self._raw)
        return []

    def passed(self, page: Sequence[bytes], stayed: Collection[bytes]) -> None:
        self._left -= len(page)
        self._at_anchors = self._at_anchors or any(id in self._anchors for id in page)
        self._pass([id for id in self._raw if id in stayed or is_marker(id)])

    def vanished(self, jobs: int) -> None:
        self._left -= jobs

    def _pass(self, stayed: Sequence[bytes]) -> None:
        self._offset += len(stayed)
        self._stayed.extend(stayed)

    def _belonging(self, jobs: list[bytes]) -> list[bytes]:
        """Without what stands before the newest that belong: once one of those was met, only they can follow."""
        met, found = self._at_anchors, []
        for id in jobs:
            if met and id not in self._anchors:
                break
            met = met or id in self._anchors
            found.append(id)
        return found

    async def _is_there(self) -> bool:
        """Whether anything that belongs can be left: workers may have taken all of it. A long list is not searched."""
        (length,) = await self._instance.read([pack(b"LLEN", self._key)])
        if not length:
            return False
        if length > SHORT or not self._anchors:
            return True
        found = await self._instance.read([pack(b"LPOS", self._key, id) for id in self._anchors])
        return any(place is not None for place in found)

    async def _find_place(self) -> None:
        """Where the walk stands, by the jobs it passed over: workers may have taken those meanwhile."""
        if not self._offset:
            return
        length, here = await self._instance.read([pack(b"LLEN", self._key), pack(b"LINDEX", self._key, -self._offset)])
        if here == self._stayed[-1]:
            return
        farthest = self._offset + ASTRAY
        search: list[Any] = [
            pack(b"LPOS", self._key, id, b"RANK", -1, b"MAXLEN", farthest) for id in reversed(self._stayed)
        ]
        places = [place for place in await self._instance.read(search) if place is not None]
        self._offset = length - places[0] if places else 0


def _place(score: bytes, id: bytes) -> tuple[float, bytes]:
    return float(score), id
