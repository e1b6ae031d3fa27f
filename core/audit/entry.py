"""One line of the audit log: who did, or was kept from doing, what to which queue, why, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# What is written down besides the verbs that need a permission of their own.
BESIDE = ("login", "resolve", "ignore", "reopen", "pause-operation", "resume-operation", "cancel-operation")


class Ended(StrEnum):
    """How an act ended. `BEGUN` stays where nobody could write down the end: it may have happened or not."""

    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` and `ended_at` are instants in ms. `verb` is a mutation's or an operation's action, `pause-operation` and
    the like, `login`, `reveal`, or a method and path that was denied; `queue` is `instance/prefix/name`, empty where
    none or several are meant."""

    id: str
    at: int
    who: str
    role: str
    verb: str
    queue: str = ""
    job: str = ""
    count: int | None = None
    reason: str = ""
    ended: Ended = Ended.BEGUN
    said: str = ""
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries: of this person, verb and ending, and whose queue has these words in it; empty for any."""

    who: str = ""
    verb: str = ""
    queue: str = ""
    ended: str = ""

    def fits(self, entry: Entry) -> bool:
        """Whether the entry is one of them."""
        return (
            self.who in ("", entry.who)
            and self.verb in ("", entry.verb)
            and self.queue.lower() in entry.queue.lower()
            and self.ended in ("", entry.ended)
        )
