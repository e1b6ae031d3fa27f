"""The way through all dead letters of a queue, the oldest first, state after state: those that stay are passed over."""

from __future__ import annotations

from dataclasses import dataclass

from core.dialects.contract import LISTS, contract, is_marker
from core.errors import Invalid
from core.instance import Instance, pack
from core.jobs.rows import Placed
from core.model import Queue, State


@dataclass(slots=True)
class Walk:
    """It stands `place` behind the oldest of its state that is still there."""

    instance: Instance
    queue: Queue
    states: list[State]
    place: int = 0

    @classmethod
    def begin(cls, instance: Instance, queue: Queue, states: tuple[State, ...], after: str | None) -> Walk:
        """From the very first on, or from where another one stood. Raises Invalid."""
        if after is None:
            return cls(instance, queue, list(states))
        word, _, place = after.partition(":")
        if word not in states or not place.isdecimal() or len(place) > 15:
            raise Invalid("This is not where another call ended.", "Begin again without it.")
        return cls(instance, queue, list(states)[list(states).index(State(word)) :], int(place))

    @property
    def mark(self) -> str | None:
        """Where it stands, as text; None behind the last."""
        return f"{self.states[0]}:{self.place}" if self.states else None

    async def slice(self, most: int) -> list[Placed]:
        """The next of them, all of one state; none behind the last. Raises Unavailable."""
        while self.states:
            if found := await self._read(self.states[0], most):
                return found
            self.states, self.place = self.states[1:], 0
        return []

    def passed(self, stayed: int) -> None:
        """So many of the last slice are still there."""
        self.place += stayed

    async def left(self) -> int:
        """How many lie behind where it stands. Raises Unavailable."""
        keys = [self._key(state) for state in self.states]
        sizes = [pack(b"LLEN" if s in LISTS else b"ZCARD", key) for s, key in zip(self.states, keys, strict=True)]
        return max(0, sum(size or 0 for size in await self.instance.read(sizes)) - self.place)

    async def _read(self, state: State, most: int) -> list[Placed]:
        first, last = self.place, self.place + most - 1
        if state not in LISTS:
            (ids,) = await self.instance.read([pack(b"ZRANGE", self._key(state), first, last)])
            return [Placed(id, state) for id in ids or ()]
        (ids,) = await self.instance.read([pack(b"LRANGE", self._key(state), -last - 1, -first - 1)])
        markers = contract(self.queue.identity).list_markers
        jobs = [id for id in reversed(ids or ()) if not (markers and is_marker(id))]
        if ids and not jobs:
            self.place += len(ids)
            return await self._read(state, most)
        return [Placed(id, state) for id in jobs]

    def _key(self, state: State) -> bytes:
        return self.queue.id.base + contract(self.queue.identity).keys[state]
