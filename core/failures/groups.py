"""Failures that are the same, counted together across queues, with what is known of those that have left."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest, nsmallest

from core.failures.book import Book, Member
from core.failures.evidence import Evidence
from core.failures.fingerprint import Fingerprint
from core.failures.marks import Mark, Standing, ended
from core.model import QueueId
from core.text import text

# The columns of the table, in milliseconds: 5 minutes, 1 hour, 6 hours, 24 hours, 7 days.
WINDOWS = (300_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000)
HOUR = WINDOWS[1]
EXAMPLES = 5
# The trend: so many slots of five minutes each, the last one ending now.
SLOTS, SLOT = 24, 300_000
# So many groups of each standing are worked out; all are counted.
MOST_GROUPS = 500

Piece = tuple[QueueId, Sequence[Member]]


@dataclass(frozen=True, slots=True)
class Group:
    """`recent` counts those of the last of each window, `trend` those of each slot, the oldest first. `queues` says
    how many each queue has, `examples` are the newest: queue, id, instant. All these are failed now; `gone` have left
    that state since they were first seen, `gone_recent` of them in each window. Instants in ms since the epoch."""

    fingerprint: Fingerprint
    count: int
    first: int
    last: int
    recent: tuple[int, ...]
    trend: tuple[int, ...]
    queues: tuple[tuple[QueueId, int], ...]
    examples: tuple[tuple[QueueId, str, int], ...]
    gone: int = 0
    gone_recent: tuple[int, ...] = (0,) * len(WINDOWS)
    mark: Mark | None = None
    evidence: Evidence | None = None

    @property
    def key(self) -> str:
        return self.fingerprint.key

    @property
    def standing(self) -> Standing:
        """Whether somebody should look at it."""
        return self.mark.holds if self.mark else Standing.OPEN

    @property
    def in_an_hour(self) -> int:
        """Failures of the last hour, those that left included."""
        return self.recent[1] + self.gone_recent[1]


@dataclass(frozen=True, slots=True)
class Kept:
    """What our own store has of groups, by their keys."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


NOTHING_KEPT = Kept()


def grouped(books: Mapping[QueueId, Book], now: int, kept: Kept = NOTHING_KEPT) -> tuple[Group, ...]:
    """The groups, those with the most failures in the last hour first, then by size; of each standing the first
    `MOST_GROUPS`."""
    pieces = _pieces(books)
    keys = {how.key for how in pieces}
    drafts = [_draft(how, parts, now, kept) for how, parts in pieces.items()]
    drafts += [_draft(e.how, (), now, kept) for key, e in kept.evidence.items() if key not in keys and e.gone]
    chosen = [
        draft
        for standing in Standing
        for draft in nsmallest(MOST_GROUPS, (d for d in drafts if d.standing is standing), key=_order)
    ]
    return tuple(sorted((_whole(draft, pieces.get(draft.fingerprint, ()), now) for draft in chosen), key=_order))


def group_of(books: Mapping[QueueId, Book], key: str, now: int, kept: Kept = NOTHING_KEPT) -> Group | None:
    """The one of that key, however small; None where nothing is known of it."""
    found = next(((how, parts) for how, parts in _pieces(books).items() if how.key == key), None)
    if found is None:
        evidence = kept.evidence.get(key)
        return _draft(evidence.how, (), now, kept) if evidence and evidence.gone else None
    return _whole(_draft(*found, now, kept), found[1], now)


def is_all_of(books: Mapping[QueueId, Book], key: str, kept: Kept, has: Callable[[QueueId], bool]) -> bool:
    """Whether all failures of the group that are known, gone ones too, are of such queues."""
    parts = next((parts for how, parts in _pieces(books).items() if how.key == key), [])
    evidence = kept.evidence.get(key)
    return all(has(queue) for queue, _ in parts) and (evidence is None or evidence.is_all_of(has))


def newest(
    books: Mapping[QueueId, Book], key: str, since: int, most: int
) -> tuple[list[tuple[QueueId, str, int]], int]:
    """The newest so many jobs of the group that failed at that instant or later: queue, id, instant; and how many such
    there are."""
    parts = next((parts for how, parts in _pieces(books).items() if how.key == key), [])
    total = sum(_since(jobs, since) for _, jobs in parts)
    last = ((at, id, queue) for queue, jobs in parts for at, id in jobs[-min(most, _since(jobs, since) or 1) :])
    chosen = nlargest(most, (one for one in last if one[0] >= since))
    return [(queue, text(id), at) for at, id, queue in chosen], total


def _pieces(books: Mapping[QueueId, Book]) -> dict[Fingerprint, list[Piece]]:
    pieces: dict[Fingerprint, list[Piece]] = {}
    for queue, book in books.items():
        for how, those in book.groups().items():
            pieces.setdefault(how, []).append((queue, those.sorted()))
    return pieces


def _draft(how: Fingerprint, parts: Iterable[Piece], now: int, kept: Kept) -> Group:
    """What the order and the standing of a group need."""
    parts, key = list(parts), how.key
    evidence = kept.evidence.get(key)
    recent = tuple(sum(_since(jobs, now - window + 1) for _, jobs in parts) for window in WINDOWS)
    gone = tuple(evidence.recent(now - window) for window in WINDOWS) if evidence else (0,) * len(WINDOWS)
    first = min((jobs[0][0] for _, jobs in parts), default=evidence.first if evidence else 0)
    last = max((jobs[-1][0] for _, jobs in parts), default=evidence.last if evidence else 0)
    group = Group(
        how,
        sum(len(jobs) for _, jobs in parts),
        min(first, evidence.first) if evidence else first,
        max(last, evidence.last) if evidence else last,
        recent,
        (0,) * SLOTS,
        tuple((queue, 0) for queue in evidence.queues) if evidence and not parts else (),
        (),
        evidence.gone if evidence else 0,
        gone,
        evidence=evidence,
    )
    mark = kept.marks.get(key)
    return replace(group, mark=_judged(mark, group, parts, now)) if mark else group


def _judged(mark: Mark, group: Group, parts: Sequence[Piece], now: int) -> Mark:
    """The mark, ended where it did so by itself."""
    after = [jobs[at][0] for _, jobs in parts if (at := bisect_left(jobs, (mark.at + 1, b""))) < len(jobs)]
    next_failure = min(after, default=group.last if group.last > mark.at else None)
    returned = ended(mark, now=now, in_an_hour=group.in_an_hour, next_failure=next_failure)
    return mark if returned == mark.returned else replace(mark, returned=returned)


def _whole(draft: Group, parts: Sequence[Piece], now: int) -> Group:
    if not parts:
        return draft
    edges = [now - SLOT * left + 1 for left in range(SLOTS, 0, -1)]
    trend = [0] * SLOTS
    for _, jobs in parts:
        counts = [_since(jobs, edge) for edge in edges] + [_since(jobs, now + 1)]
        trend = [sum_ + a - b for sum_, a, b in zip(trend, counts, counts[1:], strict=False)]
    newest = nlargest(EXAMPLES, ((at, id, queue) for queue, jobs in parts for at, id in jobs[-EXAMPLES:]))
    queues = sorted(((queue, len(jobs)) for queue, jobs in parts), key=lambda one: (-one[1], one[0]))
    examples = tuple((queue, text(id), at) for at, id, queue in newest)
    return replace(draft, trend=tuple(trend), queues=tuple(queues), examples=examples)


def _since(jobs: Sequence[Member], instant: int) -> int:
    return len(jobs) - bisect_left(jobs, (instant, b""))


def _order(group: Group) -> tuple[int, int, str]:
    return -group.in_an_hour, -(group.count + group.gone), group.key
