"""What the jobs of a state say: the words that completion offers, from a bounded sample of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.dialects.contract import contract
from core.errors import Invalid, TickbirdError
from core.instance import Instance, pack
from core.job import JobRow
from core.jobs.listing import Order, Sought
from core.jobs.pages import read_page
from core.model import Queue, QueueId, State
from core.redaction.fields import cleaned
from core.redaction.redaction import HIDDEN, Redaction
from core.sight import Sight
from core.text import json_or_none, raw_bytes

# The newest so many jobs and the oldest so many; of their data those that are not longer than this (bytes).
ENDS: tuple[tuple[Order, int], ...] = (("newest", 100), ("oldest", 50))
LARGEST_DATA = 4_096
MOST_PATHS, MOST_VALUES, DEEPEST = 60, 12, 5
# A list in somebody's data may be long: its first elements tell what is in it.
MOST_ELEMENTS = 5
LONGEST_VALUE = 80
# Where no queue is named: of how many queues, those with the most jobs first.
MOST_QUEUES = 5
# Words change slowly, and whoever types asks again and again (seconds).
FRESH = 30.0
_STEP = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Said:
    """A value, and how many of the jobs that were looked at have it."""

    value: str
    jobs: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`values` by the word of a query that they follow: `name`, `worker`, `data.user.id`. From `looked_at` jobs of
    `total`; of `unread` of them the data are too long to be looked into."""

    looked_at: int
    total: int
    unread: int
    values: dict[str, tuple[Said, ...]]


async def vocabulary(sight: Sight, id: QueueId, state: State) -> Vocabulary:
    """The words of a state. Raises NotFound, Unavailable, and Invalid for a state that the queue has not."""
    queue, hides = sight.queue(id), sight.redaction(id)
    if state not in contract(queue.identity).keys:
        raise Invalid(f"{queue.identity.label} has no state {state.value!r}.")
    return await sight.read(id, ("vocabulary", state), lambda i: read_vocabulary(i, queue, state, hides), FRESH)


async def everywhere(sight: Sight) -> Vocabulary:
    """The words of all queues, from the failed jobs and the fullest state of those that hold the most. What cannot be
    read now is left out, and not among those that were looked at."""
    largest = sorted(sight.queues(), key=lambda queue: -sum(queue.counts.values()))[:MOST_QUEUES]
    asked = [(queue.id, state) for queue in largest for state in _states(queue)]
    answers = await asyncio.gather(*(vocabulary(sight, id, state) for id, state in asked), return_exceptions=True)
    found: dict[str, Counter[str]] = {"name": Counter(), "worker": Counter()}
    looked_at = total = unread = 0
    for answer in answers:
        if isinstance(answer, Vocabulary):
            looked_at, total, unread = looked_at + answer.looked_at, total + answer.total, unread + answer.unread
            for path, said in answer.values.items():
                found.setdefault(path, Counter()).update({each.value: each.jobs for each in said})
        elif not isinstance(answer, TickbirdError):
            raise answer
    return Vocabulary(looked_at, total, unread, _frequent(found))


def _states(queue: Queue) -> list[State]:
    fullest = max(queue.counts, key=lambda state: queue.counts[state], default=State.FAILED)
    return [state for state in dict.fromkeys((State.FAILED, fullest)) if queue.counts.get(state)]


async def read_vocabulary(instance: Instance, queue: Queue, state: State, hides: Redaction) -> Vocabulary:
    """The same from Redis."""
    pages = [await read_page(instance, queue, Sought(state, end, most, None)) for end, most in ENDS]
    rows = list({row.id: row for page in pages for row in page.rows}.values())
    short = [row for row in rows if row.data_size is not None and row.data_size <= LARGEST_DATA]
    asked = [pack(b"HGET", queue.id.base + raw_bytes(row.id), b"data") for row in short]
    found: dict[str, Counter[str]] = {"name": _texts(rows, "name"), "worker": _texts(rows, "worker")}
    for raw in await instance.read(asked):
        if isinstance(raw, bytes):
            # Once a job, however often it stands in a list of the job's.
            for path, value in set(_leaves(json_or_none(cleaned(hides, b"data", raw)), ("data",))):
                found.setdefault(path, Counter())[value] += 1
    unread = sum(row.data_size is not None for row in rows) - len(short)
    return Vocabulary(len(rows), max((page.covered.total for page in pages), default=0), unread, _frequent(found))


def _texts(rows: Sequence[JobRow], field: str) -> Counter[str]:
    texts = (getattr(row, field) for row in rows)
    return Counter(text for text in texts if text and len(text) <= LONGEST_VALUE)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each scalar, by the words of a query that lead to it."""
    if isinstance(value, dict):
        for key, part in value.items():
            if len(path) <= DEEPEST and _STEP.fullmatch(key):
                yield from _leaves(part, (*path, key))
    elif isinstance(value, list):
        for part in value[:MOST_ELEMENTS]:
            yield from _leaves(part, path) if not isinstance(part, list) else ()
    elif len(path) > 1 and value is not None and value != HIDDEN:
        text = value if isinstance(value, str) else json.dumps(value)
        yield ".".join(path), text if len(text) <= LONGEST_VALUE else ""


def _frequent(found: dict[str, Counter[str]]) -> dict[str, tuple[Said, ...]]:
    """The words with the most jobs, and their most frequent values."""
    known = sorted((path for path in found if found[path]), key=lambda path: (-found[path].total(), path))
    kept = [path for path in ("name", "worker") if found[path]]
    kept += [path for path in known if path.startswith("data.")][:MOST_PATHS]
    return {path: tuple(Said(v, n) for v, n in found[path].most_common(MOST_VALUES) if v) for path in kept}
