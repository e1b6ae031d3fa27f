"""How long runs of a name usually take, from the newest completed jobs that a queue still has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.instance import Instance, pack
from core.jobs.rows import Placed, read_rows
from core.model import Queue, State

# Enough to tell what is usual; eight small commands each.
SAMPLE = 100
# One or two runs say nothing of what is usual.
LEAST = 3


@dataclass(frozen=True, slots=True)
class Usual:
    """Of so many `runs` the longest took `longest` milliseconds."""

    longest: int
    runs: int


async def usual(instance: Instance, queue: Queue) -> Mapping[str, Usual]:
    """By name of job. Names of which too few jobs are kept are left out."""
    (ids,) = await instance.read([pack(b"ZRANGE", queue.id.base + b"completed", -SAMPLE, -1)])
    rows = await read_rows(instance, queue, [Placed(id, State.COMPLETED) for id in ids or ()])
    took: dict[str, list[int]] = {}
    for row in rows:
        if row.took is not None:
            took.setdefault(row.name or "", []).append(row.took)
    return {name: Usual(max(times), len(times)) for name, times in took.items() if len(times) >= LEAST}
