"""A list of schedulers: which are in trouble, in which order they stand, which words they are found by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from core.errors import Invalid
from core.model import Health, Queue, QueueId
from core.schedulers.cron import Reader
from core.schedulers.runs import reader_of
from core.schedulers.scheduler import Head, Kind, Pending, Row
from core.schedulers.words import sentence, unreadable
from core.schedulers.zones import zone
from core.text import printable
from core.words import span

# A free worker takes what is due within this time, at the longest.
LATE = 5_000


def listed(heads: Sequence[Head], queues: Mapping[QueueId, Queue], words: str, now: int) -> list[Row]:
    """All that fit the words, those in trouble first, then by their next run."""
    alike = Counter(map(_likeness, heads))
    rows = [_row(queues[head.queue], head, alike[_likeness(head)] - 1, now) for head in heads]
    wanted = words.casefold().split()
    fitting = [row for row in rows if not wanted or _fits(row, wanted)]
    return sorted(fitting, key=lambda row: (not row.trouble, row.head.next, row.head.queue, row.head.key))


def row_of(queue: Queue, head: Head, now: int) -> Row:
    """One alone, of which it is not known whether others are like it."""
    return _row(queue, head, 0, now)


def position(cursor: str | None) -> int:
    """Where a page begins. Raises Invalid."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 8):
        raise Invalid("This cursor is not one that a page of schedulers gave.")
    return int(cursor)


def _likeness(head: Head) -> tuple[QueueId, str, str | None, int | None, str | None]:
    timing = head.timing
    return head.queue, head.name, timing.pattern, timing.every, timing.tz


def _row(queue: Queue, head: Head, twins: int, now: int) -> Row:
    late = now - head.next
    overdue = late if late > LATE else 0
    said = sentence(head.timing, reader_of(queue.identity))
    return Row(head, said, overdue, (), _trouble(queue, head, overdue), twins)


def _trouble(queue: Queue, head: Head, overdue: int) -> tuple[str, ...]:
    said: list[str] = []
    if head.pending is Pending.MISSING:
        said.append("It will never run again: the job that stands for its next run is gone. Save it anew to mend it.")
    elif head.pending is Pending.FINISHED:
        said.append("It will never run again: its last job has finished, and none was made to follow it.")
    if overdue:
        said.append(f"Overdue by {span(overdue)}{_because(queue, head)}.")
    if head.kind is Kind.REPEATABLE and reader_of(queue.identity) is Reader.V5:
        said.append("Workers of BullMQ 6 do not go on with repeatables: make it a scheduler.")
    if not head.hashed and not head.certain:
        said.append(f"What it is cannot be told from its key, {printable(head.key[:80])}.")
    if head.timing.tz is not None and zone(head.timing.tz) is None:
        said.append(f"The time zone {printable(head.timing.tz[:60])!r} is not known here; workers may fail on it.")
    if why := unreadable(head.timing, reader_of(queue.identity)):
        said.append(why)
    return tuple(said)


def _because(queue: Queue, head: Head) -> str:
    if queue.paused:
        return ": its queue is paused"
    if queue.verdict.health is Health.UNATTENDED or (queue.workers is not None and queue.workers.total == 0):
        return ": nobody is consuming its queue"
    return ": its job waits in line" if head.pending is Pending.DUE else ""


def _fits(row: Row, wanted: Sequence[str]) -> bool:
    head, timing = row.head, row.head.timing
    parts = (head.key, head.name, head.queue.name, timing.pattern or "", timing.tz or "", row.sentence, head.kind)
    text = " ".join(parts).casefold()
    return all(word in text for word in wanted)
