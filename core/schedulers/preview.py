"""What a timing would mean, before anything is written: its sentence and its next runs, or why it is none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from core.errors import Invalid
from core.model import Identity
from core.schedulers.cron import Unreadable
from core.schedulers.runs import NEXT, following, reader_of
from core.schedulers.scheduler import Timing
from core.schedulers.times import CannotTell
from core.schedulers.words import sentence


@dataclass(frozen=True, slots=True)
class Preview:
    """The sentence is empty where there are no words for it. `note` says what the instants rest on, or lack."""

    sentence: str
    instants: tuple[int, ...]
    note: str = ""


def preview(timing: Timing, identity: Identity, now: int) -> Preview:
    """Raises Invalid for what is no schedule."""
    if (timing.pattern is None) == (timing.every is None):
        raise Invalid("A scheduler has either a pattern, such as 0 3 * * *, or a length, such as every 5 minutes.")
    reader = reader_of(identity)
    instants: list[int] = []
    try:
        for at in islice(following(timing, reader, now), NEXT):
            if timing.end is not None and at > timing.end:
                break
            instants.append(at)
    except Unreadable as error:
        raise Invalid(f"This is no schedule: {error}") from None
    except CannotTell:
        return Preview(sentence(timing, reader), tuple(instants), "Further on libraries count differently.")
    return Preview(sentence(timing, reader), tuple(instants), _note(timing, instants))


def _note(timing: Timing, instants: list[int]) -> str:
    if not instants:
        return "It never runs: no such day comes within 40 years, or not before its end."
    if timing.pattern is not None and timing.tz is None:
        return "Without a time zone the workers count in their own; these instants are counted in UTC."
    return "Lengths are counted from when it is saved." if timing.every is not None else ""
