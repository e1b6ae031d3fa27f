"""One line of the audit log: who did, or was kept from doing, what to which queue, why, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.model import QueueId

# A line must fit; what people and queues are called may be long.
LONGEST = 1000
# What is written down besides the verbs that need a permission of their own.
BESIDE = ("login", "reveal", "resolve", "ignore", "reopen", "pause-operation", "resume-operation", "cancel-operation")


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
    none or several are meant; `above` are the other queues with parents of what was acted on, which learned of it."""

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
    above: tuple[str, ...] = ()


def place_of(id: QueueId) -> str:
    """How an entry names a queue."""
    return f"{id.instance}/{id.prefix}/{id.name}"[:LONGEST]


def queue_of(place: str) -> QueueId:
    """The queue that an entry names so."""
    instance, _, rest = place.partition("/")
    prefix, _, name = rest.partition("/")
    return QueueId(instance, prefix, name)


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
            and any(self.queue.lower() in queue.lower() for queue in (entry.queue, *entry.above))
            and self.ended in ("", entry.ended)
        )
