"""A live load beside whatever happens: real producers and workers of BullMQ 6 and Bull 4, and in the end the truth
about every job that there ever was."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from tests.interop.node_driver import NodeDriver, NodeError, NodeQueue
from tests.system.program import until

LISTS = ("wait", "paused", "active")
STATES = (*LISTS, "prioritized", "delayed", "waiting-children", "completed", "failed")
READY = ("wait", "paused", "prioritized", "delayed")
ALIASES = {"bullmq6": "mail", "bull4": "post"}
# So many of each queue have failed before anything happens; that many are added at once.
FAILED, AT_ONCE = 600, 200
# No job is run again because its worker was not heard of: then whatever runs twice was made to by somebody else.
PATIENT = {"lockDuration": 120_000, "stalledInterval": 600_000}


class Load:
    """Two queues; each has failed jobs, which complete when they run again, and gets new ones all the time."""

    def __init__(self, driver: NodeDriver, redis: Any) -> None:
        self._redis = redis
        self.queues = [driver.library(alias).queue(name) for alias, name in ALIASES.items()]
        self.added: dict[str, set[str]] = {queue.name: set() for queue in self.queues}
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.produce, daemon=True)

    def fail_many(self) -> None:
        """Workers have run each job once, and it failed."""
        for queue in self.queues:
            for first in range(0, FAILED, AT_ONCE):
                self._add(queue, [f"f{n}" for n in range(first, first + AT_ONCE)], {"failTimes": 1})
        until(lambda: all(self._redis.zcard(f"bull:{queue.name}:failed") == FAILED for queue in self.queues))

    def produce(self) -> None:
        """Add jobs until it is over. Of one that nobody confirmed it is not known whether it came."""
        number = 0
        while not self.over.wait(0.05):
            for queue in self.queues:
                number += 1
                # One by one: Bull does not tell who adds several that a server which was started anew took none.
                with suppress(NodeError, TimeoutError):
                    queue.add("send", {"script": {}}, jobId=f"n{number}")
                    self.added[queue.name].add(f"n{number}")

    def held(self, name: str) -> dict[str, list[str]]:
        """The ids in each state of a queue at one moment; markers are none."""
        pipeline = self._redis.pipeline(transaction=True)
        for state in STATES:
            key = f"bull:{name}:{state}"
            pipeline.lrange(key, 0, -1) if state in LISTS else pipeline.zrange(key, 0, -1)
        return {
            state: [id.decode() for id in ids if id != b"0" and not id.startswith(b"0:")]
            for state, ids in zip(STATES, pipeline.execute(), strict=True)
        }

    def come_to_rest(self) -> None:
        """Until nothing is added, and no worker has anything to take any more."""
        self.end()
        until(lambda: not any(self.held(queue.name)[state] for queue in self.queues for state in READY))

    def lost(self, *, as_told: bool) -> list[str]:
        """Those that were added for certain, and are in no state; where Redis forgot what it was told, of those that
        were there before."""
        places = {queue.name: self._places(queue) for queue in self.queues}
        meant = [(name, id) for name, ids in self.added.items() for id in ids if as_told or id.startswith("f")]
        return sorted(f"{name} {id}" for name, id in meant if not places[name][id])

    def doubled(self, *, as_told: bool) -> list[str]:
        """Those in two states; and, where Redis forgot nothing that it was told, those that ran once too often: a job
        that failed runs once more when it is retried."""
        found = [f"{queue.name} {id}" for queue in self.queues for id, n in self._places(queue).items() if n > 1]
        for queue in self.queues if as_told else ():
            truth = queue.truth()
            ran = Counter(run["jobId"] for run in truth)
            often = [id for id, n in ran.items() if n > (2 if id[0] == "f" else 1)]
            found += [f"{queue.name} {id} ran {ran[id]} times: {_runs(truth, id)}" for id in often]
        return sorted(found)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Add no more."""
        self.over.set()
        self._thread.join(60)

    def _places(self, queue: NodeQueue) -> Counter[str]:
        return Counter(id for ids in self.held(queue.name).values() for id in ids)

    def _add(self, queue: NodeQueue, ids: list[str], script: dict[str, Any]) -> None:
        queue.add_bulk([{"name": "send", "data": {"script": script}, "opts": {"jobId": id}} for id in ids])
        self.added[queue.name].update(ids)


def _runs(truth: list[dict[str, Any]], id: str) -> str:
    """When each began and how it ended, for whoever has to find out who ran it once too often."""
    runs = (run for run in truth if run["jobId"] == id)
    return ", ".join(f"attempt {run['attempt']} at {run['startedAt']} {run['outcome']}" for run in runs)


@contextmanager
def load(port: int, redis: Any) -> Iterator[Load]:
    """Its failed jobs are there, and its producers and workers at work, until the block ends."""
    with NodeDriver.start(port) as driver, ExitStack() as working:
        running = Load(driver, redis)
        for queue in running.queues:
            queue.open()
            working.enter_context(queue.worker(concurrency=5, **PATIENT))
        running.fail_many()
        running.begin()
        try:
            yield running
        finally:
            running.end()
