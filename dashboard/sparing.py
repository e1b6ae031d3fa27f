"""Lines of the audit log that anybody can cause: each while they are few, and in a flood one a minute, which tells how
many it stands for."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

EVERY = 60.0
# Names of a proxy may be many; of those that were quiet for longest it is forgotten how many lines they have left.
MOST_NAMES = 1000


@dataclass(slots=True)
class _Kept:
    room: float
    since: float
    silent: int = 0


class Sparing:
    """Counts what is not to be written. `free` lines are, name by name, before it comes to one in `EVERY` seconds."""

    def __init__(self, free: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free, self._clock = free, clock
        self._names: OrderedDict[str, _Kept] = OrderedDict()

    def unwritten(self, name: str = "") -> int | None:
        """How many were left out before this one, which is to be written; None where it is to be left out too."""
        now = self._clock()
        kept = self._names.setdefault(name, _Kept(float(self._free), now))
        self._names.move_to_end(name)
        if len(self._names) > MOST_NAMES:
            self._names.popitem(last=False)
        kept.room, kept.since = min(self._free, kept.room + (now - kept.since) / EVERY), now
        if kept.room < 1:
            kept.silent += 1
            return None
        silent, kept.room, kept.silent = kept.silent, kept.room - 1, 0
        return silent
