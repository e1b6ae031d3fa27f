"""What is recorded of an operation, so that another process can show it and go on exactly where it stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.model import QueueId
from core.operations.canary import Bird
from core.operations.operation import Skip, Status, Told
from core.operations.place import START, Place
from core.operations.request import Request
from core.operations.scope import Scope
from core.store.contract import Record, Shelf
from core.store.shapes import read, written

# By whom the record says that it is what the retention rules want; a person may be called so as well.
RETENTION = "retention"
# How many operations are remembered.
REMEMBERED = 200
# What was previewed is written once; the progress every moment; before each slice only what is new since then.
OPERATIONS = Shelf("operations", ("frozen", "progress", "since"), most=REMEMBERED, bytes=64 * 1024 * 1024)
# What somebody asked of an operation that another Tickbird runs; whoever runs it takes the wish away.
WISHES = Shelf("wishes", ("wish",), most=200, bytes=64 * 1024, age=60_000)


@dataclass(frozen=True, slots=True)
class Example:
    """A job by its queue and id."""

    queue: QueueId
    id: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """What was previewed. `addresses` are those of the instances then: an operation must not go on elsewhere. `sample`
    are some of the jobs that fitted the query."""

    request: Request
    scopes: tuple[Scope, ...]
    created: int
    addresses: Mapping[str, str] = field(default_factory=dict)
    sample: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation has cost: seconds spent, slices, the largest in jobs and the longest in seconds."""

    spent: float = 0.0
    slices: int = 0
    largest: int = 0
    longest: float = 0.0


FREE = Cost()


@dataclass(frozen=True, slots=True)
class Progress:
    """How it stands. `at` is the number of the scope that is under way and `place` where in it; `books` are done and
    passed over of each scope, by its number. `error` is the first that ended a scope early. `birds` went first, and
    `passed` says that nothing waits for them. `listed` skips are kept on so many `sheets`."""

    status: Status
    started: int | None = None
    finished: int | None = None
    trouble: str = ""
    error: str = ""
    done: int = 0
    unconfirmed: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[Skip, ...] = ()
    books: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    at: int = 0
    place: Place = START
    cost: Cost = FREE
    told: tuple[Told, ...] = ()
    birds: tuple[Bird, ...] = ()
    passed: bool = False
    listed: int = 0
    unlisted: int = 0
    sheets: int = 0

    def since(self, before: Progress) -> Progress:
        """Only what is new since then; the rest is as it was."""
        books = {number: book for number, book in self.books.items() if before.books.get(number) != book}
        return replace(self, examples=self.examples[len(before.examples) :], books=books)

    def after(self, before: Progress) -> Progress:
        """The whole again, of what is new since then; an example may have come with both."""
        examples = tuple(dict.fromkeys(before.examples + self.examples))
        return replace(self, examples=examples, books={**before.books, **self.books})


def opened(record: Record, frozen: Frozen | None = None) -> tuple[Frozen, Progress]:
    """What the record holds. Raises Invalid where it is another version's, or half of it is missing."""
    frozen = frozen or read(Frozen, record.parts.get("frozen", ""))
    progress = read(Progress, record.parts.get("progress", ""))
    since = record.parts.get("since")
    return frozen, read(Progress, since).after(progress) if since else progress


def parts(frozen: Frozen | None, progress: Progress) -> dict[str, str]:
    """The parts to write for the whole progress, and for what was previewed where that is not written yet."""
    whole = {"progress": written(progress), "since": ""}
    return {"frozen": written(frozen), **whole} if frozen else whole
