"""Which master holds which slots, as `CLUSTER SLOTS` tells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from core.cluster.slots import SLOTS
from core.text import text

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Topology:
    """`starts` are the first slots of ranges, in order; `ends` and `owners` belong to them. `replicas` may tell who is
    the master once it is gone."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    owners: tuple[Address, ...]
    replicas: tuple[Address, ...] = ()

    @classmethod
    def read(cls, reply: Sequence[Any], asked: Address) -> Self:
        """From the raw reply. A node that does not know its own address is the one that was asked."""
        ranges = sorted((int(first), int(last), _address(master, asked)) for first, last, master, *_ in reply)
        return cls(
            tuple(first for first, _, _ in ranges),
            tuple(last for _, last, _ in ranges),
            tuple(owner for _, _, owner in ranges),
            tuple(sorted({_address(node, asked) for _, _, _, *others in reply for node in others})),
        )

    @property
    def masters(self) -> tuple[Address, ...]:
        """Each once, in an order that stays."""
        return tuple(sorted(set(self.owners)))

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """First and last of the slots that no master holds."""
        edges = zip((-1, *self.ends), (*self.starts, SLOTS), strict=True)
        return tuple((before + 1, behind - 1) for before, behind in edges if before + 1 < behind)

    def ranges(self, master: Address) -> tuple[tuple[int, int], ...]:
        """First and last of the slots that this master holds."""
        held = zip(self.starts, self.ends, self.owners, strict=True)
        return tuple((first, last) for first, last, owner in held if owner == master)

    def owner(self, slot: int) -> Address | None:
        """The master that holds the slot; None where nobody does."""
        at = bisect_right(self.starts, slot) - 1
        return self.owners[at] if at >= 0 and slot <= self.ends[at] else None


def _address(node: Sequence[Any], asked: Address) -> Address:
    host = text(node[0]) if node[0] else ""
    return (host if host not in ("", "?") else asked[0], int(node[1]))
