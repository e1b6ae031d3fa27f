"""Handles on one library, one of its queues and its workers: the driver's calls under Python names."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from tests.interop.node_driver import NodeDriver
    from tests.interop.node_libraries import Library

T = TypeVar("T")
Json = dict[str, Any]


def until(probe: Callable[[], T], *, timeout: float = 45) -> T:
    """Polls `probe` until its answer is truthy and returns that; AssertionError with the last answer otherwise."""
    deadline = time.monotonic() + timeout
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {timeout} s; the last answer was {answer!r}")
        time.sleep(0.01)
    return answer


class NodeLibrary:
    """One library in one driver; `facts` tell what it has."""

    def __init__(self, driver: NodeDriver, facts: Library) -> None:
        self.driver = driver
        self.facts = facts

    def queue(self, name: str, *, prefix: str = "bull", **options: Any) -> NodeQueue:
        """Constructs the library's Queue when options are given, else on the first call that needs one."""
        queue = NodeQueue(self, name, prefix)
        if options:
            queue.open(**options)
        return queue

    def add_flow(self, tree: Json, *, prefix: str = "bull") -> Json:
        """`tree`: {name, queueName, data?, opts?, children?}; answers {job, children}."""
        flow: Json = self.driver.call("flow.add", tree, lib=self.facts.alias, prefix=prefix)
        return flow


class NodeQueue:
    """One queue as the library sees it. Jobs are dicts as the library's own toJSON writes them."""

    def __init__(self, library: NodeLibrary, name: str, prefix: str) -> None:
        self.library = library
        self.name = name
        self.prefix = prefix

    def call(self, call: str, *args: Any, timeout: float = 45) -> Any:
        """Any call of node/calls.mjs: `call("queue.getRateLimitTtl")`, `call("job.discard", id)`."""
        target = {"lib": self.library.facts.alias, "queue": self.name, "prefix": self.prefix}
        return self.library.driver.call(call, *args, timeout=timeout, **target)

    def open(self, **options: Any) -> None:
        """Constructs the Queue anew, with the library's own options (`skipMetasUpdate`, `streams`, …)."""
        self.call("queue.open", options)

    def close(self) -> None:
        self.call("queue.close")

    def add(self, name: str | None, data: Any = None, **opts: Any) -> Json:
        """`opts` as the library spells them. A Bull job may have no name: None."""
        job: Json = self.call("queue.add", name, {} if data is None else data, opts)
        return job

    def add_bulk(self, jobs: list[Json]) -> list[Json]:
        """`jobs`: [{name, data, opts?}, …]."""
        added: list[Json] = self.call("queue.addBulk", jobs)
        return added

    def counts(self, *states: str) -> dict[str, int]:
        """The library's getJobCounts, with its own words for the states."""
        counts: dict[str, int] = self.call("queue.getJobCounts", *states)
        return counts

    def ids(self, state: str, *, oldest_first: bool = True) -> list[str]:
        """All ids of a state; the oldest of a list is the next to run. `waiting` and `wait` mean the same."""
        ids: list[str] = self.call("queue.ids", state, 0, -1, oldest_first)
        return ids

    def jobs(self, state: str, start: int = 0, end: int = -1, *, oldest_first: bool = True) -> list[Json]:
        jobs: list[Json] = self.call("queue.getJobs", [state], start, end, oldest_first)
        return jobs

    def job(self, job_id: str) -> Json | None:
        job: Json | None = self.call("queue.getJob", job_id)
        return job

    def state(self, job_id: str) -> str:
        """NodeError JobNotFound when there is no such job, as for everything that takes a job's id."""
        return str(self.call("job.getState", job_id))

    def retry(self, job_id: str, *state: str) -> None:
        """`state`: failed or completed, for BullMQ; failed unless told."""
        self.call("job.retry", job_id, *state)

    def promote(self, job_id: str) -> None:
        self.call("job.promote", job_id)

    def remove(self, job_id: str) -> None:
        self.call("job.remove", job_id)

    def update_progress(self, job_id: str, progress: Any) -> None:
        self.call("job.updateProgress", job_id, progress)

    def log(self, job_id: str, row: str) -> None:
        self.call("job.log", job_id, row)

    def logs(self, job_id: str) -> list[str]:
        logs: list[str] = self.call("queue.getJobLogs", job_id)["logs"]
        return logs

    def pause(self) -> None:
        self.call("queue.pause")

    def resume(self) -> None:
        self.call("queue.resume")

    def is_paused(self) -> bool:
        return bool(self.call("queue.isPaused"))

    def worker(self, **options: Any) -> NodeWorker:
        """Starts a worker that runs `data["script"]` (node/script.mjs); BullMQ's names for the options.

        `id` names it here; `name` is BullMQ's own worker name. Bull takes lockDuration, stalledInterval, … as well.
        """
        return NodeWorker(self, self.call("worker.start", options))

    def truth(self) -> list[Json]:
        """Every run by this driver's workers: {worker, jobId, name, attempt, startedAt, finishedAt, outcome, error}.

        Times are in ms; `outcome` is None while it runs, then completed, failed or killed.
        """
        truth: list[Json] = self.call("worker.truth")
        return truth

    def record_events(self, **options: Any) -> None:
        """From now on events() holds every event the queue sends."""
        self.call("events.start", options)

    def events(self, event: str | None = None, job_id: str | None = None) -> list[Json]:
        """Recorded events {event, jobId?, …}, in their order, with BullMQ's field names; filtered if asked."""
        events: list[Json] = self.call("events.read")
        return [each for each in events if event in (None, each["event"]) and job_id in (None, each.get("jobId"))]

    def wait_for_state(self, job_id: str, state: str, *, timeout: float = 45) -> None:
        until(lambda: self.state(job_id) == state, timeout=timeout)

    def wait_for_event(self, event: str, job_id: str | None = None, *, timeout: float = 45) -> Json:
        return until(lambda: self.events(event, job_id), timeout=timeout)[0]


class NodeWorker:
    """A running worker. Leaving its context stops it, without waiting for jobs that are still held."""

    def __init__(self, queue: NodeQueue, worker_id: str) -> None:
        self.queue = queue
        self.id = worker_id

    def release(self, token: str) -> list[str]:
        """Lets the jobs with {"hold": token} go on, those to come too; answers the ids that were waiting."""
        ids: list[str] = self.queue.call("worker.release", token)
        return ids

    def held(self) -> list[Json]:
        """[{token, jobId}] of the jobs that wait for a release."""
        held: list[Json] = self.queue.call("worker.held")
        return held

    def errors(self) -> list[str]:
        """What the worker said in `error` events: lost locks, missing jobs, connections that broke."""
        errors: list[Json] = self.queue.call("worker.errors")
        return [each["message"] for each in errors if each["worker"] == self.id]

    def pause(self) -> None:
        """This worker alone takes no more jobs. Waits for those that run."""
        self.queue.call("worker.pause", self.id)

    def resume(self) -> None:
        self.queue.call("worker.resume", self.id)

    def stop(self, *, force: bool = False) -> None:
        """Waits for its running jobs unless forced."""
        self.queue.call("worker.stop", self.id, force)

    def kill(self) -> None:
        """Drops its connections as a dying process would; its jobs stay active. `NodeDriver.kill` is the real thing."""
        self.queue.call("worker.kill", self.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.queue.call("worker.close", self.id)
