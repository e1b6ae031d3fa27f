"""On a real cluster of three masters: queues with hash tags on each of them, worked on by BullMQ, are found, read and
acted on through the address of one node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.errors import Unavailable, Unsupported
from core.herd import Herd
from core.instance import Instance
from core.model import Queue, QueueId, State
from core.operations.request import Action, Options, Request
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core.waiting import soon
from tests.interop.node_driver import NodeDriver, NodeQueue, until
from tests.interop.ours import Ours
from tests.interop.scenario import FAR
from tests.interop.three_masters import MASTERS, ThreeMasters, three_masters


@pytest.fixture(scope="module")
def masters() -> Iterator[ThreeMasters]:
    with three_masters() as running:
        yield running


@pytest.fixture(scope="module")
def driver(masters: ThreeMasters) -> Iterator[NodeDriver]:
    with NodeDriver.start(masters.port, cluster=True) as started:
        yield started


@pytest.fixture
def queues(masters: ThreeMasters, driver: NodeDriver) -> Iterator[list[NodeQueue]]:
    """`mail` three times, each on another master."""
    masters.flush()
    opened = [driver.library("bullmq6").queue("mail", prefix=masters.prefix_on(n)) for n in range(MASTERS)]
    for queue in opened:
        queue.open()
    yield opened
    driver.reset()


@pytest.fixture
async def herd(masters: ThreeMasters, queues: list[NodeQueue]) -> AsyncIterator[Herd]:
    """It knows the address of the first master only."""
    started = Herd(Settings(redis=(RedisSettings("default", masters.url, ("*",)),)))
    yield started
    await started.stop()


@pytest.fixture
async def instance(masters: ThreeMasters) -> AsyncIterator[Instance]:
    opened = Instance(RedisSettings("default", masters.url, ("*",)))
    yield opened
    await opened.close()


def id_of(queue: NodeQueue) -> QueueId:
    return QueueId("default", queue.prefix, queue.name)


async def look(herd: Herd, queues: list[NodeQueue]) -> list[Queue]:
    await herd.read_now()
    found = {queue.id: queue for queue in herd.snapshot().queues}
    return [found[id_of(queue)] for queue in queues]


def all_in(queue: NodeQueue, state: str, jobs: int) -> None:
    until(lambda: queue.counts(state)[state] == jobs)


async def test_queues_of_all_masters_are_found_and_counted_with_their_workers(
    herd: Herd, queues: list[NodeQueue]
) -> None:
    for number, queue in enumerate(queues):
        queue.add_bulk([{"name": "deliver", "data": {}, "opts": {"delay": FAR}}] * (number + 1))
    counted = [found.counts[State.DELAYED] for found in await look(herd, queues)]
    assert counted == [1, 2, 3]
    with queues[1].worker(), queues[2].worker(), queues[2].worker():

        async def workers() -> bool:
            return [each.workers and each.workers.total for each in await look(herd, queues)] == [0, 1, 2]

        await soon(workers)
    redis = herd.snapshot().readings[0].redis
    assert redis is not None
    assert redis.mode == "cluster"


async def test_each_verb_works_on_the_queues_of_every_master(queues: list[NodeQueue], instance: Instance) -> None:
    for queue in queues:
        ours = Ours(instance, queue)
        failing = str(queue.add("deliver", {"script": {"failTimes": 1}})["id"])
        later = str(queue.add("deliver", delay=FAR)["id"])
        spare = str(queue.add("deliver", delay=FAR)["id"])
        with queue.worker():
            queue.wait_for_state(failing, "failed")
            await ours.pause()
            await ours.retry(failing)
            await ours.promote(later)
            await ours.remove(spare)
            assert queue.is_paused()
            await ours.resume()
            for job_id in (failing, later):
                queue.wait_for_state(job_id, "completed")
        assert queue.job(spare) is None


async def test_one_bulk_operation_goes_over_all_masters(herd: Herd, queues: list[NodeQueue]) -> None:
    for queue in queues:
        queue.add_bulk([{"name": "deliver", "data": {"script": {"failTimes": 1}}}] * 20)
        with queue.worker(concurrency=5):
            all_in(queue, "failed", 20)
    await herd.read_now()
    request = Request(Action.RETRY, tuple(map(id_of, queues)), State.FAILED, Options())
    started = await herd.operations.start(request)
    operation = await herd.operations.wait(started.id)
    assert (operation.done, operation.skipped) == (60, {})
    for queue in queues:
        with queue.worker(concurrency=5):
            all_in(queue, "completed", 20)


async def test_a_slot_that_moves_is_followed_while_it_moves_and_after(
    masters: ThreeMasters, queues: list[NodeQueue], instance: Instance
) -> None:
    """Read before, between and after; no answer is lost, and nobody had to be told."""
    queue = queues[0]
    ours, tag = Ours(instance, queue), queue.prefix.strip("{}")
    ids = [str(queue.add("deliver", delay=FAR)["id"]) for _ in range(3)]
    await ours.promote(ids[0])
    masters.begin_move(tag, 0, 1)
    assert await instance.ask("ZCARD", f"{ours.base}delayed") == 2
    masters.move_keys(tag, 0, 1)
    assert await instance.ask("ZCARD", f"{ours.base}delayed") == 2
    with pytest.raises(Unavailable, match="during rehashing"):
        await ours.promote(ids[1])  # a script names keys that are nowhere yet: no master may say so meanwhile
    masters.end_move(tag, 1)
    await ours.promote(ids[1])
    await ours.promote(ids[2])
    assert await instance.ask("LLEN", f"{ours.base}wait") == 3
    masters.begin_move(tag, 1, 0)
    masters.move_keys(tag, 1, 0)
    masters.end_move(tag, 0)
    assert await instance.ask("LLEN", f"{ours.base}wait") == 3


async def test_a_queue_without_a_hash_tag_is_shown_and_refused_with_the_reason(
    herd: Herd, masters: ThreeMasters, queues: list[NodeQueue], instance: Instance
) -> None:
    """BullMQ itself cannot use it, but leaves its meta behind."""
    await instance.ask("HSET", "bull:stray:meta", "opts.maxLenEvents", 10000, "version", "bullmq:6.7.0")
    await instance.ask("ZADD", "bull:stray:failed", 1, "7")
    await instance.ask("HSET", "bull:stray:7", "name", "deliver")
    await herd.read_now()
    stray = next(queue for queue in herd.snapshot().queues if queue.id.name == "stray")
    assert stray.counts[State.FAILED] == 1
    assert "without a hash tag" in stray.identity.doubt
    with pytest.raises(Unsupported, match="several slots"):
        await herd.mutations.retry(stray.id, "7")


async def test_while_a_master_is_gone_the_others_answer_and_it_says_so() -> None:
    with three_masters() as own:
        instance = Instance(RedisSettings("default", own.url, ("*",)))
        try:
            here, gone = (own.prefix_on(number) for number in (0, 2))
            assert await instance.ask("SET", f"{gone}:key", "1") == b"OK"
            own.servers[2].stop()
            with pytest.raises(Unavailable):
                await instance.ask("GET", f"{gone}:key")
            assert await instance.ask("SET", f"{here}:key", "1") == b"OK"
        finally:
            await instance.close()
