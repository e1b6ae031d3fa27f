"""Schedulers as they lie in Redis: read in few commands, whatever somebody has put there, and never said to be fine
when they are not."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis as redis_py

from core.errors import Invalid, NotFound, Unavailable
from core.instance import Instance
from core.model import Dialect, Identity, Queue, QueueId, Workers
from core.redaction.redaction import Rule
from core.schedulers.front import Schedulers
from core.schedulers.reading import read_register
from core.schedulers.scheduler import Kind, Page, Pending
from core.sight import Sight, now
from core.snapshot import Pass, Reading, Snapshot

HOUR = 3_600_000
MAIL = QueueId("default", "bull", "mail")


def queue(id: QueueId = MAIL, **rest: Any) -> Queue:
    words = {"identity": Identity(Dialect.MQ5, "6.7.0", ()), "paused": False, "counts": {}, **rest}
    return Queue(id, **words)


def room(instance: Instance, *queues: Queue) -> Schedulers:
    reading = Reading("default", 1, queues or (queue(),), None, Pass())
    return Schedulers(Sight({"default": instance}, Snapshot(1, (reading,))))


def scheduler(
    redis: redis_py.Redis, key: str, due: int, *, base: str = "bull:mail:", job: bool = True, **fields: Any
) -> None:
    """As BullMQ 6 keeps it, with the job for its next run in delayed."""
    told = {"name": "digest", "every": HOUR, "ic": 3, **fields}
    redis.zadd(f"{base}repeat", {key: due})
    redis.hset(f"{base}repeat:{key}", mapping={name: value for name, value in told.items() if value is not None})
    if job:
        redis.hset(f"{base}repeat:{key}:{due}", mapping={"name": "digest", "timestamp": now(), "opts": "{}"})
        redis.zadd(f"{base}delayed", {f"repeat:{key}:{due}": due * 4096})


def keys(page: Page) -> list[str]:
    return [row.head.key for row in page.rows]


async def test_those_in_trouble_stand_first_and_then_those_that_are_due_next(
    redis: redis_py.Redis, instance: Instance
) -> None:
    scheduler(redis, "later", now() + 5 * HOUR)
    scheduler(redis, "soon", now() + HOUR, name="other")
    scheduler(redis, "orphan", now() + 9 * HOUR, job=False, name="lost")
    scheduler(redis, "late", now() - HOUR, name="late")
    page = await room(instance, queue(workers=Workers(0, 0))).page()
    assert keys(page) == ["late", "orphan", "soon", "later"]
    late, orphan, *_ = page.rows
    assert HOUR <= late.overdue < HOUR + 60_000
    assert late.trouble == ("Overdue by 1 h: nobody is consuming its queue.",)
    assert orphan.head.pending is Pending.MISSING
    assert orphan.trouble[0].startswith("It will never run again")


async def test_a_page_goes_on_where_the_last_one_ended_and_finds_by_words(
    redis: redis_py.Redis, instance: Instance
) -> None:
    for number in range(25):
        scheduler(redis, f"task-{number:02d}", now() + HOUR + number, name="even" if number % 2 == 0 else "odd")
    there = room(instance)
    seen: list[str] = []
    cursor = None
    while True:
        page = await there.page(words="EVEN every", cursor=cursor, limit=5)
        seen += keys(page)
        if (cursor := page.next) is None:
            break
    assert seen == [f"task-{number:02d}" for number in range(0, 25, 2)]
    assert page.found == 13
    with pytest.raises(Invalid):
        await there.page(cursor="x")


async def test_a_thousand_schedulers_cost_three_commands_each_and_no_payload(
    redis: redis_py.Redis, instance: Instance
) -> None:
    pipe = redis.pipeline(transaction=False)
    for number in range(1000):
        scheduler(pipe, f"task-{number}", now() + HOUR + number, data="x" * 1000)
    pipe.execute()
    redis.config_resetstat()
    register = await read_register(instance, [queue()])
    assert len(register.heads) == 1000
    assert instance.commands_sent < 3_100
    reads = {name for name in redis.info("commandstats") if name.startswith(("cmdstat_z", "cmdstat_h"))}
    assert reads - {"cmdstat_hello"} == {"cmdstat_zcard", "cmdstat_zrange", "cmdstat_hmget", "cmdstat_zscore"}


async def test_of_more_than_can_be_read_those_that_are_due_first_are_and_it_is_known(
    redis: redis_py.Redis, instance: Instance
) -> None:
    redis.zadd("bull:mail:repeat", {f"task-{number}": now() + number for number in range(500)})
    register = await read_register(instance, [queue()], 50)
    assert [head.key for head in register.heads] == [f"task-{number}" for number in range(50)]
    assert register.total == 500


async def test_what_its_runs_left_is_found_by_what_its_timing_foretells(
    redis: redis_py.Redis, instance: Instance
) -> None:
    due = (now() // HOUR + 1) * HOUR
    scheduler(redis, "hourly", due, ic=200)
    for back, state in ((1, "completed"), (3, "failed"), (60, "completed"), (61, "completed")):
        id = f"repeat:hourly:{due - back * HOUR}"
        redis.zadd(f"bull:mail:{state}", {id: due - back * HOUR + 500})
        redis.hset(f"bull:mail:{id}", mapping={"name": "digest", "processedOn": 1000, "finishedOn": 1400})
    found = await room(instance).one(MAIL, "hourly")
    states = [run.state for run in found.row.runs]
    assert len(states) == 60
    assert (states[-1], states[-3], states[0]) == ("completed", "failed", "completed")
    assert states.count("") == 57
    assert found.average == 400
    last = found.row.last
    assert last is not None
    assert last.finished_on == due - HOUR + 500


async def test_one_that_has_not_run_yet_has_no_gaps(redis: redis_py.Redis, instance: Instance) -> None:
    scheduler(redis, "new", now() + HOUR, ic=1)
    assert (await room(instance).one(MAIL, "new")).row.runs == ()


async def test_twins_are_told(redis: redis_py.Redis, instance: Instance) -> None:
    for key in ("digest::::60000", "digest:own:::60000", "other::::60000"):
        redis.zadd("bull:mail:repeat", {key: now() + HOUR})
    page = await room(instance, queue(identity=Identity(Dialect.MQ4, None, ()))).page()
    assert {row.head.key: row.twins for row in page.rows} == {
        "digest::::60000": 1,
        "digest:own:::60000": 1,
        "other::::60000": 0,
    }


@pytest.mark.parametrize(
    ("dialect", "key", "told"),
    [
        (Dialect.BULL, "digest:::60000", ("digest", "", 60_000, None)),
        (Dialect.BULL, "digest:own:5:Europe/Berlin:0 3 * * *", ("digest", "own", None, "0 3 * * *")),
        (Dialect.MQ4, "digest::::60000", ("digest", "", 60_000, None)),
        (Dialect.MQ4, "a:b:own:5:UTC:0 3 * * *", ("a:b", "own", None, "0 3 * * *")),
        (Dialect.MQ_LIST, "no colon", ("no colon", "", None, None)),
    ],
)
async def test_legacy_keys_are_taken_apart(
    redis: redis_py.Redis, instance: Instance, dialect: Dialect, key: str, told: tuple[object, ...]
) -> None:
    redis.zadd("bull:mail:repeat", {key: now() + HOUR})
    (row,) = (await room(instance, queue(identity=Identity(dialect, None, ()))).page()).rows
    assert row.head.kind is Kind.REPEATABLE
    assert (row.head.name, row.head.own_id, row.head.timing.every, row.head.timing.pattern) == told


async def test_what_must_not_be_seen_is_taken_out_of_the_template(redis: redis_py.Redis, instance: Instance) -> None:
    scheduler(
        redis, "secret", now() + HOUR, data='{"to":"ann","token":"s3cret"}', opts='{"attempts":3,"apiToken":"s3cret"}'
    )
    instance.hidden = (Rule(keys=("*token*",)),)
    found = await room(instance).one(MAIL, "secret")
    assert found.data is not None
    assert found.options is not None
    assert found.data.value == {"to": "ann", "token": "[redacted]"}
    assert "s3cret" not in found.options.text
    assert found.hidden


HOSTILE: list[dict[str, Any]] = [
    {"pattern": "9" * 1_000_000},
    {"pattern": "* " * 10_000, "every": None},
    {"pattern": "0 0 30 2 *", "every": None},
    {"pattern": ",".join("0" * 250) + " * * * *", "every": None},
    {"every": "-1"},
    {"every": "0"},
    {"every": "1e300"},
    {"every": "nan", "limit": "inf", "endDate": "x", "ic": "many"},
    {"tz": "../../etc/passwd", "pattern": "* * * * *", "every": None},
    {"tz": "x" * 1_000_000, "pattern": "* * * * *", "every": None},
    {"name": b"\xff\xfe", "data": b"\xff", "opts": b"[1,2"},
    {"data": "[" * 100_000, "opts": "{" * 100_000},
    {"endDate": "9" * 4000, "startDate": "1", "offset": "9" * 400},
    {"name": "", "data": "null"},
]


@pytest.mark.parametrize("fields", HOSTILE, ids=lambda fields: ascii(fields)[:40])
async def test_whatever_a_hash_holds_it_is_shown_at_once(
    redis: redis_py.Redis, instance: Instance, fields: dict[str, Any]
) -> None:
    scheduler(redis, "odd", now() - 10 * 366 * 24 * HOUR, **fields)
    started = time.process_time()
    page = await room(instance).page()
    found = await room(instance).one(MAIL, "odd")
    assert time.process_time() - started < 0.5
    assert keys(page) == ["odd"]
    assert len(found.row.sentence) < 400
    assert all(0 <= at < 2**53 for at in found.upcoming.instants)


@pytest.mark.parametrize("score", ["inf", "-inf", "1e300", "-5", "0.5", "1795399200000.25"])
async def test_a_score_that_is_no_instant_is_no_fault(redis: redis_py.Redis, instance: Instance, score: str) -> None:
    scheduler(redis, "odd", now())
    redis.zadd("bull:mail:repeat", {"odd": float(score)})
    (row,) = (await room(instance).page()).rows
    assert row.trouble
    await room(instance).one(MAIL, "odd")


async def test_keys_of_other_types_are_no_schedulers(redis: redis_py.Redis, instance: Instance) -> None:
    redis.set("bull:mail:repeat", "text")
    assert (await room(instance).page()).rows == ()
    with pytest.raises(NotFound):
        await room(instance).one(MAIL, "odd")
    redis.delete("bull:mail:repeat")
    scheduler(redis, "odd", now() + HOUR)
    redis.delete("bull:mail:repeat:odd", "bull:mail:delayed")
    redis.set("bull:mail:repeat:odd", "text")
    redis.set("bull:mail:delayed", "text")
    assert keys(await room(instance).page()) == ["odd"]


async def test_a_missing_one_is_not_found(instance: Instance) -> None:
    with pytest.raises(NotFound, match="no scheduler 'gone'"):
        await room(instance).one(MAIL, "gone")


async def test_an_instance_that_is_away_is_said_and_the_others_are_shown(
    redis: redis_py.Redis, instance: Instance
) -> None:
    scheduler(redis, "here", now() + HOUR)
    away = QueueId("cache", "bull", "mail")
    readings = (
        Reading("default", 1, (queue(),), None, Pass()),
        Reading("cache", 1, (queue(away),), None, Pass(), down_since=1, trouble="Redis cache cannot be reached."),
    )
    there = Schedulers(Sight({"default": instance, "cache": instance}, Snapshot(1, readings)))
    page = await there.page()
    assert (keys(page), page.away) == (["here"], ("Redis cache cannot be reached.",))
    with pytest.raises(Unavailable):
        await there.page(queue=away)
