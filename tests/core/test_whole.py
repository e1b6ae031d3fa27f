"""One job in full: payloads cut with their true size, traces in order, and what is no job at all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import cast

import pytest
import redis as redis_py

from core.errors import NotFound
from core.herd import Herd
from core.model import QueueId, State
from core.text import text
from tests.core import layout
from tests.core.waiting import read_now, still
from tickbird.demo.server import EmbeddedServer

BASE = b"bull:mail:"
MAIL = QueueId("default", "bull", "mail")


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    """A herd that knows the queue mail."""
    layout.queue(redis)
    async with still(server.url) as herd:
        yield herd


async def test_every_field_of_the_hash_is_there(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, BASE, "1", odd="value", tm="telemetry", stc=2, ats=3, deid="once", rjk="nightly", defa="why")
    job = await herd.job(MAIL, "1")
    assert set(job.fields) == {text(bytes(field)) for field in cast(list[bytes], redis.hkeys(BASE + b"1"))}
    assert job.fields["odd"].text == "value"
    assert (job.stalled_counter, job.attempts_started) == (2, 3)
    assert (job.deduplication_id, job.scheduler, job.deferred_failure) == ("once", "nightly", "why")


async def test_what_is_not_there_is_none(herd: Herd, redis: redis_py.Redis) -> None:
    redis.zadd(BASE + b"failed", {"1": 5})
    redis.hset(BASE + b"1", "name", "welcome")
    job = await herd.job(MAIL, "1")
    assert (job.data, job.opts, job.returnvalue, job.progress, job.failed_reason) == (None,) * 5
    assert (job.lock, job.parent, job.children, job.logs, job.stacktrace) == (None, None, None, 0, ())


@pytest.mark.parametrize("limit", [1, 100, 4999, 5000, 5001, 100_000])
async def test_a_payload_is_cut_at_the_limit_and_says_its_true_size(
    herd: Herd, redis: redis_py.Redis, limit: int
) -> None:
    written = json.dumps({"text": "x" * 4988})
    assert len(written) == 5000
    layout.failed(redis, BASE, "1", data=written)
    for wanted in (100, limit, 5000):
        data = (await herd.job(MAIL, "1", limit_bytes=wanted)).data
        assert data is not None
        assert (data.size, data.cut, data.text) == (5000, wanted < 5000, written[:wanted])
        assert data.is_json is not data.cut


@pytest.mark.parametrize(
    ("raw", "value", "is_json"),
    [
        ("null", None, True),
        ("0", 0, True),
        ('""', "", True),
        ("", None, False),
        ("text", None, False),
        ("NaN", None, False),
        ("9007199254740993", 9007199254740993, True),
        ("1" + "0" * 400, 10**400, True),
        ("[" * 3000 + "]" * 3000, None, False),
    ],
)
async def test_a_payload_is_json_or_says_that_it_is_not(
    herd: Herd, redis: redis_py.Redis, raw: str, value: object, is_json: bool
) -> None:
    layout.failed(redis, BASE, "1", data=raw, returnvalue=raw, progress=raw)
    job = await herd.job(MAIL, "1")
    for payload in (job.data, job.returnvalue, job.progress):
        assert payload is not None
        assert (payload.text, payload.value, payload.is_json) == (raw, value, is_json)


async def test_bytes_that_are_no_text_come_through(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, BASE, "1", data=b'{"a":"\xff\xfe"}')
    data = (await herd.job(MAIL, "1")).data
    assert data is not None
    assert data.text.encode("utf-8", "surrogateescape") == b'{"a":"\xff\xfe"}'


@pytest.mark.parametrize(
    ("raw", "stacks"),
    [
        ('["first","second"]', ("first", "second")),
        ("[]", ()),
        ("null", ()),
        ("Error: plain", ("Error: plain",)),
        ('[null,{"a":1},7]', ("null", '{"a": 1}', "7")),
        ('"one"', ("one",)),
    ],
)
async def test_a_stack_of_any_shape_is_shown(
    herd: Herd, redis: redis_py.Redis, raw: str, stacks: tuple[str, ...]
) -> None:
    layout.failed(redis, BASE, "1", stacktrace=raw)
    assert (await herd.job(MAIL, "1")).stacktrace == stacks


async def test_of_many_stacks_the_last_are_shown_and_long_ones_cut(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, BASE, "1", stacktrace=json.dumps([f"run {n} " + "x" * 20_000 for n in range(40)]))
    job = await herd.job(MAIL, "1")
    assert job.stack_cut
    assert [stack.split(" x")[0] for stack in job.stacktrace] == [f"run {n}" for n in range(15, 40)]
    assert max(map(len, job.stacktrace)) <= 16_384


@pytest.mark.parametrize(
    "id", ["wait", "active", "failed", "events", "meta", "id", "marker", "none", "", "a:b", "1:logs"]
)
async def test_a_key_that_is_no_job_is_not_found(herd: Herd, redis: redis_py.Redis, id: str) -> None:
    layout.waiting(redis, BASE, "1")
    redis.rpush(BASE + b"1:logs", "line")
    with pytest.raises(NotFound):
        await herd.job(MAIL, id)


async def test_the_rows_of_keys_that_are_no_jobs_are_none(herd: Herd, redis: redis_py.Redis) -> None:
    layout.waiting(redis, BASE, "1")
    rows = await herd.rows(MAIL, ["wait", "meta", "events", "1"])
    assert [id for id, row in rows.items() if row is not None] == ["1"]


async def test_a_ghost_in_a_state_is_shown_as_one(herd: Herd, redis: redis_py.Redis) -> None:
    redis.zadd(BASE + b"failed", {"gone": 5})
    redis.lpush(BASE + b"wait", "gone-too")
    assert (await herd.job(MAIL, "gone")).row.missing
    assert (await herd.job(MAIL, "gone-too")).row.missing


async def test_a_hash_that_no_state_lists_is_an_orphan(herd: Herd, redis: redis_py.Redis) -> None:
    layout.job(redis, BASE, "lost")
    job = await herd.job(MAIL, "lost")
    assert job.row.state is State.UNKNOWN
    assert "no state" in job.state_note


async def test_a_job_with_large_options_has_the_attempts_that_they_say(herd: Herd, redis: redis_py.Redis) -> None:
    opts = json.dumps({"attempts": 7, "repeat": {"data": "x" * 6000}})
    layout.failed(redis, BASE, "1", opts=opts, name="n" * 700, failedReason="r" * 6000)
    job = await herd.job(MAIL, "1")
    assert job.row.attempts == 7
    assert job.row.name == "n" * 700
    assert (job.row.failed_reason or "").startswith("rrr")


async def test_a_lock_shows_how_long_it_holds(herd: Herd, redis: redis_py.Redis) -> None:
    redis.lpush(BASE + b"active", layout.job(redis, BASE, "1"))
    redis.set(BASE + b"1:lock", "token", px=30_000)
    lock = (await herd.job(MAIL, "1")).lock
    assert lock is not None
    assert 25_000 < lock <= 30_000
    redis.set(BASE + b"1:lock", "forever")
    await read_now(herd)
    assert (await herd.job(MAIL, "1")).lock is None


async def test_ids_of_any_bytes_are_found(herd: Herd, redis: redis_py.Redis) -> None:
    for id in ("größe 数据", "a/b%20:c~", "\udcff\udcfe", "x" * 3000, "{}", "*"):
        redis.zadd(BASE + b"failed", {layout.job(redis, BASE, id): 5})
        assert (await herd.job(MAIL, id)).row.id == id


async def test_a_hash_with_very_many_fields_is_read_in_bounds(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, BASE, "1")
    redis.hset(BASE + b"1", mapping={f"field-{number}": "x" * 100 for number in range(5000)})
    job = await herd.job(MAIL, "1")
    assert len(job.fields) < 40
    assert job.row.name == "welcome"


@pytest.mark.parametrize(
    "parent", ['{"id":"1","queueKey":"bull:video"}', "{}", "null", "[]", '{"id":[],"queueKey":7}', "{"]
)
async def test_a_parent_of_any_shape_breaks_nothing(herd: Herd, redis: redis_py.Redis, parent: str) -> None:
    layout.failed(redis, BASE, "1", parent=parent, parentKey="bull:video:1")
    told = (await herd.job(MAIL, "1")).parent
    assert told is not None
    assert (told.key, told.id) == ("bull:video:1", "1")


async def test_a_relative_is_looked_up_at_the_longest_known_queue(herd: Herd, redis: redis_py.Redis) -> None:
    layout.queue(redis, "bull:video:")
    layout.failed(redis, BASE, "1", parentKey="bull:video:repeat:nightly:1800000000000")
    await read_now(herd)
    parent = (await herd.job(MAIL, "1")).parent
    assert parent is not None
    assert (parent.queue, parent.id) == (QueueId("default", "bull", "video"), "repeat:nightly:1800000000000")


async def test_of_many_children_a_few_are_listed_and_stay_the_same(herd: Herd, redis: redis_py.Redis) -> None:
    redis.zadd(BASE + b"waiting-children", {layout.job(redis, BASE, "1"): 5})
    redis.sadd(BASE + b"1:dependencies", *(BASE + b"child-%d" % number for number in range(3000)))
    redis.hset(BASE + b"1:processed", mapping={f"bull:mail:done-{number}": "x" * 10_000 for number in range(300)})
    before = redis.info("stats")["total_net_output_bytes"]
    first = (await herd.job(MAIL, "1")).children
    assert redis.info("stats")["total_net_output_bytes"] - before < 50_000
    await read_now(herd)
    second = (await herd.job(MAIL, "1")).children
    assert first is not None
    assert (first.pending, first.processed, len(first.listed)) == (3000, 300, 40)
    assert second == first
