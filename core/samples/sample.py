"""What is in a backlog, told from some of its jobs taken at random, with how far off that may be."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Nineteen times out of twenty the truth lies within the bounds.
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Part:
    """The jobs with one value: `count` of the sample, and of all jobs most likely `about`, between `low` and `high`.
    `value` is None for those that have none; `words` ask a search for them, empty where none can."""

    value: str | None
    count: int
    about: int
    low: int
    high: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """`taken` of `total` jobs were looked at, all of them where it is `exact`. `parts` are the most frequent values,
    `values` how many there are; `paths` are fields of the data worth asking for. `unread` were too large to read."""

    by: str
    total: int
    taken: int
    exact: bool
    parts: tuple[Part, ...]
    values: int
    paths: tuple[str, ...] = ()
    unread: int = 0

    @property
    def method(self) -> str:
        """How it was found, in words."""
        if self.exact:
            return f"All {self.total:,} jobs were counted."
        return (
            f"A random sample of {self.taken:,} of {self.total:,} jobs. The ranges hold nineteen times out of twenty"
            " (Wilson intervals)."
        )


def bounds(count: int, taken: int, total: int) -> tuple[int, int]:
    """Between how many of `total` jobs are like `count` of the `taken` ones, by Wilson's score interval, narrowed for
    a sample that is much of the whole."""
    if taken >= total:
        return count, count
    size = taken * (total - 1) / (total - taken)
    share, z2 = count / taken, _Z * _Z
    middle = (share + z2 / (2 * size)) / (1 + z2 / size)
    reach = _Z * math.sqrt(share * (1 - share) / size + z2 / (4 * size * size)) / (1 + z2 / size)
    low, high = math.floor((middle - reach) * total), math.ceil((middle + reach) * total)
    # Those that were seen are there, and those that were seen to be others are not among them.
    return max(count, low), min(total - taken + count, high)
