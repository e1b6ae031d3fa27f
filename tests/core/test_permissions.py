"""A user who may not do everything: what is refused is said, and never passes for nothing."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis as redis_py

from core.errors import TickbirdError, Unavailable
from core.herd import Herd
from core.model import QueueId, State, Traffic, Verdict
from tests.conftest import Eventually
from tests.core import layout
from tests.core.waiting import herding, still
from tests.core.wire import Wire
from tickbird.demo.server import EmbeddedServer

SECRET = "hunter2"
MAIL = QueueId("default", "bull", "mail")
# What reading needs, as far as it goes without a sentence about what is missing.
READER = ("+@read", "-@dangerous", "+info", "+client|list", "+client|setname", "+client|setinfo", "+pubsub|channels")
Admit = Callable[..., str]


@pytest.fixture
def admit(server: EmbeddedServer, redis: redis_py.Redis) -> Iterator[Admit]:
    """Makes a user with these rules and gives the URL that logs in as it."""

    with Wire(server.port) as admin:

        def make(*rules: str) -> str:
            everything = ("reset", "on", f">{SECRET}", "allkeys", "allchannels")
            assert admin.ask("ACL", "SETUSER", "reader", *everything, *rules) == b"OK"
            return f"redis://reader:{SECRET}@127.0.0.1:{server.port}/0"

        yield make
        admin.ask("ACL", "DELUSER", "reader")


@pytest.fixture
def mail(redis: redis_py.Redis) -> None:
    """A queue with something in every place that is read."""
    base, moment = layout.queue(redis), 1_800_000_000_000
    layout.waiting(redis, base, *(str(number) for number in range(10, 16)))
    redis.lpush(base + b"active", layout.job(redis, base, "20", processedOn=moment, ats=1, progress="33.33"))
    redis.lpush(base + b"paused", layout.job(redis, base, "21"))
    redis.zadd(base + b"delayed", {layout.job(redis, base, "30", delay=5): (moment + 1) * 4096})
    redis.zadd(base + b"prioritized", {layout.job(redis, base, "31", priority=2): 2 * 2**32 + 1})
    redis.zadd(base + b"waiting-children", {layout.job(redis, base, "40"): moment})
    layout.failed(redis, base, "50", "51", failedReason="550", stacktrace='["Error: 550"]', finishedOn=moment, atm=1)
    redis.zadd(base + b"completed", {layout.job(redis, base, "60", returnvalue="1"): layout.now()})
    redis.rpush(base + b"40:logs", "resolving", "sending")
    redis.set(base + b"20:lock", "token", px=60_000)
    redis.sadd(base + b"40:dependencies", base + b"10", base + b"11")
    redis.hset(base + b"40:processed", mapping={(base + b"60").decode(): "1"})
    redis.hset(base + b"metrics:completed", mapping={"count": 9, "prevTS": layout.now(), "prevCount": 8})
    redis.rpush(base + b"metrics:completed:data", 0)
    redis.hset(base + b"meta", mapping={"concurrency": 3, "max": 2, "duration": 1000})
    redis.set(base + b"limiter", 5, px=600_000)
    for event, id in (("completed", "60"), ("failed", "50"), ("failed", "51")):
        redis.xadd(base + b"events", {"event": event, "jobId": id, "prev": "active"})


Answer = Callable[[Herd], Awaitable[Any]]


async def overview(herd: Herd) -> Any:
    reading = herd.snapshot().readings[0]
    if reading.down_since is not None:
        raise Unavailable(reading.trouble)
    return [_still(queue) for queue in reading.queues] or reading.refusals


def _still(queue: Any) -> Any:
    """Without what changes from moment to moment."""
    limits = replace(queue.limits, limited_for=queue.limits.limited_for is not None)
    return replace(queue, traffic=Traffic(), verdict=Verdict(queue.verdict.health, "", False), limits=limits)


async def lists(herd: Herd) -> Any:
    return [await herd.jobs(MAIL, state, order=order) for state in herd.queue(MAIL).counts for order in ("newest",)]


async def next_pages(herd: Herd) -> Any:
    pages = []
    for state in (State.WAITING, State.FAILED):
        first = await herd.jobs(MAIL, state, limit=1, order="oldest")
        pages.append(await herd.jobs(MAIL, state, limit=1, order="oldest", cursor=first.next))
    return pages


async def whole_jobs(herd: Herd) -> Any:
    jobs = [await herd.job(MAIL, id) for id in ("10", "20", "40", "50")]
    return [replace(job, lock=job.lock is not None) for job in jobs]


async def places(herd: Herd) -> Any:
    return await herd.rows(MAIL, ["10", "21", "30", "50", "none"])


async def log_lines(herd: Herd) -> Any:
    return await herd.logs(MAIL, "40")


async def last_hour(herd: Herd) -> Any:
    history = await herd.history(MAIL)
    return [(minute.completed or 0, minute.failed or 0) for minute in history.minutes]


ANSWERS: tuple[Answer, ...] = (overview, lists, next_pages, whole_jobs, places, log_lines, last_hour)
DENIED = [
    *("llen", "lrange", "lindex", "lpos"),
    *("zcard", "zrange", "zrevrange", "zrangebyscore", "zcount", "zscore", "zrank"),
    *("hget", "hmget", "hlen", "hkeys", "hstrlen", "hexists"),
    *("get", "getrange", "exists", "type", "pttl", "scard", "sscan"),
    *("xrange", "xrevrange", "xinfo"),
    *("scan", "dbsize", "memory|usage", "info", "client|list", "pubsub|channels"),
]


async def answers(herd: Herd) -> dict[str, Any]:
    """What each face would show: the answer, or the sentence of the refusal."""
    found: dict[str, Any] = {}
    for answer in ANSWERS:
        try:
            found[answer.__name__] = await answer(herd)
        except TickbirdError as refusal:
            found[answer.__name__] = refusal
    return found


@pytest.mark.usefixtures("mail")
async def test_the_rights_to_read_are_enough_for_every_answer(server: EmbeddedServer, admit: Admit) -> None:
    async with still(server.url) as everything, still(admit(*READER)) as reader:
        assert await answers(reader) == await answers(everything)
        assert reader.snapshot().readings[0].refusals == ()


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize("command", DENIED)
async def test_what_a_missing_right_hides_never_passes_for_an_answer(
    server: EmbeddedServer, admit: Admit, command: str
) -> None:
    async with still(server.url) as everything, still(admit("+@all", f"-{command}")) as reader:
        truth, told = await answers(everything), await answers(reader)
        for name, answer in told.items():
            if isinstance(answer, TickbirdError) or answer == truth[name]:
                continue
            assert name == "overview"
            assert reader.snapshot().readings[0].refusals, f"{name} differs without a word"


@pytest.mark.usefixtures("mail")
async def test_without_client_list_and_info_the_rest_is_shown_and_what_is_missing_said(admit: Admit) -> None:
    async with still(admit("+@all", "-client|list", "-info")) as herd:
        reading = herd.snapshot().readings[0]
        assert reading.redis is None
        assert [queue.workers for queue in reading.queues] == [None]
        assert any("CLIENT LIST" in refusal and "workers" in refusal for refusal in reading.refusals)
        assert any("INFO" in refusal for refusal in reading.refusals)


async def test_queues_of_a_prefix_that_we_may_not_read_do_not_spoil_the_others(
    server: EmbeddedServer, redis: redis_py.Redis, admit: Admit, mail: None
) -> None:
    layout.queue(redis, "shop:mail:")
    name = f"shop:{base64.b64encode(b'mail').decode()}"
    with Wire(server.port, name=name) as worker:
        worker.send("BZPOPMIN", "shop:mail:marker", 0)
        async with still(admit("resetkeys", "~bull:*", *READER)) as herd:
            reading = herd.snapshot().readings[0]
            assert (reading.trouble, [queue.id for queue in reading.queues]) == ("", [MAIL])
            assert any("shop:mail" in refusal for refusal in reading.refusals)


async def test_rights_lost_while_watching_are_trouble_and_not_an_empty_redis(
    server: EmbeddedServer, admit: Admit, eventually: Eventually, mail: None
) -> None:
    with Wire(server.port) as admin:
        async with herding(admit(*READER)) as herd:
            await eventually(lambda: herd.snapshot().queues)
            admin.ask("ACL", "SETUSER", "reader", "-llen")
            await eventually(lambda: herd.snapshot().readings[0].trouble)
            assert herd.snapshot().queues[0].counts[State.WAITING] == 6
            with pytest.raises(Unavailable):
                await herd.jobs(MAIL, State.WAITING)
            admin.ask("ACL", "SETUSER", "reader", "+llen")
            await eventually(lambda: not herd.snapshot().readings[0].trouble)
            assert (await herd.jobs(MAIL, State.WAITING)).rows


async def test_a_wrong_password_is_said_without_showing_it(
    server: EmbeddedServer, admit: Admit, eventually: Eventually
) -> None:
    admit(*READER)
    async with herding(f"redis://reader:not-{SECRET}@127.0.0.1:{server.port}/0") as herd:
        await eventually(lambda: herd.snapshot().readings[0].trouble)
        trouble = herd.snapshot().readings[0].trouble
        assert "login" in trouble
        assert SECRET not in trouble
