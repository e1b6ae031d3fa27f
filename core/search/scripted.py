"""Fields of many jobs by small scripts, each with one answer; what holds a text that a query needs is told apart there.

Measured beside a command for each field of each job: a job costs Redis half as much again, and us a fifth, so that
a search is through several times sooner for the same share of Redis. Texts are looked for byte by byte: no expression
of anybody's runs inside Redis, and case is folded here, because there it would cost four times what sending does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from core.instance import Instance
from core.query.needles import ID, Every, Need, Needle
from core.script import Script
from core.search.raw_job import RawJob
from core.text import text

# A script ends after so many bytes, about a millisecond of them, and the job that it was at.
BUDGET = 500_000
# What a script should take (seconds), as far as can be seen from here, and how many jobs it is given.
AIM = 0.0025
FEWEST, FIRST, MOST = 25, 50, 500
# The way there and back takes as long as the shortest answer did; that is remembered so long, for it may change.
FADES = 1.002


@cache
def _script() -> Script:
    return Script("search/fields", Path(__file__).with_name("fields.lua").read_bytes())


class Scripted:
    """Reads these fields, the first `large` of which may be large; none of a job that has one over `largest` bytes."""

    def __init__(self, fields: Sequence[bytes], large: int, largest: int, need: Need | None) -> None:
        self._width, self._fields = 1 + len(fields), fields
        self._texts: list[bytes] = []
        wanted = None if need is None else self._written(need)
        plan = {"fields": list(map(text, fields)), "large": large, "largest": largest, "budget": BUDGET}
        self._free = json.dumps({**plan, "texts": 0})
        self._needing = json.dumps({**plan, "texts": len(self._texts), "need": wanted}) if wanted else self._free
        self._size = FIRST
        self._way: float | None = None

    async def read(self, instance: Instance, base: bytes, jobs: Sequence[RawJob]) -> tuple[list[RawJob], set[bytes]]:
        """The jobs that may be meant, with what was read of them, and the ids of those that are too large. Raises
        ResponseError where Redis runs no script of ours."""
        kept: list[RawJob] = []
        unread: set[bytes] = set()
        at = 0
        while at < len(jobs):
            piece = jobs[at : at + self._size]
            answer = await self._ask(instance, base, piece)
            for place, values in self._each(answer):
                job = piece[abs(place) - 1]
                if place < 0:
                    unread.add(job.placed.id)
                else:
                    job.learn(self._fields, values)
                    kept.append(job)
            at += answer[0]
        return kept, unread

    async def _ask(self, instance: Instance, base: bytes, jobs: Sequence[RawJob]) -> list[Any]:
        seen = not jobs[0].hides and self._needing is not self._free
        plan: list[str | bytes] = [self._needing, *self._texts] if seen else [self._free]
        started = time.perf_counter()
        answer: list[Any] = await instance.script(_script(), [base], [*plan, *(job.placed.id for job in jobs)])
        self._learn(answer[0], time.perf_counter() - started)
        return answer

    def _learn(self, jobs: int, took: float) -> None:
        """How many jobs the next script is given, from what this one took without the way there and back."""
        self._way = took if self._way is None else min(took, self._way * FADES)
        each = max(took - self._way, AIM / MOST / 2) / jobs
        self._size = max(FEWEST, min(MOST, round(AIM / each), 2 * self._size))

    def _each(self, answer: list[Any]) -> Iterator[tuple[int, list[Any]]]:
        for at in range(1, len(answer), self._width):
            yield answer[at], answer[at + 1 : at + self._width]

    def _written(self, need: Need) -> Any:
        """As the script reads it; None where it cannot be looked for there."""
        if isinstance(need, Needle):
            return self._needle(need)
        parts = [self._written(part) for part in need.parts]
        if isinstance(need, Every):
            known = [part for part in parts if part is not None]
            return {"every": known} if known else None
        return None if None in parts else {"some": parts}

    def _needle(self, needle: Needle) -> Any:
        if not needle.exact or not {*needle.fields} <= {ID, *self._fields}:
            return None
        self._texts.append(needle.exact)
        return {"fields": ["" if name == ID else text(name) for name in needle.fields], "text": len(self._texts)}
