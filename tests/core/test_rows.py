"""Light rows: what odd, hostile and half-gone jobs become in a list."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.instance import Instance
from core.job import JobRow
from core.jobs.rows import LIMITS, LONGEST_REASON, Placed, read_rows
from core.model import Dialect, Identity, Queue, QueueId, State
from core.text import printable
from tests.core import layout

BASE = b"bull:mail:"
NUMBERS = ("timestamp", "delay", "priority", "attemptsMade", "atm", "processedOn", "finishedOn", "stc")
MARKUP = '<img src=x onerror="alert(1)">{{ 7*7 }}\x00\x1b[31m\u202ecba'


def queue(dialect: Dialect = Dialect.MQ5) -> Queue:
    return Queue(QueueId("default", "bull", "mail"), Identity(dialect, None, ()), paused=False, counts={})


async def row(instance: Instance, id: bytes = b"1", state: State = State.WAITING, score: bytes | None = None) -> JobRow:
    (read,) = await read_rows(instance, queue(), [Placed(id, state, score)])
    return read


async def test_an_id_without_a_hash_is_a_ghost(instance: Instance) -> None:
    ghost = await row(instance)
    assert (ghost.missing, ghost.id, ghost.name, ghost.timestamp, ghost.data_size) == (True, "1", None, None, None)


async def test_a_hash_with_a_single_field_is_no_ghost(instance: Instance, redis: redis_py.Redis) -> None:
    for field in ("timestamp", "data", "failedReason"):
        redis.delete(BASE + b"1")
        redis.hset(BASE + b"1", field, "1")
        assert not (await row(instance)).missing


async def test_rows_come_in_the_order_that_was_asked_for(instance: Instance, redis: redis_py.Redis) -> None:
    for id in "abc":
        layout.job(redis, BASE, id, name=id)
    rows = await read_rows(instance, queue(), [Placed(id, State.WAITING) for id in (b"c", b"none", b"a", b"b", b"a")])
    assert [(each.id, each.name) for each in rows] == [("c", "c"), ("none", None), ("a", "a"), ("b", "b"), ("a", "a")]


async def test_no_jobs_cost_nothing(instance: Instance) -> None:
    assert await read_rows(instance, queue(), []) == []
    assert instance.commands_sent == 0


@pytest.mark.parametrize(
    ("fields", "priority"),
    [
        ({"priority": 5}, 5),
        ({"priority": 0, "opts": '{"priority":9}'}, 0),
        ({"priority": "", "opts": '{"priority":9}'}, 9),
        ({"priority": "", "opts": "{}"}, 0),
    ],
)
async def test_the_priority_is_what_the_job_has_now_before_what_it_was_added_with(
    instance: Instance, redis: redis_py.Redis, fields: dict[str, Any], priority: int
) -> None:
    layout.job(redis, BASE, **fields)
    if fields["priority"] == "":
        redis.hdel(BASE + b"1", "priority")
    assert (await row(instance)).priority == priority


@pytest.mark.parametrize(
    ("score", "due"),
    [
        (b"7353571448070144", 7353571448070144 // 4096),
        (b"7.353571448070144e15", 7353571448070144 // 4096),
        (b"x", None),
    ],
)
async def test_a_delayed_job_is_due_when_its_score_says(instance: Instance, score: bytes, due: int | None) -> None:
    assert (await row(instance, state=State.DELAYED, score=score)).due_at == due
    assert (await row(instance, state=State.FAILED, score=score)).due_at is None


@pytest.mark.parametrize("value", ["", "soon", "-1", "1e999", "NaN", "9" * 5000, "1.5", MARKUP])
async def test_numbers_that_are_none_break_no_row(instance: Instance, redis: redis_py.Redis, value: str) -> None:
    for field in NUMBERS:
        layout.job(redis, BASE, field, **{field: value})
        assert not (await row(instance, field.encode())).missing


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(
        st.sampled_from([*NUMBERS, "name", "data", "opts", "failedReason", "progress", "pb", "stacktrace"]),
        st.binary(max_size=60) | st.sampled_from([b"[]", b"{}", b"null", b'"x"', b"1e400", b"[" * 2000]),
        min_size=1,
    ),
    id=st.binary(max_size=30),
)
async def test_any_bytes_in_any_field_make_a_row_that_can_be_sent(
    instance: Instance, redis: redis_py.Redis, fields: dict[str, bytes], id: bytes
) -> None:
    redis.delete(BASE + id)
    redis.hset(BASE + id, items=[part for field in fields.items() for part in field])
    read = await row(instance, id, State.DELAYED, b"4096")
    for shown in (read.id, read.name, read.failed_reason, *(text for pair in read.about for text in pair)):
        printable(shown or "").encode()
    json.dumps([read.progress, read.percent, read.attempts, read.priority], allow_nan=False)


async def test_hostile_texts_come_through_as_they_are(instance: Instance, redis: redis_py.Redis) -> None:
    layout.job(redis, BASE, name=MARKUP, failedReason=MARKUP, pb=MARKUP, data=json.dumps({"id": MARKUP, MARKUP: 1}))
    read = await row(instance)
    assert (read.name, read.failed_reason, read.worker) == (MARKUP, MARKUP, MARKUP)
    assert dict(read.about)["id"].startswith("<img src=x onerror=")


async def test_texts_that_are_too_long_for_a_list_are_named_by_their_size(
    instance: Instance, redis: redis_py.Redis
) -> None:
    sizes = {field.decode(): limit + 1 for field, limit in LIMITS.items()}
    layout.job(redis, BASE, **{field: "x" * size for field, size in sizes.items()})
    read = await row(instance)
    assert read.data_size == sizes["data"]
    assert "0.5 KB" in (read.name or "")
    assert "4.1 KB" in (read.failed_reason or "")
    assert (read.about, read.progress) == ((), None)


async def test_a_long_reason_is_cut_for_the_list(instance: Instance, redis: redis_py.Redis) -> None:
    layout.job(redis, BASE, failedReason="é" * 1500)
    assert (await row(instance)).failed_reason == "é" * LONGEST_REASON


async def test_a_key_that_is_no_hash_is_a_ghost(instance: Instance, redis: redis_py.Redis) -> None:
    redis.set(BASE + b"1", "text")
    assert (await row(instance)).missing


@pytest.mark.parametrize(
    ("opts", "attempts"),
    [("{}", 1), ('{"attempts":0}', 1), ('{"attempts":5}', 5), ('{"attempts":"x"}', 1), ('{"attempts":true}', 1)],
)
async def test_a_job_without_attempts_in_its_options_has_one(
    instance: Instance, redis: redis_py.Redis, opts: str, attempts: int
) -> None:
    layout.job(redis, BASE, opts=opts)
    assert (await row(instance)).attempts == attempts


async def test_a_page_of_large_jobs_moves_little(instance: Instance, redis: redis_py.Redis) -> None:
    data = "x" * 1_000_000
    ids = [layout.job(redis, BASE, str(number), data=data, failedReason=data, opts=data) for number in range(30)]
    before = redis.info("stats")["total_net_output_bytes"]
    rows = await read_rows(instance, queue(), [Placed(id, State.FAILED) for id in ids])
    moved = redis.info("stats")["total_net_output_bytes"] - before
    assert [each.data_size for each in rows] == [1_000_000] * 30
    assert moved < 30 * 1000
