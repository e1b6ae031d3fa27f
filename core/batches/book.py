"""What is remembered of a queue's batches between looks: which job is in which, so that no job is read twice, and what
became of those that are gone."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Values = tuple[str, ...]
End = Literal["completed", "failed", "unknown"]
# Together some tens of megabytes.
MOST_JOBS = 100_000
MOST_BOOKS = 4


@dataclass(slots=True)
class Book:
    """`known` has the batches of each job that was read, `unfinished` those of them that were seen with work before
    them, `gone` those that are not in Redis any more, with how they ended as far as events tell."""

    known: OrderedDict[bytes, Values] = field(default_factory=OrderedDict)
    unfinished: set[bytes] = field(default_factory=set)
    gone: OrderedDict[bytes, End] = field(default_factory=OrderedDict)
    since: float = field(default_factory=time.time)

    def learn(self, found: Iterable[tuple[bytes, Values]]) -> None:
        """These jobs are in these batches; of too many, those that were learned first are forgotten."""
        for id, values in found:
            self.known[id] = values
        while len(self.known) > MOST_JOBS:
            id, _ = self.known.popitem(last=False)
            self.unfinished.discard(id)
            self.gone.pop(id, None)

    def ended(self, id: bytes, how: End) -> None:
        """That job left Redis."""
        self.unfinished.discard(id)
        self.gone[id] = how


class Books:
    """One for each question that was asked lately."""

    def __init__(self) -> None:
        self._books: OrderedDict[object, Book] = OrderedDict()

    def of(self, question: object) -> Book:
        book = self._books.setdefault(question, Book())
        self._books.move_to_end(question)
        while len(self._books) > MOST_BOOKS:
            self._books.popitem(last=False)
        return book
