"""The last events, so many and no more: the oldest make room for new ones."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice

from core.feed.event import Event
from core.model import QueueId

MOST = 10_000
BYTES = 16_000_000


class Ring:
    """Events in the order in which they came; their ids follow each other without a gap. `dropped` counts those that
    had to make room; `kept_of` and `dropped_of` say how many of each queue are here, and had to."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._bytes = 0
        self.dropped = 0
        self.kept_of: Counter[QueueId] = Counter()
        self.dropped_of: Counter[QueueId] = Counter()

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    @property
    def last(self) -> int:
        """The newest id; 0 before the first event."""
        return self._events[-1].id if self._events else self.dropped

    @property
    def before(self) -> int:
        """The id before the oldest event that is still here: who has seen it has missed nothing."""
        return self._events[0].id - 1 if self._events else self.dropped

    def put(self, event: Event) -> None:
        self._events.append(event)
        self._bytes += event.size
        self.kept_of[event.queue] += 1
        while len(self._events) > MOST or self._bytes > BYTES:
            gone = self._events.popleft()
            self._bytes -= gone.size
            self.dropped += 1
            self.kept_of[gone.queue] -= 1
            self.dropped_of[gone.queue] += 1

    def after(self, id: int) -> Iterator[Event]:
        """Those that came after that one, as far as they are still here."""
        return islice(self._events, max(0, id - self.before), None)
