"""What real libraries do to jobs, told apart by following events: counts equal what was done, with all jobs removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import redis as redis_py

from core.events.seen import RESULTS, QueueSeen
from core.herd import Herd
from core.model import QueueId
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.interop.node_driver import NodeDriver
from tests.interop.node_queue import NodeQueue
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
REMOVED: dict[str, Any] = {"removeOnComplete": True, "removeOnFail": True}
Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]


@pytest.fixture
async def following(server: EmbeddedServer, redis: redis_py.Redis, eventually: Eventually) -> AsyncIterator[Herd]:
    """A herd that follows events, on a server that is empty at first."""
    assert redis.dbsize() == 0
    herd = Herd(Settings(redis=(RedisSettings("default", server.url),)), follows=True)
    await herd.start()
    with herd.watching():
        await eventually(lambda: (following := herd.events.following("default")) and following.since)
        yield herd
    await herd.stop()


@pytest.fixture(params=["bullmq6", "bullmq5"])
def mail(request: pytest.FixtureRequest, node: NodeDriver) -> NodeQueue:
    """The queue `mail` of either library of today."""
    return node.library(request.param).queue("mail")


class Seen:
    """What the herd has seen of `mail`, waited for."""

    def __init__(self, herd: Herd, eventually: Eventually) -> None:
        self._herd = herd
        self._eventually = eventually

    async def finished(self, completed: int, failed: int = 0) -> QueueSeen:
        """As soon as so many have finished."""
        found: QueueSeen = await self.when(lambda seen: seen.all.finished == (completed, failed))
        return found

    async def attempted(self, expected: dict[str, int]) -> None:
        """Until attempts have ended in these ways; how some did is asked a moment after they have."""
        await self.when(lambda seen: attempts(seen) == expected)

    async def when(self, so: Callable[[QueueSeen], bool]) -> Any:
        return await self._eventually(lambda: (seen := self._herd.events.seen(MAIL)) and so(seen) and seen)


@pytest.fixture
def seen(following: Herd, eventually: Eventually) -> Seen:
    return Seen(following, eventually)


def attempts(seen: QueueSeen) -> dict[str, int]:
    """How attempts ended, without the ways in which none did."""
    return {result: count for result, count in zip(RESULTS, seen.all.attempts, strict=True) if count}


def with_script(mail: NodeQueue, *steps: dict[str, Any], **opts: Any) -> str:
    return str(mail.add("welcome", {"script": list(steps)}, **REMOVED, **opts)["id"])


async def test_a_job_held_back_by_its_workers_rate_limit_was_not_retried(mail: NodeQueue, seen: Seen) -> None:
    with mail.worker(limiter={"max": 100, "duration": 1000}):
        with_script(mail, {"limit": 2000})
        await seen.finished(1)
    await seen.attempted({"completed": 1, "requeued": 1})


async def test_a_job_that_delays_itself_was_not_retried(mail: NodeQueue, seen: Seen) -> None:
    with mail.worker():
        with_script(mail, {"putOff": 2000})
        found = await seen.finished(1)
    await seen.attempted({"completed": 1, "delayed": 1})
    assert found.promotion_delay is not None


async def test_retries_at_once_and_after_a_backoff_are_counted_alike(mail: NodeQueue, seen: Seen) -> None:
    with mail.worker():
        with_script(mail, {"failTimes": 2}, attempts=3)
        with_script(mail, {"failTimes": 1}, attempts=3, backoff=100)
        with_script(mail, {"fail": "no such address"}, attempts=2)
        with_script(mail, {"unrecoverable": "no such person"}, attempts=5)
        found = await seen.finished(2, 2)
    await seen.attempted({"completed": 2, "failed": 2, "retried": 4})
    assert found.exhausted == 1
    assert found.reasons["other"] == 2


async def test_a_job_retried_by_hand_finishes_twice(mail: NodeQueue, seen: Seen) -> None:
    with mail.worker():
        job = mail.add("welcome", {"script": {"failTimes": 1}}, removeOnComplete=True)["id"]
        await seen.finished(0, 1)
        mail.retry(job)
        found = await seen.finished(1, 1)
    await seen.attempted({"completed": 1, "failed": 1})
    assert found.all.added == 1
    assert {name: each.finished for name, each in found.names.items()} == {"welcome": (1, 1)}


async def test_a_flow_counts_each_of_its_jobs_in_its_own_queue(
    mail: NodeQueue, seen: Seen, following: Herd, eventually: Eventually
) -> None:
    children = mail.library.queue("parts")
    with mail.worker(), children.worker():
        tree = {"name": "album", "queueName": "mail", "opts": REMOVED}
        parts = [{"name": "photo", "queueName": "parts", "opts": REMOVED} for _ in range(3)]
        mail.library.add_flow({**tree, "children": parts})
        found = await seen.finished(1)
        of_parts = QueueId("default", "bull", "parts")
        await eventually(lambda: (known := following.events.seen(of_parts)) and known.all.finished == (3, 0))
    await seen.attempted({"completed": 1})
    assert found.all.added == 1


async def test_delayed_jobs_promoted_by_hand_or_by_time_are_told_apart(mail: NodeQueue, seen: Seen) -> None:
    early = with_script(mail, delay=60_000)
    with mail.worker():
        with_script(mail, delay=100)
        await seen.finished(1)
        mail.promote(early)
        found = await seen.finished(2)
    assert found.promotion_delay is not None
    assert found.promotion_delay.count == 1


async def test_duplicates_are_counted_and_not_added(mail: NodeQueue, seen: Seen) -> None:
    for _ in range(3):
        mail.add("welcome", {}, jobId="only-one")
        mail.add("welcome", {}, deduplication={"id": "only-once"})
    found = await seen.when(lambda seen: seen.all.added == 2)
    found = await seen.when(lambda seen: seen.duplicated == 2 and seen.deduplicated == 2)
    assert found.all.added == 2


async def test_a_queue_obliterated_and_filled_again_is_followed_on(mail: NodeQueue, seen: Seen) -> None:
    with mail.worker():
        with_script(mail, {})
        await seen.finished(1)
        mail.call("queue.obliterate", {"force": True})
        await asyncio.to_thread(mail.open)
        with_script(mail, {})
        found = await seen.when(lambda seen: seen.all.added in (1, 2) and seen.all.finished[0] == seen.all.added)
    assert not found.lost


async def test_a_worker_that_is_killed_leaves_stalled_attempts(
    mail: NodeQueue, seen: Seen, server: EmbeddedServer
) -> None:
    alias = mail.library.facts.alias
    with NodeDriver.start(server.port) as victim:
        doomed = victim.library(alias).queue("mail").worker(concurrency=2, lockDuration=1000, stalledInterval=300)
        for _ in range(2):
            with_script(mail, {"hold": "gate"})
        await seen.when(lambda _: len(doomed.held()) == 2)
        victim.kill()
    mail.call("worker.release", "gate")
    with mail.worker(lockDuration=1000, stalledInterval=300, maxStalledCount=3):
        found = await seen.finished(2)
    await seen.attempted({"completed": 2, "stalled": 2})
    assert found.stalled == 2


async def test_a_job_that_stalls_too_often_fails_for_that(mail: NodeQueue, seen: Seen, server: EmbeddedServer) -> None:
    alias = mail.library.facts.alias
    with NodeDriver.start(server.port) as victim:
        doomed = victim.library(alias).queue("mail").worker(lockDuration=1000, stalledInterval=300)
        with_script(mail, {"hold": "gate"})
        await seen.when(lambda _: len(doomed.held()) == 1)
        victim.kill()
    with mail.worker(lockDuration=1000, stalledInterval=300, maxStalledCount=0):
        found = await seen.finished(0, 1)
    await seen.attempted({"stalled": 1})
    assert found.reasons == {"stalled": 1, "other": 0}
