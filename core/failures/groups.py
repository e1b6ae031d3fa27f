"""Failures that are the same, counted together across queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import nlargest

from core.failures.book import Book
from core.failures.fingerprint import Fingerprint
from core.model import QueueId
from core.text import text

# The columns of the table, in milliseconds: 5 minutes, 1 hour, 6 hours, 24 hours, 7 days.
WINDOWS = (300_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000)
EXAMPLES = 5
# The trend: so many slots of five minutes each, the last one ending now.
SLOTS, SLOT = 24, 300_000


@dataclass(frozen=True, slots=True)
class Group:
    """`recent` counts those of the last of each window, `trend` those of each slot, the oldest first. `queues` says
    how many each queue has, `examples` are the newest: queue, id, instant. Instants in ms since the epoch."""

    fingerprint: Fingerprint
    count: int
    first: int
    last: int
    recent: tuple[int, ...]
    trend: tuple[int, ...]
    queues: tuple[tuple[QueueId, int], ...]
    examples: tuple[tuple[QueueId, str, int], ...]


@dataclass(slots=True)
class _Sum:
    count: int = 0
    first: int = 1 << 62
    last: int = 0
    recent: list[int] = field(default_factory=lambda: [0] * len(WINDOWS))
    trend: list[int] = field(default_factory=lambda: [0] * SLOTS)
    queues: dict[QueueId, int] = field(default_factory=dict)
    newest: list[tuple[int, bytes, QueueId]] = field(default_factory=list)

    def add(self, at: int, age: int) -> None:
        self.count += 1
        self.first, self.last = min(self.first, at), max(self.last, at)
        for number, window in enumerate(WINDOWS):
            self.recent[number] += age < window
        if 0 <= age < SLOTS * SLOT:
            self.trend[SLOTS - 1 - age // SLOT] += 1


def grouped(books: Mapping[QueueId, Book], now: int) -> tuple[Group, ...]:
    """All groups, those with the most failures in the last hour first, then by size."""
    sums: dict[Fingerprint, _Sum] = {}
    for queue, book in books.items():
        for how, members in _by_fingerprint(book).items():
            total = sums.setdefault(how, _Sum())
            total.queues[queue] = len(members)
            for at, _ in members:
                total.add(at, now - at)
            total.newest += [(at, id, queue) for at, id in nlargest(EXAMPLES, members)]
    groups = (_group(how, total) for how, total in sums.items())
    return tuple(sorted(groups, key=lambda group: (-group.recent[1], -group.count, group.fingerprint.key)))


def _by_fingerprint(book: Book) -> dict[Fingerprint, list[tuple[int, bytes]]]:
    found: dict[Fingerprint, list[tuple[int, bytes]]] = {}
    for id, failure in book.known.items():
        found.setdefault(failure.fingerprint, []).append((failure.at, id))
    return found


def _group(how: Fingerprint, total: _Sum) -> Group:
    newest = nlargest(EXAMPLES, total.newest, key=lambda one: one[0])
    queues = sorted(total.queues.items(), key=lambda one: -one[1])
    examples = tuple((queue, text(id), at) for at, id, queue in newest)
    return Group(
        how, total.count, total.first, total.last, tuple(total.recent), tuple(total.trend), tuple(queues), examples
    )
