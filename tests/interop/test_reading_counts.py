"""Every count, flag and age of a queue, beside what the real library says of the same keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.herd import Herd
from core.model import Queue, State, Workers
from tests.core.waiting import read_now, soon, still
from tests.interop.node_driver import LIBRARIES, Library, NodeDriver, NodeQueue, until
from tickbird.demo.server import EmbeddedServer

FLOWS = [library for library in LIBRARIES if not library.is_bull]


def named(library: Library) -> str:
    return library.alias


@pytest.fixture(params=LIBRARIES, ids=named)
def library(request: pytest.FixtureRequest) -> Library:
    chosen: Library = request.param
    return chosen


@pytest.fixture
def mail(node: NodeDriver, library: Library) -> NodeQueue:
    return node.library(library.alias).queue("mail")


@pytest.fixture
async def herd(server: EmbeddedServer, node: NodeDriver) -> AsyncIterator[Herd]:
    """A herd that reads when told to."""
    async with still(server.url) as herd:
        yield herd


async def read(herd: Herd, name: str = "mail") -> Queue:
    await read_now(herd)
    return next(queue for queue in herd.snapshot().queues if queue.id.name == name)


def told(mail: NodeQueue) -> dict[str, int]:
    """The library's own counts, in its own words, without its sum of waiting and paused."""
    counts = mail.counts(*(["paused"] if mail.library.facts.is_bull else []))
    return counts or mail.counts()


def ours(queue: Queue, *, library: Library) -> dict[str, int]:
    """Our counts as this library would say them."""
    counts = {state.value: count for state, count in queue.counts.items()}
    if "paused" not in counts or library.alias != "bullmq6":
        return counts
    counts["waiting"] += counts.pop("paused")
    return counts


def fill(mail: NodeQueue, library: Library) -> None:
    """A job or more in every state there is, the active one held by a worker."""
    mail.add("hold", {"script": {"hold": "gate"}})
    for number in range(3):
        mail.add("fail", {"script": {"fail": f"55{number}"}})
    for _ in range(2):
        mail.add("done", {"script": {"return": 1}})
    worker = mail.worker()
    until(worker.held)
    second = mail.worker()
    until(lambda: mail.counts()["completed"] == 2 and mail.counts()["failed"] == 3)
    second.stop()
    mail.add_bulk([{"name": "wait", "data": {}}] * 4)
    mail.add_bulk([{"name": "later", "data": {}, "opts": {"delay": 600_000}}] * 3)
    mail.add_bulk([{"name": "first", "data": {}, "opts": {"priority": 2}}] * 2)
    if not library.is_bull:
        child = {"name": "child", "queueName": "video", "data": {}}
        mail.library.add_flow({"name": "parent", "queueName": "mail", "data": {}, "children": [child]})


def expected(mail: NodeQueue, library: Library, queue: Queue) -> dict[str, Any]:
    """What the library counts, for each state that we count."""
    return {state: mail.counts(state).get(state, 0) for state in ours(queue, library=library)}


@pytest.mark.parametrize("paused", [False, True])
async def test_counts_equal_the_librarys_own(herd: Herd, mail: NodeQueue, library: Library, paused: bool) -> None:
    fill(mail, library)
    if paused:
        mail.pause()
    queue = await read(herd)
    counted = ours(queue, library=library)
    assert counted == expected(mail, library, queue)
    assert queue.paused == paused
    assert queue.total >= 14


async def test_a_paused_queue_is_paused_and_resumes(herd: Herd, mail: NodeQueue) -> None:
    mail.add("welcome")
    for paused in (False, True, False):
        if paused:
            mail.pause()
        elif mail.is_paused():
            mail.resume()
        queue = await read(herd)
        assert queue.paused is paused is mail.is_paused()
        assert queue.backlog == 1


async def test_wake_up_marks_are_not_counted_as_jobs(herd: Herd, mail: NodeQueue, library: Library) -> None:
    mail.add("later", delay=600_000)
    mail.add("first", priority=2)
    queue = await read(herd)
    prioritized = {State.PRIORITIZED: 1} if library.has_prioritized_state else {State.WAITING: 1}
    assert {state: count for state, count in queue.counts.items() if count} == {State.DELAYED: 1, **prioritized}
    assert queue.backlog == 1


async def test_workers_are_counted_with_those_that_are_free(herd: Herd, mail: NodeQueue) -> None:
    mail.add("welcome", {"script": {"hold": "gate"}})
    with mail.worker() as busy:
        until(busy.held)
        with mail.worker():
            await soon(lambda: has_workers(herd, Workers(total=2, free=1)))


async def has_workers(herd: Herd, workers: Workers) -> bool:
    for collector in herd._collectors:
        collector._surroundings_at = float("-inf")
    return (await read(herd)).workers == workers


async def test_ages_are_those_of_the_librarys_own_jobs(herd: Herd, mail: NodeQueue, library: Library) -> None:
    fill(mail, library)
    queue = await read(herd)
    oldest = {state: mail.jobs(state, 0, 0)[0] for state in ("waiting", "active", "delayed", "failed")}
    assert queue.instants.oldest_active == oldest["active"]["processedOn"]
    assert queue.instants.oldest_failed == oldest["failed"]["finishedOn"]
    assert queue.instants.next_delayed == oldest["delayed"]["timestamp"] + 600_000
    first_waiting = min(job["timestamp"] for job in mail.jobs("waiting"))
    assert queue.instants.oldest_waiting == first_waiting
    if library.has_prioritized_state:
        assert queue.instants.oldest_prioritized == min(job["timestamp"] for job in mail.jobs("prioritized"))
    finished = [job["finishedOn"] for state in ("completed", "failed") for job in mail.jobs(state)]
    assert queue.instants.last_finished == max(finished)
    assert (queue.failed_last_hour, queue.completed_last_hour, queue.overdue) == (3, 2, 0)


async def test_a_lifo_job_does_not_hide_the_oldest_one(herd: Herd, mail: NodeQueue) -> None:
    first = mail.add("first")
    until(lambda: mail.add("last", lifo=True)["timestamp"] > first["timestamp"])
    mail.add("newest", lifo=True)
    assert (await read(herd)).instants.oldest_waiting == first["timestamp"]


async def test_priorities_do_not_hide_the_oldest_job_that_has_none(herd: Herd, mail: NodeQueue) -> None:
    first = mail.add("first")
    until(lambda: mail.add("important", priority=1)["timestamp"] > first["timestamp"])
    mail.add_bulk([{"name": "important", "data": {}, "opts": {"priority": number}} for number in (1, 3, 2)])
    mail.add("newest")
    assert (await read(herd)).instants.oldest_waiting == first["timestamp"]
    mail.pause()
    assert (await read(herd)).instants.oldest_waiting == first["timestamp"]


async def test_delayed_jobs_whose_time_has_come_are_overdue(herd: Herd, mail: NodeQueue) -> None:
    soon = mail.add("soon", delay=1)
    mail.add("later", delay=600_000)
    until(lambda: soon["timestamp"] + 5 < mail.add("welcome")["timestamp"])
    queue = await read(herd)
    assert queue.overdue == 1
    assert queue.instants.next_delayed == soon["timestamp"] + 1


async def test_the_counter_of_jobs_ever_added_is_the_librarys(herd: Herd, mail: NodeQueue) -> None:
    mail.add_bulk([{"name": "welcome", "data": {}}] * 5)
    mail.add("custom", jobId="order-7")
    assert (await read(herd)).ids == 6


@pytest.mark.parametrize("library", [library for library in LIBRARIES if library.has_metrics], ids=named)
async def test_the_librarys_own_counters_are_read_where_workers_keep_them(
    herd: Herd, mail: NodeQueue, library: Library
) -> None:
    mail.add_bulk([{"name": "done", "data": {}, "opts": {"removeOnComplete": True}}] * 3)
    mail.add("fail", {"script": {"fail": "550"}})
    with mail.worker(metrics={"maxDataPoints": 60}):
        until(lambda: mail.counts()["failed"] == 1)
    queue = await read(herd)
    assert (queue.completed_ever, queue.failed_ever) == (3, 1)


@pytest.mark.parametrize("library", [each for each in LIBRARIES if each.alias in ("bullmq5", "bullmq6")], ids=named)
async def test_limits_are_those_that_the_library_was_told(herd: Herd, mail: NodeQueue, library: Library) -> None:
    mail.add("welcome")
    mail.call("queue.setGlobalConcurrency", 3)
    mail.call("queue.setGlobalRateLimit", 1, 60_000)
    queue = await read(herd)
    assert (queue.limits.concurrency, queue.limits.rate_max, queue.limits.rate_duration) == (3, 1, 60_000)
    assert queue.limits.limited_for is None
    with mail.worker():
        until(lambda: mail.counts()["completed"] == 1)
        mail.add("next")
        until(lambda: mail.call("queue.getRateLimitTtl") > 0)
    async with still(herd.settings.redis[0].url) as fresh:
        limited_for = fresh.snapshot().queues[0].limits.limited_for
        assert limited_for is not None
        assert 0 < limited_for <= mail.call("queue.getRateLimitTtl") + 1000


@pytest.mark.parametrize("library", FLOWS, ids=named)
async def test_the_length_of_the_event_stream_is_what_the_library_set(
    herd: Herd, mail: NodeQueue, library: Library
) -> None:
    mail.open(streams={"events": {"maxLen": 77}})
    mail.add("welcome")
    assert (await read(herd)).max_events == 77


async def test_an_obliterated_queue_disappears(herd: Herd, mail: NodeQueue, library: Library) -> None:
    mail.add_bulk([{"name": "welcome", "data": {}}] * 3)
    await read(herd)
    mail.pause()
    mail.call("queue.obliterate", {"force": True})
    mail.library.driver.reset()
    await read_now(herd)
    assert herd.snapshot().queues == ()
