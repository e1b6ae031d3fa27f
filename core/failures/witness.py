"""Turns what a book learns into evidence that stays: who has left the failed state, and one failure of each group in
its own words."""

from __future__ import annotations

from heapq import nlargest

from core.failures.book import Book
from core.failures.evidence import LONGEST_MESSAGE, LONGEST_STACK, Example, heard, left
from core.failures.fingerprint import Fingerprint
from core.failures.heads import LARGEST
from core.failures.keeping import Keeping
from core.instance import Instance, pack
from core.model import QueueId
from core.redaction.fields import cleaned, cleaned_text
from core.redaction.redaction import Redaction
from core.text import json_or_none, nearest_bytes, text

# So many groups of a queue, the largest ones, are heard, a few at each look.
MOST_HEARD, AT_ONCE = 100, 10
SAID = (b"failedReason", b"stacktrace")


def account(keeping: Keeping, id: QueueId, book: Book, now: int) -> None:
    """Count those of the book that are gone."""
    gone, book.gone = book.gone, []
    instants: dict[Fingerprint, list[int]] = {}
    for how, at in gone:
        instants.setdefault(how, []).append(at)
    for how, those in instants.items():
        keeping.learned(how.key, left(keeping.evidence.get(how.key), how, id, those, now))


def unheard(keeping: Keeping, book: Book) -> list[tuple[Fingerprint, bytes, int]]:
    """The newest failure, and its instant, of some groups of which no example is kept."""
    largest = nlargest(MOST_HEARD, book.groups().items(), key=lambda one: len(one[1].jobs))
    missing = [(how, those) for how, those in largest if those.jobs and not has_example(keeping, how)]
    return [(how, those.sorted()[-1][1], those.jobs[-1][0]) for how, those in missing[:AT_ONCE]]


async def hear(
    instance: Instance,
    id: QueueId,
    redaction: Redaction,
    keeping: Keeping,
    chosen: list[tuple[Fingerprint, bytes, int]],
) -> None:
    """Keep what these failures say. Raises Unavailable."""
    lengths = iter(await instance.read([pack(b"HSTRLEN", id.base + job, f) for _, job, _ in chosen for f in SAID]))
    asked = []
    for _, job, _ in chosen:
        short = [f if (next(lengths) or 0) <= LARGEST else b"" for f in SAID]
        asked.append(pack(b"HMGET", id.base + job, *short))
    for (how, job, at), reply in zip(chosen, await instance.read(asked), strict=True):
        reason, stacks = (value or b"" for value in (reply or (None, None)))
        message = text(cleaned(redaction, b"failedReason", reason))[:LONGEST_MESSAGE]
        example = Example(id, text(job), message, _last(redaction, stacks)[:LONGEST_STACK])
        keeping.learned(how.key, heard(keeping.evidence.get(how.key), how, at, example))


def has_example(keeping: Keeping, how: Fingerprint) -> bool:
    """Whether one failure of the group is kept in its own words."""
    kept = keeping.evidence.get(how.key)
    return kept is not None and kept.example is not None


def _last(redaction: Redaction, stacks: bytes) -> str:
    """The last stack as it was, in whole, and only then without what must not be seen."""
    traces = json_or_none(stacks)
    last = traces[-1] if isinstance(traces, list) and traces and isinstance(traces[-1], str) else ""
    return text(cleaned_text(redaction, b"stacktrace", nearest_bytes(last)))
