"""Every verb, one reading, bulk work, discovery and the doctor, on each server that people run."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis as redis_py
from click.testing import CliRunner

from core.dialects.contract import CONTRACTS
from core.errors import Unsupported
from core.herd import Herd
from core.instance import Instance
from core.model import Dialect, Outcome, State
from core.mutations.adding import NewJob
from core.mutations.schedule_writing import Wanted
from core.operations.request import Action
from core.redis_settings import RedisSettings
from core.schedulers.keys import legacy
from core.schedulers.scheduler import Timing
from core.settings import Settings
from core.undo.front import put_back
from core.undo.reading import read_whole
from tests.contract.acting import MADE, acting, made
from tests.contract.bulk import Bulk
from tests.contract.laid_out import LAYOUTS, LaidOut, Layout
from tests.contract.servers import SERVERS, Server
from tests.contract.test_moving_a_job import mover
from tickbird.commands import tickbird
from tickbird.demo.server import EmbeddedServer

Verb = Callable[[Any, LaidOut], Awaitable[Any]]


@pytest.fixture(scope="module", params=SERVERS, ids=str)
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    kind: Server = request.param
    with EmbeddedServer.start(kind.binary()) as running:
        with redis_py.Redis(port=running.port) as client:
            info = client.info("server")
        version = str(info.get("valkey_version", info["redis_version"]))
        assert version.startswith(kind.name.split()[1]), f"{kind.name} is {version}"
        yield running


@pytest.fixture
def redis(server: EmbeddedServer) -> Iterator[redis_py.Redis]:
    with redis_py.Redis(port=server.port) as client:
        client.flushall()
        yield client


@pytest.fixture
async def instance(server: EmbeddedServer) -> AsyncIterator[Instance]:
    opened = Instance(RedisSettings("default", server.url, ("*",)))
    yield opened
    await opened.close()


def abandoned(mail: LaidOut, job_id: str) -> str:
    mail.redis.sadd(f"{mail.base}stalled", job_id)
    return made(mail, job_id, State.ACTIVE)


def limited(mail: LaidOut) -> None:
    mail.redis.set(f"{mail.base}limiter", 5, px=60_000)


def split(mail: LaidOut) -> None:
    made(mail, "in-wait", State.WAITING)
    made(mail, "in-paused", State.PAUSED)
    mail.redis.hset(f"{mail.base}meta", "paused", 1)
    if mail.layout.dialect is Dialect.BULL:
        mail.redis.set(f"{mail.base}meta-paused", 1)


async def mended(act: Any, mail: LaidOut) -> Any:
    split(mail)
    return await act.mend_pause()


async def released(act: Any, mail: LaidOut) -> Any:
    limited(mail)
    return await act.release_rate_limit()


async def freed(act: Any, mail: LaidOut) -> Any:
    mail.redis.set(f"{mail.base}de:order", "7")
    return await act.release_deduplication("order")


async def trimmed(act: Any, mail: LaidOut) -> Any:
    for number in range(20):
        mail.redis.xadd(f"{mail.base}events", {"event": "added", "jobId": str(number)})
    return await act.trim_events(5)


async def restored(act: Any, mail: LaidOut) -> Any:
    made(mail, "gone", State.FAILED)
    kept = await read_whole(mail.instance, mail.queue, [b"gone"])
    await act.remove("gone")
    (answer,) = await put_back(mail.instance, mail.queue, kept.jobs)
    return Outcome("restore", mail.queue.id, answer.code)


def scheduled(mail: LaidOut) -> str:
    """A repeatable, with the job that stands for its next run; under the id that a scheduler would have."""
    key, due = "digest:own:::0 3 * * *", MADE
    head = legacy(mail.queue, key, due)
    made(mail, head.iteration, State.DELAYED, rjk=key)
    mail.redis.zadd(f"{mail.base}repeat", {key: due})
    return key


async def rescheduled(act: Any, mail: LaidOut) -> Any:
    wanted = Wanted(Timing(every=60_000), "digest", '{"to":"anna"}', {"attempts": 2})
    if (mail.layout.version or "").startswith("6"):
        return await act.upsert_scheduler("nightly", replace(wanted, mode="create"))
    return await act.upsert_scheduler(scheduled(mail), replace(wanted, mode="edit"))


async def moved(_act: Any, mail: LaidOut) -> Any:
    post = LaidOut(mail.redis, mail.instance, mail.layout, name="post")
    outcome = await mover(mail, post).move(mail.queue.id, made(mail, "l", State.WAITING), post.queue.id)
    assert post.line("wait") == [outcome.job_id]
    return outcome


VERBS: dict[str, Verb] = {
    "retry": lambda act, mail: act.retry(made(mail, "a", State.FAILED, priority=2)),
    "promote": lambda act, mail: act.promote(made(mail, "b", State.DELAYED)),
    "remove": lambda act, mail: act.remove(made(mail, "c", State.COMPLETED)),
    "restore": restored,
    "pause": lambda act, _: act.pause(),
    "resume": lambda act, _: act.resume(),
    "edit_data": lambda act, mail: act.edit_data(made(mail, "d", State.WAITING), '{"to":"anna"}'),
    "change_priority": lambda act, mail: act.change_priority(made(mail, "e", State.WAITING), 3),
    "change_delay": lambda act, mail: act.change_delay(made(mail, "f", State.DELAYED), 5000),
    "set_progress": lambda act, mail: act.set_progress(made(mail, "g", State.WAITING), "50"),
    "log": lambda act, mail: act.log(made(mail, "h", State.WAITING), "a line"),
    "add": lambda act, _: act.add([NewJob("deliver", "{}", {"priority": 1}), NewJob("later", "{}", {"delay": 5000})]),
    "duplicate": lambda act, mail: act.duplicate(made(mail, "i", State.FAILED)),
    "move": moved,
    "fail": lambda act, mail: act.fail(abandoned(mail, "j"), "by hand"),
    "requeue": lambda act, mail: act.requeue(abandoned(mail, "k")),
    "release_rate_limit": released,
    "mend_pause": mended,
    "trim_events": trimmed,
    "release_deduplication": freed,
    "set_concurrency": lambda act, _: act.set_concurrency(3),
    "set_rate_limit": lambda act, _: act.set_rate_limit(5, 1000),
    "upsert_scheduler": rescheduled,
    "remove_scheduler": lambda act, mail: act.remove_scheduler(scheduled(mail)),
    "run_scheduler": lambda act, mail: act.run_scheduler(scheduled(mail)),
}


def test_no_verb_is_left_out() -> None:
    assert VERBS.keys() == {verb for contract in CONTRACTS.values() for verb in contract.verbs}


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_every_verb_works(mail: LaidOut, layout: Layout) -> None:
    for verb, do in VERBS.items():
        mail.redis.flushall()
        made(mail, "bystander", State.DELAYED)
        try:
            outcome = await do(acting(mail), mail)
        except Unsupported:
            # Which of them that is right for is tested elsewhere; here, that no server minds the rest.
            assert not layout.version or layout.dialect is not Dialect.MQ5, verb
        else:
            assert all(each.sentence for each in (outcome if isinstance(outcome, tuple) else (outcome,))), verb


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
async def test_bulk_work_goes_through(mail: LaidOut, layout: Layout) -> None:
    bulk = Bulk(mail)
    for number in range(250):
        made(mail, f"f{number}", State.FAILED, priority=number % 3)
    assert (await bulk.done(Action.RETRY)).done == 250
    assert (await bulk.done(Action.DRAIN)).done == 250
    for number in range(50):
        made(mail, f"c{number}", State.COMPLETED)
    assert (await bulk.done(Action.CLEAN, State.COMPLETED, keep=10)).done == 40


async def test_queues_are_found_and_read(server: EmbeddedServer, redis: redis_py.Redis, instance: Instance) -> None:
    mail = LaidOut(redis, instance, LAYOUTS[-1])
    redis.hset(f"{mail.base}meta", mapping={"opts.maxLenEvents": 10000, "version": "bullmq:6.7.0"})
    redis.set(f"{mail.base}id", 3)
    redis.xadd(f"{mail.base}events", {"event": "added", "jobId": "1"})
    made(mail, "1", State.WAITING)
    made(mail, "2", State.FAILED)
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),)))
    try:
        await herd.read_now()
        (queue,) = herd.snapshot().queues
        page = await herd.jobs(queue.id, State.FAILED)
    finally:
        await herd.stop()
    assert (queue.id.name, queue.identity.library) == ("mail", "bullmq")
    assert (queue.counts[State.WAITING], queue.counts[State.FAILED]) == (1, 1)
    assert [row.id for row in page.rows] == ["2"]


def test_the_doctor_finds_nothing_wrong(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    result = CliRunner().invoke(tickbird, ["doctor", "--json", "--redis", server.url])
    (found,) = json.loads(result.output)
    assert result.exit_code == 0, found
