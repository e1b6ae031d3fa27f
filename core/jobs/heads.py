"""The beginnings of large fields, remembered for a moment: a page that follows a job must not move 10 MB a second."""

from __future__ import annotations

import time
from collections import OrderedDict

SECONDS = 15.0
MOST = 64
# What a page shows of a field; together a few megabytes. Whoever wants more asks for it once.
LONGEST = 65_536


class Heads:
    """What was read of `(key, field)` of a given size; forgotten after a while, as an edit may keep the size."""

    def __init__(self) -> None:
        self._heads: OrderedDict[tuple[bytes, bytes, int], tuple[float, bytes]] = OrderedDict()

    def get(self, key: bytes, name: bytes, size: int) -> bytes | None:
        kept = self._heads.get((key, name, size))
        return kept[1] if kept and time.monotonic() - kept[0] < SECONDS else None

    def keep(self, key: bytes, name: bytes, head: tuple[int, bytes]) -> None:
        """Remember a field's true size and its beginning."""
        size, beginning = head
        if len(beginning) > LONGEST:
            return
        self._heads[(key, name, size)] = (time.monotonic(), beginning)
        while len(self._heads) > MOST:
            self._heads.popitem(last=False)
