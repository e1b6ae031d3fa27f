"""What people decided about a group of failures: resolved, or ignored for a while. Both end by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.errors import Invalid
from core.store.contract import DAY, Shelf
from core.text import printable

SHELF = Shelf("failure-marks", ("is",), most=2000, bytes=4_000_000, age=365 * DAY)
LONGEST_WHY = 500
# Nobody remembers why something is ignored for longer.
LONGEST_IGNORED = 366 * DAY
HIGHEST_RATE = 1_000_000_000


class Standing(StrEnum):
    """Whether somebody should look at a group."""

    OPEN = "open"
    RESOLVED = "resolved"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Mark:
    """Resolved, or ignored until an instant or until so many failures an hour; by whom, when (ms) and why. `returned`
    is when that ended by itself: the group is open again since then."""

    standing: Standing
    at: int
    by: str = ""
    why: str = ""
    until: int | None = None
    rate: int | None = None
    returned: int | None = None

    def __post_init__(self) -> None:
        if len(self.why) > LONGEST_WHY:
            raise Invalid(f"The reason is longer than {LONGEST_WHY} characters.")

    @property
    def holds(self) -> Standing:
        """What the group is now."""
        return self.standing if self.returned is None else Standing.OPEN

    @property
    def sentence(self) -> str:
        """How it stands, without the instants."""
        by = f" by {printable(self.by)}" if self.by else ""
        if self.standing is Standing.RESOLVED:
            return f"Resolved{by}" if self.returned is None else f"Resolved{by}, and it has returned since"
        if self.returned is None:
            return f"Ignored{by}"
        return f"Ignored{by} until it came to {self.rate:,} an hour" if self.rate else f"Ignored{by} for a while"


def ended(mark: Mark, *, now: int, in_an_hour: int, next_failure: int | None) -> int | None:
    """The instant at which the mark ended by itself; None while it holds. `next_failure` is the first failure after
    it was made, `in_an_hour` how many there were in the last hour."""
    if mark.returned is not None:
        return mark.returned
    if mark.standing is Standing.RESOLVED:
        return next_failure
    if mark.until is not None and now >= mark.until:
        return mark.until
    return now if mark.rate is not None and in_an_hour >= mark.rate else None


def ignored(now: int, *, by: str, why: str, span: int | None, rate: int | None) -> Mark:
    """Ignored for so many ms, or until so many an hour, or both. Raises Invalid where neither is said, or it makes
    no sense."""
    if span is None and rate is None:
        raise Invalid("Say for how long, or until how many an hour.", "What is ignored for ever is never seen again.")
    if span is not None and not 0 < span <= LONGEST_IGNORED:
        raise Invalid("It can be ignored for up to a year.")
    if rate is not None and not 0 < rate <= HIGHEST_RATE:
        raise Invalid(f"The failures an hour are 1 to {HIGHEST_RATE:,}.")
    return Mark(Standing.IGNORED, now, by, why, None if span is None else now + span, rate)
