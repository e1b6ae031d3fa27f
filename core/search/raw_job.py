"""A job as a search sees it: the raw fields that were read of it, cleaned of what must not be seen and decoded when a
term asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.jobs.rows import Placed
from core.model import QueueId, State
from core.query.needles import ID
from core.redaction.fields import cleaned
from core.redaction.redaction import NOTHING_HIDDEN, Redaction
from core.text import integer, json_or_none, text

_DUE = 4096  # a delayed score is the due time in ms, times this


class RawJob:
    """A candidate of `core/query/matching.py`. Fields that were not read are absent to it."""

    __slots__ = ("_lines", "_values", "id", "placed", "queue", "raw", "redaction", "state")

    def __init__(self, queue: QueueId, placed: Placed, redaction: Redaction = NOTHING_HIDDEN) -> None:
        self.queue, self.placed, self.redaction = queue, placed, redaction
        self.state: State = placed.state
        self.id = text(placed.id)
        # As Redis has them: never to be matched but for what cannot be in them.
        self.raw: dict[bytes, bytes] = {ID: placed.id}
        self._values: dict[str, Any] = {}
        self._lines: Sequence[str] = ()

    @property
    def hides(self) -> bool:
        """Whether its values are not to be seen as they are."""
        return self.redaction.touches

    @property
    def due(self) -> int | None:
        score = integer(self.placed.score) if self.state is State.DELAYED else None
        return None if score is None else score // _DUE

    def learn(self, names: Iterable[bytes], values: Iterable[Any]) -> None:
        """What Redis answered for these fields."""
        for name, value in zip(names, values, strict=False):
            if isinstance(value, bytes):
                self.raw[name] = value

    def learn_lines(self, lines: Sequence[str]) -> None:
        """The last lines of its log, cleaned."""
        self._lines = lines

    def text(self, field: str) -> str | None:
        raw = self._clean(field)
        return None if raw is None else text(raw)

    def json(self, field: str) -> Any:
        if field not in self._values:
            self._values[field] = json_or_none(self._clean(field))
        return self._values[field]

    def number(self, field: str) -> int | None:
        return integer(self.raw.get(field.encode()))

    def lines(self) -> Iterator[str]:
        return iter(self._lines)

    def _clean(self, field: str) -> bytes | None:
        raw = self.raw.get(field.encode())
        if raw is None or not self.redaction.touches:
            return raw
        return cleaned(self.redaction, field.encode(), raw)
