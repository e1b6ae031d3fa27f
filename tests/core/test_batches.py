"""Batches: which field groups jobs, what finds one again, and how far a look goes in a large queue."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis as redis_py
from hypothesis import given
from hypothesis import strategies as st

from core.batches import counting
from core.batches.book import MOST_JOBS, Book
from core.batches.front import BatchCounts
from core.batches.grouping import grouping, likely
from core.errors import Invalid
from core.instance import Instance
from core.jobs.rows import Placed
from core.model import Dialect, Identity, Queue, QueueId, State
from core.query.matching import fits
from core.query.parser import parse
from core.redaction.redaction import HIDDEN, NOTHING_HIDDEN, Redaction, Rule, redaction
from core.redis_settings import RedisSettings
from core.search.raw_job import RawJob
from core.sight import Sight, now
from core.snapshot import Pass, Reading, Snapshot
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="."), min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is what is told, not how fast this machine is."""
    for module in ("sight", "batches.counting"):
        monkeypatch.setattr(f"core.{module}.PATIENCE", 30.0)


@pytest.fixture
async def instance(server: EmbeddedServer) -> AsyncIterator[Instance]:
    opened = Instance(RedisSettings("default", server.url))
    yield opened
    await opened.close()


def counts_of(instance: Instance, **counts: int) -> BatchCounts:
    queue = Queue(MAIL, Identity(Dialect.MQ5, None, ()), False, {State(word): n for word, n in counts.items()})
    sight = Sight({"default": instance}, Snapshot(0, ()))
    sight.publish(Snapshot(1, (Reading("default", now(), (queue,), None, Pass(last_seconds=0.1)),)))
    return BatchCounts(sight)


def fill(redis: redis_py.Redis, jobs: int, data: Any = None, start: int = 0) -> None:
    """So many waiting jobs, in three batches unless `data` says otherwise."""
    pipe = redis.pipeline(transaction=False)
    for at in range(start, start + jobs):
        written = json.dumps({"batchId": at % 3}) if data is None else data
        pipe.hset(f"bull:mail:{at}", mapping={"name": "send", "data": written, "timestamp": 1})
        pipe.lpush("bull:mail:wait", at)
    pipe.execute()


@given(NAMES, st.text(min_size=1, max_size=20) | st.integers() | st.booleans())
def test_the_words_of_a_batch_find_exactly_its_jobs(name: str, value: str | int | bool) -> None:
    by = grouping(f"data.{name}", NOTHING_HIDDEN) if name.strip() == name else grouping("data.x", NOTHING_HIDDEN)
    raw = json.dumps({by.path[0]: value}).encode()
    for found in by.values(raw, NOTHING_HIDDEN):
        query = parse(by.query(found))
        job, other = (RawJob(MAIL, Placed(b"1", State.WAITING)) for _ in range(2))
        job.learn([b"data"], [raw])
        other.learn([b"data"], [json.dumps({by.path[0]: f"{value}x"}).encode()])
        assert fits(query, job)
        assert not fits(query, other)


@pytest.mark.parametrize("text", ["", "data", "data.", "nonsense.x", ".x", "data..x", "data." + "x" * 200, "id"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        grouping(text, NOTHING_HIDDEN)


def test_what_must_not_be_seen_groups_nothing() -> None:
    hiding: Redaction = redaction((Rule(keys=("batch*",)),), MAIL)
    with pytest.raises(Invalid, match="redacted"):
        grouping("data.batchId", hiding)
    by = grouping("data.items.id", NOTHING_HIDDEN)
    assert by.values(b'{"items":[{"id":1},{"id":2},{"id":1}],"other":1}', hiding) == ("1", "2")
    assert HIDDEN not in by.values(b'{"items":[]}', hiding)


def test_fields_that_look_like_batches_are_found() -> None:
    data = {"batchId": 1, "user": {"importId": "x", "name": "ada"}, "campaign": "y", "to": "z", "group": {}}
    assert likely(data, {"group": {"id": 1}}) == [
        "opts.group.id",
        "data.batchId",
        "data.user.importId",
        "data.campaign",
    ]
    assert likely([1], None) == []


async def test_a_large_queue_is_looked_at_as_far_as_the_time_goes_and_that_is_said(
    instance: Instance, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(redis, 3000)
    counts = counts_of(instance, waiting=3000)
    monkeypatch.setattr(counting, "PATIENCE", 0.0)
    nothing = await counts.of(MAIL, "data.batchId")
    assert nothing.covered.looked_at == 0
    assert "may have more jobs than are counted" in nothing.covered.note
    monkeypatch.setattr(counting, "PATIENCE", 9.9)
    whole = await counts_of(instance, waiting=3000).of(MAIL, "data.batchId")
    assert (whole.covered.looked_at, [batch.total for batch in whole.batches]) == (3000, [1000, 1000, 1000])
    assert whole.covered.note == "Looked at 3,000 of 3,000 jobs in Redis, those still to run first."


async def test_hostile_and_huge_data_are_in_no_batch(instance: Instance, redis: redis_py.Redis) -> None:
    for at, data in enumerate([b"\xff\xfe", b"[" * 5000, b"null", b"5", b'{"batchId":{}}', b'{"batchId":null}']):
        fill(redis, 1, data, at)
    fill(redis, 1, b'{"batchId":"' + b"x" * 70_000 + b'"}', 100)
    redis.lpush("bull:mail:wait", "ghost")
    redis.set("bull:mail:text", "no job")
    redis.lpush("bull:mail:wait", "text")
    found = await counts_of(instance, waiting=9).of(MAIL, "data.batchId")
    assert (found.batches, found.covered.looked_at) == ((), 9)
    assert "1 of them are too large to look into" in found.covered.note


def test_a_book_forgets_the_first_of_too_many() -> None:
    book = Book()
    book.learn((b"%d" % at, ("x",)) for at in range(MOST_JOBS + 10))
    assert len(book.known) == MOST_JOBS
    assert b"0" not in book.known


async def test_where_jobs_are_large_the_look_ends_in_time_and_says_how_far_it_came(
    instance: Instance, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(redis, 60, json.dumps({"batchId": "big", "text": "x" * 50_000}))
    monkeypatch.setattr(counting, "AT_ONCE", 100_000)
    # A second goes by with each look at the clock: the time is over after a few pieces.
    seconds = itertools.count()
    monkeypatch.setattr(counting, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    monkeypatch.setattr(counting, "PATIENCE", 6)
    counts = counts_of(instance, waiting=60)
    found = await counts.of(MAIL, "data.batchId")
    assert 0 < found.covered.looked_at < 60
    assert sum(batch.total for batch in found.batches) == found.covered.looked_at
    assert found.without == 0
    monkeypatch.setattr(counting, "PATIENCE", 1000)
    counts._sight.forget(MAIL)
    assert (await counts.of(MAIL, "data.batchId")).covered.looked_at == 60
