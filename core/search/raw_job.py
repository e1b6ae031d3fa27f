"""A job as a search sees it: the raw fields that were read of it, decoded when a term asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.jobs.rows import Placed
from core.model import QueueId, State
from core.text import integer, json_or_none, text

_DUE = 4096  # a delayed score is the due time in ms, times this


class RawJob:
    """A candidate of `core/query/matching.py`. Fields that were not read are absent to it."""

    def __init__(self, queue: QueueId, placed: Placed) -> None:
        self.queue, self.placed = queue, placed
        self.state: State = placed.state
        self.id = text(placed.id)
        self._fields: dict[str, bytes] = {}
        self._lines: Sequence[str] = ()

    @property
    def due(self) -> int | None:
        score = integer(self.placed.score) if self.state is State.DELAYED else None
        return None if score is None else score // _DUE

    def learn(self, names: Iterable[bytes], values: Iterable[Any]) -> None:
        """What Redis answered for these fields."""
        for name, value in zip(names, values, strict=False):
            if isinstance(value, bytes):
                self._fields[name.decode()] = value

    def learn_lines(self, lines: Sequence[str]) -> None:
        """The last lines of its log."""
        self._lines = lines

    def text(self, field: str) -> str | None:
        raw = self._fields.get(field)
        return None if raw is None else text(raw)

    def json(self, field: str) -> Any:
        return json_or_none(self._fields.get(field))

    def number(self, field: str) -> int | None:
        return integer(self._fields.get(field))

    def lines(self) -> Iterator[str]:
        return iter(self._lines)
