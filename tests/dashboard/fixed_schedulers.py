"""The schedulers of a fixed herd: a nightly one and one that is overdue, in its first queue, unless told otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import NotFound
from core.job import Covered, Payload
from core.model import Outcome, QueueId
from core.mutations.schedule_writing import Wanted
from core.schedulers.front import PAGE, Schedulers
from core.schedulers.listing import position
from core.schedulers.scheduler import Head, Kind, Page, Pending, Row, Run, Scheduler, Timing, Upcoming

if TYPE_CHECKING:
    from tests.dashboard.fixed_herd import FixedHerd

MINUTE = 60_000


def head(queue: QueueId, key: str, *, timing: Timing | None = None, name: str = "digest", due: int = 0) -> Head:
    """A scheduler of BullMQ whose next job is delayed."""
    timing = timing or Timing(pattern="0 3 * * *", tz="Europe/Berlin")
    return Head(queue, key, Kind.SCHEDULER, name, timing, due, f"repeat:{key}", "", True, True, 4, Pending.DELAYED)


class FixedSchedulers(Schedulers):
    """`rows` are all there are, in their order; `data` what their jobs are made from. `done` is what was asked."""

    def __init__(self, herd: FixedHerd) -> None:
        self._herd = herd
        self.data = Payload('{"to":"ann"}', 12, value={"to": "ann"}, is_json=True)
        self.rows = list(self._usual(herd.queues[0].id)) if herd.queues else []
        self.done: list[tuple[str, str, Wanted | None]] = []

    def _usual(self, id: QueueId) -> tuple[Row, Row]:
        at = self._herd.taken_at
        late = head(id, "ping", timing=Timing(every=5 * MINUTE), name="ping", due=at - 10 * MINUTE)
        ran = (
            Run(at - 30 * MINUTE, "completed", at - 29 * MINUTE, 1200, f"repeat:ping:{at - 30 * MINUTE}"),
            Run(at - 25 * MINUTE),
            Run(at - 20 * MINUTE, "failed", at - 19 * MINUTE, 80, f"repeat:ping:{at - 20 * MINUTE}"),
        )
        return (
            Row(late, "Every 5 min", 10 * MINUTE, ran, ("Overdue by 10 min: nobody is consuming its queue.",)),
            Row(head(id, "nightly", due=at + 60 * MINUTE), "At 03:00 every day", twins=1),
        )

    async def page(
        self, *, queue: QueueId | None = None, words: str = "", cursor: str | None = None, limit: int = PAGE
    ) -> Page:
        if queue is not None:
            self._herd.reach(queue)
        start = position(cursor)
        fitting = [row for row in self.rows if queue in (None, row.head.queue) and words in row.head.name]
        away = tuple(f"Redis {name} cannot be reached." for name in self._herd.down)
        more = str(start + limit) if start + limit < len(fitting) else None
        covered = Covered(len(self.rows), len(self.rows))
        return Page(tuple(fitting[start : start + limit]), more, len(fitting), covered, away)

    async def one(self, id: QueueId, key: str) -> Scheduler:
        self._herd.reach(id)
        row = self._row(id, key)
        upcoming = Upcoming((row.head.next, row.head.next + MINUTE), "Then it ends.")
        options = Payload('{"attempts": 3}', 15, value={"attempts": 3}, is_json=True)
        return Scheduler(row, upcoming, self.data, options, "the scheduler", 640)

    def _row(self, id: QueueId, key: str) -> Row:
        found = next((row for row in self.rows if (row.head.queue, row.head.key) == (id, key)), None)
        if found is None:
            raise NotFound(f"There is no scheduler {key!r}.")
        return found

    def put(self, id: QueueId, key: str, wanted: Wanted) -> Outcome:
        """As a mutation."""
        self.done.append(("upsert_scheduler", key, wanted))
        if wanted.mode == "edit":
            old = self._row(id, key)
            new = replace(old, head=replace(old.head, timing=wanted.timing, name=wanted.name or old.head.name))
            self.rows = [new if row is old else row for row in self.rows]
        else:
            self.rows.append(Row(head(id, key, timing=wanted.timing, name=wanted.name or key), ""))
        return Outcome("upsert_scheduler", id, f"{key} is as it is wanted.", f"repeat:{key}:1")

    def drop(self, id: QueueId, key: str) -> Outcome:
        """As a mutation."""
        gone = self._row(id, key)
        self.rows = [row for row in self.rows if row is not gone]
        return Outcome("remove_scheduler", id, f"{key} makes no more jobs.")

    def run(self, id: QueueId, key: str) -> Outcome:
        """As a mutation."""
        self._row(id, key)
        self.done.append(("run_scheduler", key, None))
        return Outcome("run_scheduler", id, f"{key} runs once more.", "77")
