"""Batches: the jobs of a queue that share a value, and how far each batch has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.access.asker import asker
from core.batches.book import Book, Books, End
from core.batches.counting import FINISHED, LARGEST_FIELD, ORDER, Count, Counting
from core.batches.grouping import grouping, likely
from core.dialects.contract import contract
from core.instance import Instance, pack
from core.job import Covered
from core.jobs.listing import Sought, list_ids
from core.model import BACKLOG, Queue, QueueId, State
from core.redaction.fields import cleaned
from core.redaction.redaction import Redaction
from core.sight import Sight
from core.text import json_or_none
from core.words import count as written

# So many of the newest jobs of each state are asked for fields that look like a batch.
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Batch:
    """One value and its jobs: by state, as far as they are in Redis, and `gone` from it since somebody first looked, by
    how they ended. `query` finds those that are there."""

    value: str
    query: str
    counts: Mapping[State, int]
    gone: Mapping[End, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return self.counts.get(State.COMPLETED, 0) + self.gone.get("completed", 0)

    @property
    def failed(self) -> int:
        return self.counts.get(State.FAILED, 0) + self.gone.get("failed", 0)

    @property
    def running(self) -> int:
        return self.counts.get(State.ACTIVE, 0)

    @property
    def waiting(self) -> int:
        return sum(self.counts.get(state, 0) for state in (*BACKLOG, State.WAITING_CHILDREN))

    @property
    def delayed(self) -> int:
        return self.counts.get(State.DELAYED, 0)

    @property
    def vanished(self) -> int:
        """Gone, and nothing tells how they ended."""
        return self.gone.get("unknown", 0)

    @property
    def total(self) -> int:
        return sum(self.counts.values()) + sum(self.gone.values())

    @property
    def unfinished(self) -> int:
        return self.running + self.waiting + self.delayed

    @property
    def percent(self) -> float:
        """How much of what is known of it has ended, well or badly."""
        return 100 * (self.total - self.unfinished) / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of a queue by one field, those under way first. `without` of the jobs looked at are in none;
    `since`: from then on (ms), jobs that were seen and are gone are still counted."""

    field: str
    batches: tuple[Batch, ...]
    covered: Covered
    without: int
    since: int


class BatchCounts:
    """Those of the queues in `sight`."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._books = Books()

    async def of(self, id: QueueId, text: str) -> Batches:
        """By this field. Raises NotFound, Invalid, Unavailable."""
        queue, redaction = self._sight.queue(id), self._sight.redaction(id)
        by = grouping(text, redaction)
        question = (id, by.text, redaction)
        book = self._books.of(question)

        async def look(instance: Instance) -> Batches:
            counting = Counting(instance, queue, by, redaction, book)
            return _told(queue, counting, await counting.look())

        return await self._sight.read(id, ("batches", *question), look, 2.0)

    async def fields(self, id: QueueId) -> tuple[str, ...]:
        """Fields of its newest jobs that look as if they grouped them, the most frequent first. Raises as `of`."""
        queue, redaction = self._sight.queue(id), self._sight.redaction(id)
        key = ("batch fields", asker().scope)
        return await self._sight.read(id, key, lambda instance: _fields(instance, queue, redaction), 5.0)


async def _fields(instance: Instance, queue: Queue, redaction: Redaction) -> tuple[str, ...]:
    ids: dict[bytes, None] = {}
    for state in contract(queue.identity).keys:
        sought = Sought(state, "newest", SAMPLE, None)
        listed = await list_ids(instance, queue.id.base, contract(queue.identity), sought)
        ids.update(dict.fromkeys(id for id, _ in listed.members))
    keys = [queue.id.base + id for id in ids]
    sizes = await instance.read([pack("HSTRLEN", key, name) for key in keys for name in ("data", "opts")])
    small = [key for key, data, opts in zip(keys, sizes[::2], sizes[1::2], strict=True) if _fit(data, opts)]
    found: Counter[str] = Counter()
    for fields in await instance.read([pack("HMGET", key, "data", "opts") for key in small]):
        said = zip((b"data", b"opts"), fields or (None, None), strict=True)
        data, opts = (json_or_none(cleaned(redaction, name, raw or b"null")) for name, raw in said)
        found.update(likely(data, opts))
    return tuple(name for name, _ in found.most_common(8))


def _fit(*sizes: object) -> bool:
    return sum(size for size in sizes if isinstance(size, int)) <= LARGEST_FIELD


def _told(queue: Queue, counting: Counting, found: Count) -> Batches:
    batches = [
        Batch(value, counting.grouping.query(value), found.jobs.get(value, Counter()), gone)
        for value, gone in _with_gone(counting.book, found).items()
    ]
    batches.sort(key=lambda batch: (not batch.unfinished, -batch.unfinished, -batch.total, batch.value))
    looked_at = sum(found.looked_at.values())
    total = max(queue.total, looked_at)
    covered = Covered(looked_at, total, _note(queue, found, total))
    return Batches(counting.grouping.text, tuple(batches), covered, found.without, int(counting.book.since * 1000))


def _with_gone(book: Book, found: Count) -> dict[str, Counter[End]]:
    values: dict[str, Counter[End]] = {value: Counter() for value in found.jobs}
    for id, end in book.gone.items():
        for value in book.known.get(id, ()):
            values.setdefault(value, Counter())[end] += 1
    return values


def _note(queue: Queue, found: Count, total: int) -> str:
    looked_at = sum(found.looked_at.values())
    far = f"Looked at {written(looked_at)} of {written(total)} jobs in Redis, those still to run first."
    if found.too_large:
        far += f" {written(found.too_large)} of them are too large to look into."
    return far if found.whole else far + _missing(queue, found)


def _missing(queue: Queue, found: Count) -> str:
    parts: Sequence[str] = [
        f"{written(found.looked_at[state])} of {written(queue.counts.get(state, 0))} {state}"
        for state in ORDER
        if state in FINISHED and found.looked_at[state] < queue.counts.get(state, 0)
    ]
    rest = f" ({', '.join(parts)})" if parts else ""
    further = "Later looks, which know these, go further."
    return f" The newest were taken{rest}: a batch may have more jobs than are counted. {further}"
