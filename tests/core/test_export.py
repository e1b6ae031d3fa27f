"""Jobs leave as they are: every digit, on lines of their own, without secrets and without formulas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis as redis_py

from core.errors import Invalid, NotFound
from core.export import fields
from core.export.formats import BOM, Format, ending, heading, written
from core.export.front import Export, Wanted
from core.herd import Herd
from core.model import QueueId, State
from core.query.parser import parse
from core.redaction.redaction import Rule
from tests.core import layout
from tests.core.waiting import read_now, still
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    layout.queue(redis)
    async with still(server.url) as herd:
        yield herd


async def lines(export: Export) -> list[dict[str, Any]]:
    body = b"".join([written(Format.NDJSON, jobs) async for jobs in export.slices()])
    return [json.loads(line) for line in body.decode().splitlines()]


async def test_every_job_of_a_state_is_a_line_and_no_number_loses_a_digit(herd: Herd, redis: redis_py.Redis) -> None:
    data = b'{"id":12345678901234567890123, "price":1.10,\n "odd":"\xff"}'
    for number in range(2500):
        layout.failed(redis, b"bull:mail:", str(number), at=1000 + number, data=data, failedReason=f"no {number}")
    await read_now(herd)
    export = herd.exports.begin(MAIL, Wanted(State.FAILED))
    found = b"".join([written(Format.NDJSON, jobs) async for jobs in export.slices()]).decode().splitlines()
    assert [json.loads(line)["id"] for line in found] == [str(number) for number in reversed(range(2500))]
    assert all('"data":{"id":12345678901234567890123, "price":1.10,  "odd":"\\udcff"}' in line for line in found)
    assert (export.complete, export.jobs, export.total) == (True, 2500, 2500)
    assert "These are all." in export.sentence


async def test_a_query_and_a_limit_are_kept_and_the_end_says_that_it_was_cut(herd: Herd, redis: redis_py.Redis) -> None:
    for number in range(100):
        layout.failed(redis, b"bull:mail:", str(number), at=1000 + number, failedReason="ab"[number % 2])
    await read_now(herd)
    some = herd.exports.begin(MAIL, Wanted(State.FAILED, parse("reason:a"), "oldest", 30))
    assert [job["id"] for job in await lines(some)] == [str(number) for number in range(0, 60, 2)]
    assert (some.complete, some.jobs) == (False, 30)
    assert "Cut at 30" in some.sentence
    all_of_them = herd.exports.begin(MAIL, Wanted(State.FAILED, parse("reason:a")))
    assert len(await lines(all_of_them)) == 50
    assert all_of_them.complete


async def test_ghosts_and_fields_that_are_too_large_are_told_and_not_shipped(
    herd: Herd, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "LARGEST_FIELD", 1000)
    monkeypatch.setattr(fields, "AT_ONCE", 1500)
    for number in range(20):
        layout.failed(redis, b"bull:mail:", str(number), at=1000, data=json.dumps("x" * 100 * number))
    redis.zadd("bull:mail:failed", {"ghost": 1, "text": 2})
    redis.set("bull:mail:text", "no job")
    await read_now(herd)
    found = {job["id"]: job for job in await lines(herd.exports.begin(MAIL, Wanted(State.FAILED)))}
    assert len(found["9"]["data"]) == 900
    assert ("data" in found["10"], found["10"]["omitted"]) == (False, {"data": 1002})
    assert found["ghost"]["missing"] is True
    assert found["text"]["missing"] is True


async def test_what_must_not_be_seen_does_not_leave(herd: Herd, redis: redis_py.Redis) -> None:
    layout.failed(redis, b"bull:mail:", "1", data='{"token":"s3cret","n":1}', failedReason="token=s3cret refused")
    herd.sight.instances["default"].hidden = (Rule(keys=("token",)),)
    await read_now(herd)
    (job,) = await lines(herd.exports.begin(MAIL, Wanted(State.FAILED)))
    assert (job["data"], job["failedReason"]) == ({"token": "[redacted]", "n": 1}, "token=[redacted]")


async def test_when_redis_goes_away_the_end_says_so(herd: Herd, redis: redis_py.Redis) -> None:
    for number in range(300):
        layout.failed(redis, b"bull:mail:", str(number))
    await read_now(herd)
    export = herd.exports.begin(MAIL, Wanted(State.FAILED))
    async for _ in export.slices():
        redis.client_kill_filter(_type="normal", skipme=True)
        redis.config_set("maxclients", 1)
        break
    try:
        async for _ in export.slices():
            redis.client_kill_filter(_type="normal", skipme=True)
    finally:
        redis.config_set("maxclients", 1000)
    assert not export.complete
    assert export.sentence.count("Cut off: Redis default") == 1


def test_no_cell_of_a_table_is_a_formula_and_every_text_comes_back() -> None:
    texts = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "plain", 'quoted " and, more', "two\nlines", "é", "\uff1d1"]
    jobs = [fields.Exported({"id": json.dumps(text), "data": json.dumps({"to": text})}) for text in texts]
    table = heading(Format.CSV, bom=True) + written(Format.CSV, jobs) + ending(Format.CSV, {}, "11 jobs.")
    assert table.startswith(BOM)
    first, *rows, last = csv.reader(io.StringIO(table.decode("utf-8-sig"), newline=""))
    ids = [row[first.index("id")] for row in rows]
    assert [id.removeprefix("'") for id in ids] == texts
    assert all(cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\uff1d") for row in rows for cell in row)
    assert last == ["# 11 jobs."]


async def test_a_queue_or_state_that_is_not_there_is_refused_at_once(herd: Herd, redis: redis_py.Redis) -> None:
    with pytest.raises(NotFound):
        herd.exports.begin(QueueId("default", "bull", "nowhere"), Wanted(State.FAILED))
    with pytest.raises(Invalid):
        herd.exports.begin(MAIL, Wanted(State.FAILED, limit=0))
