"""One of several exporters that share the queues among themselves, as kube-state-metrics does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Shard:
    """The `number`-th of `total`, counted from 0."""

    number: int = 0
    total: int = 1

    def __post_init__(self) -> None:
        if self.total < 1 or not 0 <= self.number < self.total:
            raise Invalid(
                f"There is no shard {self.number} of {self.total}.",
                "shard counts from 0 and must be smaller than total_shards.",
            )

    def has(self, base: bytes) -> bool:
        """Whether the queue with this base key is ours. The same queue has the same answer in every process."""
        if self.total == 1:
            return True
        return int.from_bytes(hashlib.sha256(base).digest()[:8], "big") % self.total == self.number


# Nobody shares: every queue is ours.
ALL = Shard()
