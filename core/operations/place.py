"""Where an operation stands within a scope, as values that outlive the process that walks there."""

from __future__ import annotations

from dataclasses import dataclass

from core.model import State


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a walk stands. In a sorted set: behind this score and id. In a list: so many are left, so many were passed
    over from the tail on, the last of them these, and whether one of the newest that belong was met."""

    behind: tuple[bytes, bytes] | None = None
    left: int = 0
    offset: int = 0
    stayed: tuple[bytes, ...] = ()
    at_anchors: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A walk's mark, how many jobs it has handled, and the slice that is on its way: how many jobs were asked for, and
    which of them a script may have acted on without anybody knowing. `met` are those that fitted the query, and
    `tolerated` how far their number was off when somebody let it go on all the same. `state` is the flight's,
    where the scope has none."""

    mark: Mark | None = None
    walked: int = 0
    asked_for: int = 0
    flight: tuple[bytes, ...] = ()
    met: int = 0
    tolerated: int = 0
    state: State | None = None


START = Place()
