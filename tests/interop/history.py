"""A made-up history of one queue: its jobs, and what may soundly happen to them next, drawn at random."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.interop.node_driver import Library
from tests.interop.scenario import FAILING, FAR, retries_heed_pause

Options = dict[str, Any]
# No two delays are equal, nor nearer to each other than the twins are apart in time (ms).
APART = 10_000
DATA: tuple[Any, ...] = ({}, {"to": "anna"}, {"n": 1.5, "deep": {"list": [1, None, "two"]}}, ["ä", "日本"], "text", 7)


@dataclass
class Drawn:
    """A job as it should be by now. `pending` are the children that it waits for."""

    name: str
    state: str
    data: Any
    opts: Options
    priority: int
    pending: set[str] = field(default_factory=set)
    parent: str = ""


@dataclass
class History:
    """What there is, and whether the queue is paused."""

    library: Library
    draw: random.Random
    jobs: dict[str, Drawn] = field(default_factory=dict)
    paused: bool = False
    made: int = 0

    def new(self, state: str, **opts: Any) -> str:
        """Draw a job that is to come into this state, and answer its id."""
        job_id = f"job{self.made}"
        opts, data = {**self._options(state), **opts}, FAILING if state == "failed" else self.data()
        self.known(job_id, Drawn(f"work{self.made % 3}", state, data, opts, opts.get("priority", 0)))
        return job_id

    def known(self, job_id: str, job: Drawn) -> None:
        self.jobs[job_id] = job
        self.made += 1

    def data(self) -> Any:
        return self.draw.choice(DATA)

    def delay(self) -> int:
        self.made += 1
        return FAR + APART * self.made

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def in_state(self, *states: str) -> list[str]:
        return [job_id for job_id, job in self.jobs.items() if job.state in states]

    def gone(self, job_id: str) -> None:
        """A removal; the parent that waited for it alone is let go."""
        parent = self.jobs.get(self.jobs.pop(job_id).parent)
        if parent is not None:
            parent.pending.discard(job_id)
            if not parent.pending and parent.state == "waiting-children":
                parent.state = "ready"

    def removable(self) -> list[str]:
        return [job_id for job_id, job in self.jobs.items() if not job.pending]

    def retryable(self) -> list[str]:
        """What the library retries soundly: up to 6.2 it forgets priorities, and some versions forget the pause."""
        if self.paused and not retries_heed_pause(self.library):
            return []
        finished = self.in_state("failed") if self.library.is_bull else self.in_state("failed", "completed")
        return [job_id for job_id in finished if self.library.alias == "bullmq6" or not self.jobs[job_id].priority]

    def _options(self, state: str) -> Options:
        options: Options = {"delay": self.delay()} if state == "delayed" else {}
        if self.chance(0.4):
            options["priority"] = self.draw.randint(1, 4)
        elif state == "ready" and self.chance(0.3) and not self.library.is_bull:
            options["lifo"] = True  # on Bull a lifo job shifts the places of those with priority
        if state != "failed" and self.chance(0.3):
            options["attempts"] = self.draw.randint(1, 5)
            options["backoff"] = {"type": "exponential", "delay": 1000}
        if self.chance(0.2):
            options["removeOnFail"] = self.draw.choice([False, 1000, {"count": 500}])
        return options
