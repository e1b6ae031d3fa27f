"""Walks over the jobs of a scope, page by page: each job comes once, however jobs come and go meanwhile.

A walk does not move until it is told what became of its page, so a page can be asked for again when Redis was away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from core.dialects.contract import LISTS, is_marker
from core.instance import Instance, pack
from core.operations.place import Mark
from core.operations.scope import Scope

# How far a list is searched for a job that was passed over before, beyond where it was.
ASTRAY = 20_000
# A list of up to this length is searched whole for the newest jobs that belong.
SHORT = 5_000
_FIRST = float("-inf"), b""


class Walk(Protocol):
    """Pages of ids that belong to a scope, oldest or next to run first; an empty one is the end.

    `trips` counts how often Redis was asked; `offset` is how many stand between a page and the tail of its list.
    """

    trips: int
    offset: int

    def score(self, id: bytes) -> bytes | None:
        """The score of a job of the last page; None in a list."""

    async def still(self, ids: Collection[bytes], size: int) -> set[bytes]:
        """Which of these, of a page of that size of which it is not known what became, are still to come."""

    async def page(self, size: int, *, again: bool = False) -> list[bytes]:
        """`again`: it is not known what became of the last one, of which all may be done."""

    def passed(self, page: Sequence[bytes], stayed: Collection[bytes]) -> None:
        """The page is done with; `stayed` are those of it that were left in the state."""

    def vanished(self, jobs: int) -> None:
        """So many of a page that was asked for again did not come again."""

    def mark(self) -> Mark:
        """Where it stands: behind the last page that it was told of."""


def walk(
    instance: Instance, key: bytes, scope: Scope, mark: Mark | None = None, *, beside: tuple[int, int] | None = None
) -> Walk:
    """The walk for this scope, whose state is at this key; it goes on from the mark, if there is one. Jobs of a sorted
    set with scores from the first to before the second of `beside` are passed by: they were put there by us."""
    if scope.state in LISTS:
        return ListWalk(instance, key, scope, mark)
    return SetWalk(instance, key, scope, mark, beside=beside)


class SetWalk:
    """Over a sorted set, by score and id: what was added behind the walk is not seen again."""

    def __init__(
        self,
        instance: Instance,
        key: bytes,
        scope: Scope,
        mark: Mark | None = None,
        *,
        beside: tuple[int, int] | None = None,
    ) -> None:
        self._instance, self._key, self._beside = instance, key, beside
        self._last = _place(*scope.last) if scope.last else _FIRST
        behind = (mark.behind if mark else None) or ((scope.first, b"") if scope.first else None)
        self._behind, self._raw = (_place(*behind), behind[0]) if behind else (_FIRST, b"-inf")
        self._by_rank = False
        self._stayed: tuple[bytes, bytes] | None = None
        self._scores: dict[bytes, bytes] = {}
        self.trips = self.offset = 0

    async def page(self, size: int, *, again: bool = False) -> list[bytes]:  # noqa: ARG002 # all that is there is found
        start = await self._start()
        while True:
            raw = await self._read(start, size)
            places = [(_place(score, id), id, score) for id, score in raw]
            found = [(id, score) for place, id, score in places if self._belongs(place)]
            if found or len(raw) < size or places[-1][0] > self._last:
                self._scores = dict(found)
                return [id for id, _ in found]
            start += size

    def score(self, id: bytes) -> bytes | None:
        return self._scores.get(id)

    async def still(self, ids: Collection[bytes], size: int) -> set[bytes]:  # noqa: ARG002 # wherever they stand now
        if not ids:
            return set()
        self.trips += 1
        (scores,) = await self._instance.read([pack(b"ZMSCORE", self._key, *ids)])
        found = zip(ids, scores or (), strict=False)
        return {id for id, score in found if score is not None and self._belongs(_place(score, id))}

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

    def mark(self) -> Mark:
        return Mark(behind=None if self._behind == _FIRST else (self._raw, self._behind[1]))

    def _belongs(self, place: tuple[float, bytes]) -> bool:
        beside = self._beside is not None and self._beside[0] <= place[0] < self._beside[1]
        return self._behind < place <= self._last and not beside

    async def _start(self) -> int:
        """Where to read from: a rank behind the job that stayed last, among equal scores; else 0, by score."""
        self._by_rank = False
        if self._stayed is None or self._stayed[0] != self._raw:
            return 0
        score, id = self._stayed
        self.trips += 1
        rank, now = await self._instance.read([pack(b"ZRANK", self._key, id), pack(b"ZSCORE", self._key, id)])
        self._by_rank = rank is not None and now == score
        return rank + 1 if self._by_rank else 0

    async def _read(self, start: int, size: int) -> list[tuple[bytes, bytes]]:
        if self._by_rank:
            command = pack(b"ZRANGE", self._key, start, start + size - 1, b"WITHSCORES")
        else:
            bounds = (self._raw, b"+inf", b"WITHSCORES", b"LIMIT", start, size)
            command = pack(b"ZRANGEBYSCORE", self._key, *bounds)
        self.trips += 1
        (reply,) = await self._instance.read([command])
        return list(zip((reply or ())[::2], (reply or ())[1::2], strict=True))


class ListWalk:
    """Over a list from its tail, where the next job to run is; new jobs come in at the head."""

    def __init__(self, instance: Instance, key: bytes, scope: Scope, mark: Mark | None = None) -> None:
        self._instance, self._key = instance, key
        self._anchors = frozenset(scope.anchors)
        begun = mark or Mark(left=scope.reach)
        self._left, self.offset, self._at_anchors = begun.left, begun.offset, begun.at_anchors
        self._stayed: deque[bytes] = deque(begun.stayed, maxlen=8)
        self._raw: list[bytes] = []
        self.trips = 0

    async def page(self, size: int, *, again: bool = False) -> list[bytes]:
        while self._left > 0:
            length, here, self._raw = await self._look(size)
            if not length or (length <= SHORT and not again and not await self._is_there()):
                break
            if self.offset and here != self._stayed[-1]:
                await self._find_place(length)
                _, _, self._raw = await self._look(size)
            jobs = [member for member in self._raw if not is_marker(member)][: self._left]
            if jobs or not self._raw:
                return self._belonging(jobs)
            self._pass(self._raw)
        return []

    async def _look(self, size: int) -> tuple[int, bytes | None, list[bytes]]:
        """The list's length, the job passed over last, and those that stand before it, from the tail."""
        end = -self.offset - 1
        before, these = pack(b"LINDEX", self._key, end + 1), pack(b"LRANGE", self._key, end - size + 1, end)
        self.trips += 1
        length, here, reply = await self._instance.read([pack(b"LLEN", self._key), before, these])
        return length or 0, here, list(reversed(reply or ()))

    def score(self, id: bytes) -> bytes | None:  # noqa: ARG002 # a list has none
        return None

    async def still(self, ids: Collection[bytes], size: int) -> set[bytes]:
        return set(ids) & set(await self.page(size, again=True))

    def passed(self, page: Sequence[bytes], stayed: Collection[bytes]) -> None:
        self._left -= len(page)
        self._at_anchors = self._at_anchors or any(id in self._anchors for id in page)
        # Of a page that was cut short, what was read behind its end comes again.
        read = self._raw[: self._raw.index(page[-1]) + 1] if page and page[-1] in self._raw else self._raw
        self._pass([id for id in read if id in stayed or is_marker(id)])

    def vanished(self, jobs: int) -> None:
        self._left -= jobs

    def mark(self) -> Mark:
        return Mark(None, self._left, self.offset, tuple(self._stayed), self._at_anchors)

    def _pass(self, stayed: Sequence[bytes]) -> None:
        self.offset += len(stayed)
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
        if not self._anchors:
            return True
        self.trips += 1
        found = await self._instance.read([pack(b"LPOS", self._key, id) for id in self._anchors])
        return any(place is not None for place in found)

    async def _find_place(self, length: int) -> None:
        """Where the walk stands, by the jobs it passed over: workers may have taken those meanwhile."""
        farthest = self.offset + ASTRAY
        search: list[Any] = [
            pack(b"LPOS", self._key, id, b"RANK", -1, b"MAXLEN", farthest) for id in reversed(self._stayed)
        ]
        self.trips += 1
        places = [place for place in await self._instance.read(search) if place is not None]
        self.offset = length - places[0] if places else 0


def _place(score: bytes, id: bytes) -> tuple[float, bytes]:
    return float(score), id
