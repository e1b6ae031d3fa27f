"""Which runs come next, and which should have been: from the timing, as the queue's library would count them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo
from itertools import islice

from core.dialects.since import at_least
from core.model import Dialect, Identity
from core.schedulers.cron import Reader, Unreadable, cron
from core.schedulers.scheduler import Head, Timing, Upcoming
from core.schedulers.times import CannotTell, after, before
from core.schedulers.zones import zone

NEXT = 5
LAST = 60
# Beyond this, years after 9000, no instant can be shown.
LATEST = 200_000_000_000_000
_NO_ZONE = "No time zone is set: the workers count in their own, which Redis does not hold; these are counted in UTC."
_OFF = (
    "Its pattern names no such instant in UTC: its workers count in another zone, or it was made to run at once. "
    "So no more can be told."
)
_CLOCKS = "Further on the clocks of its zone change in a way that libraries count differently."


def reader_of(identity: Identity) -> Reader:
    """Which reading of patterns the queue's library has."""
    is_6 = identity.dialect is Dialect.MQ5 and at_least(identity, 6) and not identity.also_before_6
    return Reader.V5 if is_6 else Reader.V4


def upcoming(head: Head, identity: Identity, now: int, ran: int | None) -> Upcoming:
    """The next runs: the first is what Redis holds, the others follow from it, or from now if that is over. `ran`:
    how many there were already, for the limit."""
    timing, instants, note = head.timing, [head.next], ""
    most = NEXT if timing.limit is None or ran is None else max(1, min(NEXT, timing.limit - ran))
    try:
        note = _doubt(head, identity)
        if note is not _OFF:
            instants += islice(following(timing, reader_of(identity), _since(head, now)), most - 1)
    except CannotTell:
        note = _CLOCKS
    except Unreadable as error:
        note = f"No more can be told: {error}"
    if timing.end is not None:
        instants = [at for at in instants if at <= timing.end] or instants[:1]
    if not note and len(instants) < NEXT:
        note = _why_so_few(timing, len(instants), most)
    return Upcoming(tuple(instants), note)


def _since(head: Head, now: int) -> int:
    """The instant after which the second run comes: a length goes on in its own steps, however late the first is."""
    late, every = max(0, now - head.next), head.timing.every
    return head.next + (late // every * every if every else late)


def _why_so_few(timing: Timing, told: int, most: int) -> str:
    if timing.limit is not None and told == most:
        return f"Then it has run its {timing.limit:,} times." if told > 1 else "It is the last one of its limit."
    return "Then it ends." if timing.end is not None else "Nothing follows within 40 years."


def _doubt(head: Head, identity: Identity) -> str:
    """What a pattern without a zone leaves open."""
    timing = head.timing
    if timing.pattern is None or timing.tz is not None:
        return ""
    fits = next(after(cron(timing.pattern, reader_of(identity)), UTC, head.next - 1), None) == head.next
    return _NO_ZONE if fits else _OFF


def following(timing: Timing, reader: Reader, instant: int) -> Iterator[int]:
    """The runs after that instant. Raises Unreadable for a pattern or zone that is none, CannotTell on the way."""
    if timing.every is not None and timing.every > 0:
        return _slots(instant, timing.every)
    if timing.pattern is None:
        raise Unreadable("It has neither a pattern nor a length.")
    return after(cron(timing.pattern, reader), _zone(timing), max(instant, timing.start or 0))


def preceding(head: Head, reader: Reader, most: int) -> list[int]:
    """The instants at which it should have run before its next run, the latest first, as far as they can be told."""
    timing, found = head.timing, list[int]()
    try:
        for at in islice(_backward(timing, reader, head.next), most):
            if timing.start is not None and at < timing.start:
                break
            found.append(at)
    except (CannotTell, Unreadable):
        pass  # what cannot be told is not looked for; the page says how many were
    return found


def _backward(timing: Timing, reader: Reader, instant: int) -> Iterator[int]:
    if timing.every is not None and timing.every > 0:
        return _slots(instant, -timing.every)
    if timing.pattern is None:
        return iter(())
    return before(cron(timing.pattern, reader), _zone(timing), instant)


def _slots(instant: int, step: int) -> Iterator[int]:
    while 0 <= (instant := instant + step) < LATEST:
        yield instant


def _zone(timing: Timing) -> tzinfo:
    found = UTC if timing.tz is None else zone(timing.tz)
    if found is None:
        raise Unreadable(f"The time zone {timing.tz!r:.60} is not known here.")
    return found
