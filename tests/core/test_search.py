"""Searching a state for jobs that fit a query, against a real server."""

from __future__ import annotations

import json
import random
import time

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.herd import Herd
from core.instance import Instance
from core.job import JobPage
from core.jobs.listing import Order, Wanted
from core.jobs.rows import Placed
from core.model import Dialect, Identity, Queue, QueueId, State
from core.query.parser import parse
from core.search import payloads
from core.search import seek as seeking
from core.search.sieve import Sieve
from tests.core import layout
from tests.core.waiting import still
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
QUEUE = Queue(MAIL, Identity(Dialect.MQ5, "6.7.0", ()), paused=False, counts={})
MINUTE = 60_000


def now() -> int:
    return time.time_ns() // 1_000_000


async def every(herd: Herd, said: str, state: State, *, order: Order = "newest", limit: int = 7) -> list[str]:
    """The ids on all pages of a search."""
    query, cursor, ids = parse(said), None, list[str]()
    while True:
        page: JobPage = await herd.find(MAIL, query, Wanted(state, order, limit, cursor))
        assert len(page.rows) <= limit
        ids += [row.id for row in page.rows]
        if (cursor := page.next) is None:
            return ids


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeking, "SLICE", 10)


@pytest.mark.parametrize("state", [State.FAILED, State.WAITING])
@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_a_search_finds_exactly_the_jobs_that_fit_each_once_and_in_order(
    server: EmbeddedServer, redis: redis_py.Redis, state: State, order: Order
) -> None:
    base = layout.queue(redis)
    names = [f"job-{number}" for number in range(57)]
    for number, id in enumerate(names):
        fields = {"data": json.dumps({"lucky": number % 4 == 0})}
        if state is State.FAILED:
            layout.failed(redis, base, id, at=1000 + number // 3, **fields)
        else:
            layout.waiting(redis, base, id, **fields)
    async with still(server.url) as herd:
        found = await every(herd, "data.lucky:true", state, order=order)
        everything = await herd.jobs(MAIL, state, order=order, limit=100)
    assert found == [row.id for row in everything.rows if int(row.id[4:]) % 4 == 0]


async def test_an_answer_says_how_far_it_looked(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = layout.queue(redis)
    layout.waiting(redis, base, *map(str, range(30)))
    monkeypatch.setattr("core.reads.SEARCH_PATIENCE", 0)
    async with still(server.url) as herd:
        page = await herd.find(MAIL, parse("name:nobody"), Wanted(State.WAITING))
    assert (page.rows, page.covered.looked_at, page.covered.total) == ((), 10, 30)
    assert page.covered.note == "Searched 10 of 30 jobs."
    assert page.next is not None


async def test_a_search_by_time_looks_only_where_that_can_be(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    base = layout.queue(redis)
    for number in range(40):
        at = now() - number * MINUTE
        layout.failed(redis, base, str(number), at=at, finishedOn=at)
    async with still(server.url) as herd:
        query = parse("finished:20m30s..10m30s")
        page = await herd.find(MAIL, query, Wanted(State.FAILED))
    assert [row.id for row in page.rows] == [str(number) for number in range(11, 21)]
    assert page.next is None
    assert page.covered.looked_at <= 12


async def test_a_payload_too_large_to_read_is_told_and_not_passed_over_in_silence(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payloads, "LARGEST_FIELD", 100)
    base = layout.queue(redis)
    layout.waiting(redis, base, "small", data='{"a":"needle"}')
    layout.waiting(redis, base, "large", data=json.dumps({"a": "needle" * 100}))
    async with still(server.url) as herd:
        page = await herd.find(MAIL, parse("needle"), Wanted(State.WAITING))
    assert [row.id for row in page.rows] == ["small"]
    assert "1 of them are too large to look into" in page.covered.note


async def test_large_payloads_are_read_in_pieces(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payloads, "AT_ONCE", 1000)
    base = layout.queue(redis)
    layout.waiting(redis, base, *map(str, range(9)), data=json.dumps("x" * 400 + "needle"))
    async with still(server.url) as herd:
        assert len(await every(herd, "needle", State.WAITING)) == 9


async def test_log_lines_are_looked_through(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    base = layout.queue(redis)
    layout.waiting(redis, base, "quiet", "loud")
    redis.rpush(base + b"loud:logs", "resized", "Uploaded to s3")
    async with still(server.url) as herd:
        assert await every(herd, "log:uploaded", State.WAITING) == ["loud"]


async def test_hostile_hashes_fit_nothing_and_break_nothing(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    base = layout.queue(redis)
    layout.waiting(redis, base, "sound", data='{"a":1}')
    layout.waiting(redis, base, "broken", data='{"a":', timestamp="yesterday", opts="[" * 10_000)
    redis.lpush(base + b"wait", "ghost", b"\xff\xfe")
    redis.set(base + b"no-hash", "x")
    redis.lpush(base + b"wait", "no-hash")
    async with still(server.url) as herd:
        assert await every(herd, "data.a:1", State.WAITING) == ["sound"]
        assert await every(herd, "opts.a:1 OR age:>1d OR log:x", State.WAITING) == []


WORDS = st.sampled_from(["send", "push", "welcome", "e"])
TERMS = st.one_of(
    WORDS,
    WORDS.map("name:{}*".format),
    st.integers(0, 5).map("priority:>{}".format),
    st.integers(0, 9).map("data.n:{}".format),
    st.just("log:uploaded"),
)
QUERIES = st.lists(
    st.one_of(TERMS, TERMS.map("-{}".format), st.tuples(TERMS, TERMS).map(lambda two: f"({two[0]} OR {two[1]})")),
    max_size=4,
).map(" ".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=QUERIES, seed=st.integers(0, 99))
async def test_reading_in_stages_finds_what_reading_everything_would(
    instance: Instance, redis: redis_py.Redis, said: str, seed: int
) -> None:
    redis.flushall()
    base, chance = layout.queue(redis), random.Random(seed)
    placed = []
    for number in range(8):
        fields = {"name": chance.choice(("send", "push")), "priority": chance.randrange(6)}
        id = layout.job(redis, base, str(number), data=json.dumps({"n": chance.randrange(10)}), **fields)
        if chance.random() < 0.3:
            redis.rpush(base + id + b":logs", "uploaded")
        placed.append(Placed(id, State.WAITING))
    together = await Sieve(parse(said)).sift(instance, QUEUE, placed)
    at_once = await Sieve(parse(f"({said}) OR ({said})" if said else "")).sift(instance, QUEUE, placed)
    assert together.fitting == at_once.fitting
