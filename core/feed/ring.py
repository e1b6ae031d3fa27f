"""The last events, so many and no more: the oldest make room for new ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from core.feed.event import Event

MOST = 10_000
BYTES = 16_000_000


class Ring:
    """Events in the order in which they came; their ids follow each other without a gap. `dropped` counts those that
    had to make room."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._bytes = 0
        self.dropped = 0

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
        while len(self._events) > MOST or self._bytes > BYTES:
            self._bytes -= self._events.popleft().size
            self.dropped += 1

    def after(self, id: int) -> Iterator[Event]:
        """Those that came after that one, as far as they are still here."""
        return islice(self._events, max(0, id - self.before), None)
