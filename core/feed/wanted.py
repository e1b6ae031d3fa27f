"""Which events somebody wants to see."""

from __future__ import annotations

from dataclasses import dataclass

from core.feed.event import KINDS, OTHER, Event
from core.model import QueueId
from core.query.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Wanted:
    """`kinds`: none means all. `queue` is one queue, `queues` a pattern for their names; `job` an id, `name` a pattern
    for the names of jobs. In a pattern `*` stands for anything."""

    kinds: frozenset[str] = frozenset()
    queue: QueueId | None = None
    queues: str = ""
    job: str = ""
    name: str = ""

    def takes(self, event: Event) -> bool:
        """Whether this event is one of them."""
        return (
            (not self.kinds or kind_of(event) in self.kinds)
            and (self.queue is None or event.queue == self.queue)
            and (not self.job or event.job_id == self.job)
            and _fits(self.queues, event.queue.name)
            and _fits(self.name, event.name)
        )


def kind_of(event: Event) -> str:
    """Its kind, or `other` for those that an application made up."""
    return event.kind if event.kind in _KNOWN else OTHER


_KNOWN = frozenset(KINDS)


def _fits(pattern: str, said: str | None) -> bool:
    return not pattern or (said is not None and Pattern(tuple(pattern.split("*"))).fits(said))
