"""One reading of many queues: what it tells of odd keys, odd jobs and odd times, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis as redis_py
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.dialects.contract import CONTRACTS
from core.instance import Instance
from core.model import Dialect, Identity, Queue, QueueId, State
from core.survey.rounds import survey
from core.survey.watched import DEEP_EVERY, Watched
from tests.core import layout

BASE = b"bull:mail:"
HOUR = 3_600_000
KEYS = [suffix for state, suffix in CONTRACTS[Dialect.MQ5].keys.items() if state is not State.COMPLETED]


def watched(dialect: Dialect = Dialect.MQ5, base: bytes = BASE) -> Watched:
    prefix, name = base.decode().rstrip(":").split(":", 1)
    identity = Identity(dialect, None, ())
    found = Watched(base, QueueId("default", prefix, name), identity)
    found.identify(identity)
    return found


async def read(instance: Instance, queue: Watched | None = None, *, at: int | None = None) -> Queue:
    moment = layout.now() if at is None else at
    (draft,) = await survey(instance, [queue or watched()], moment)
    return draft.queue(None, moment)


async def test_a_queue_of_which_nothing_is_there_is_empty(instance: Instance) -> None:
    (draft,) = await survey(instance, [watched()], layout.now())
    assert draft.is_empty
    queue = draft.queue(None, layout.now())
    assert set(queue.counts.values()) == {0}
    assert (queue.ids, queue.paused, queue.workers, queue.oldest_ready) == (None, False, None, None)


@pytest.mark.parametrize("key", [*KEYS, b"meta", b"id", b"limiter", b"metrics:completed", b"priority"])
@pytest.mark.parametrize("kind", ["string", "hash", "list", "zset"])
@pytest.mark.parametrize("dialect", [Dialect.BULL, Dialect.MQ5])
async def test_a_key_of_a_wrong_type_is_left_out_and_the_rest_is_read(
    instance: Instance, redis: redis_py.Redis, key: bytes, kind: str, dialect: Dialect
) -> None:
    layout.queue(redis)
    redis.delete(BASE + key)
    match kind:
        case "string":
            redis.set(BASE + key, "text")
        case "hash":
            redis.hset(BASE + key, "a", "b")
        case "list":
            redis.lpush(BASE + key, "a")
        case _:
            redis.zadd(BASE + key, {"a": 1})
    redis.zadd(BASE + b"completed", {layout.job(redis, BASE, "7"): layout.now()})
    queue = await read(instance, watched(dialect))
    assert queue.counts[State.COMPLETED] == 1


async def test_jobs_in_the_future_do_not_count_as_overdue(instance: Instance, redis: redis_py.Redis) -> None:
    moment = layout.now()
    redis.zadd(
        BASE + b"delayed", {"late": (moment - 1) * 4096 + 7, "now": moment * 4096 + 4095, "soon": (moment + 1) * 4096}
    )
    queue = await read(instance, at=moment)
    assert (queue.overdue, queue.instants.next_delayed) == (2, moment - 1)


async def test_the_last_hour_is_counted_to_the_millisecond(instance: Instance, redis: redis_py.Redis) -> None:
    moment = layout.now()
    for key in (b"failed", b"completed"):
        redis.zadd(BASE + key, {"a": moment - HOUR - 1, "b": moment - HOUR, "c": moment})
    queue = await read(instance, at=moment)
    assert (queue.failed_last_hour, queue.completed_last_hour) == (2, 2)
    assert (queue.instants.oldest_failed, queue.instants.last_finished) == (moment - HOUR - 1, moment)


async def test_a_job_is_ready_from_its_delay_on_or_from_its_last_run(instance: Instance, redis: redis_py.Redis) -> None:
    layout.waiting(redis, BASE, "1", timestamp=1000, opts='{"delay":500}')
    assert (await read(instance)).instants.oldest_waiting == 1500
    layout.job(redis, BASE, "1", timestamp=1000, opts='{"delay":500}', processedOn=9000)
    assert (await read(instance)).instants.oldest_waiting == 9000


async def test_what_tells_no_time_is_not_known(instance: Instance, redis: redis_py.Redis) -> None:
    redis.lpush(BASE + b"wait", "ghost")
    redis.lpush(BASE + b"active", layout.job(redis, BASE, "2", timestamp="soon"))
    redis.zadd(BASE + b"prioritized", {"ghost": 2**32})
    instants = (await read(instance)).instants
    assert (instants.oldest_waiting, instants.oldest_active, instants.oldest_prioritized) == (None, None, None)


@pytest.mark.parametrize(
    "opts", ["{}", "", "[]", "null", '{"delay":"x"}', '{"delay":-5}', '{"delay":1e300}', "{" * 5000]
)
async def test_options_that_make_no_sense_do_not_move_the_age(
    instance: Instance, redis: redis_py.Redis, opts: str
) -> None:
    layout.waiting(redis, BASE, "1", timestamp=1000, opts=opts)
    assert (await read(instance)).instants.oldest_waiting == 1000


async def test_a_starved_priority_is_found_behind_a_busy_one(instance: Instance, redis: redis_py.Redis) -> None:
    mail = watched()
    redis.zadd(BASE + b"prioritized", {layout.job(redis, BASE, "old", timestamp=1000): 9 * 2**32})
    for number in range(20):
        redis.zadd(BASE + b"prioritized", {layout.job(redis, BASE, f"new{number}", timestamp=5000): 2**32 + number})
    seen = [(await read(instance, mail)).instants.oldest_prioritized for _ in range(4)]
    assert seen[-1] == 1000


async def test_priorities_that_were_drained_are_forgotten(instance: Instance, redis: redis_py.Redis) -> None:
    mail = watched()
    redis.zadd(BASE + b"prioritized", {layout.job(redis, BASE, "old", timestamp=1000): 9 * 2**32})
    assert (await read(instance, mail)).instants.oldest_prioritized == 1000
    redis.delete(BASE + b"prioritized")
    assert (await read(instance, mail)).instants.oldest_prioritized is None
    redis.zadd(BASE + b"prioritized", {layout.job(redis, BASE, "new", timestamp=5000): 2**32})
    assert (await read(instance, mail)).instants.oldest_prioritized == 5000


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.integers(0, 2_097_151), st.integers(1, 2**40), min_size=1, max_size=12))
async def test_the_oldest_prioritized_job_is_found_within_as_many_readings_as_there_are_priorities(
    instance: Instance, redis: redis_py.Redis, bands: dict[int, int]
) -> None:
    redis.flushall()
    for priority, timestamp in bands.items():
        id = layout.job(redis, BASE, f"p{priority}", timestamp=timestamp)
        redis.zadd(BASE + b"prioritized", {id: priority * 2**32 + 5})
    mail = watched()
    for _ in range(len(bands) + 1):
        queue = await read(instance, mail)
    assert queue.instants.oldest_prioritized == min(bands.values())


@pytest.mark.parametrize(
    ("counter", "limited"),
    [("1", False), ("2", True), ("3", True), (str(2**53 - 1), True), ("text", False)],
)
async def test_a_rate_limit_bites_when_its_window_is_used_up(
    instance: Instance, redis: redis_py.Redis, counter: str, limited: bool
) -> None:
    redis.hset(BASE + b"meta", mapping={"max": 2, "duration": 60_000})
    redis.set(BASE + b"limiter", counter, px=60_000)
    limited_for = (await read(instance)).limits.limited_for
    assert (limited_for is not None and 55_000 < limited_for <= 60_000) is limited


async def test_a_limit_that_only_workers_know_shows_when_they_set_it_by_hand(
    instance: Instance, redis: redis_py.Redis
) -> None:
    redis.set(BASE + b"limiter", "50", px=60_000)
    assert (await read(instance)).limits.limited_for is None
    redis.set(BASE + b"limiter", str(2**53 - 1), px=60_000)
    assert (await read(instance)).limits.limited_for is not None


@pytest.mark.parametrize("field", ["concurrency", "max", "duration", "opts.maxLenEvents"])
@pytest.mark.parametrize("value", ["", "many", "-1", "1e999", "9" * 40, "\x00"])
async def test_odd_settings_of_a_queue_break_nothing(
    instance: Instance, redis: redis_py.Redis, field: str, value: str
) -> None:
    redis.hset(BASE + b"meta", mapping={"opts.maxLenEvents": "1", field: value})
    await read(instance)


async def test_slow_questions_are_asked_every_ten_seconds_or_so(instance: Instance, redis: redis_py.Redis) -> None:
    mail, moment = watched(), layout.now()
    layout.failed(redis, BASE, "1", at=moment)
    assert (await read(instance, mail, at=moment)).failed_last_hour == 1
    layout.failed(redis, BASE, "2", at=moment)
    assert (await read(instance, mail, at=moment + 1000)).failed_last_hour == 1
    assert (await read(instance, mail, at=moment + DEEP_EVERY * 13 // 10)).failed_last_hour == 2


async def test_the_commands_a_queue_costs_are_bounded(instance: Instance, redis: redis_py.Redis) -> None:
    moment = layout.now()
    layout.queue(redis)
    layout.waiting(redis, BASE, *map(str, range(20)))
    layout.failed(redis, BASE, *map(str, range(20, 30)))
    for key in (b"active", b"paused"):
        redis.lpush(BASE + key, *range(20))
    for key in (b"delayed", b"completed", b"prioritized", b"waiting-children"):
        redis.zadd(BASE + key, {str(number): moment for number in range(20)})
    full = watched()
    costs = []
    for later in (0, 1000, 2000):
        sent = instance.commands_sent
        await survey(instance, [full], moment + later)
        costs.append(instance.commands_sent - sent)
    first, second, third = costs
    assert first <= 45
    assert second <= 22
    assert third <= 22


async def test_two_hundred_queues_take_the_commands_of_one_two_hundred_times_in_few_round_trips(
    instance: Instance, redis: redis_py.Redis
) -> None:
    many = []
    for number in range(200):
        base = layout.queue(redis, f"bull:mail-{number}:")
        layout.waiting(redis, base, "1")
        many.append(watched(base=base))
    moment = layout.now()
    await survey(instance, many, moment)
    sent, before = instance.commands_sent, redis.info("stats")["total_commands_processed"]
    drafts = await survey(instance, many, moment + 1000)
    assert len(drafts) == 200
    assert instance.commands_sent - sent == 200 * (8 + 2 + 2)
    assert redis.info("stats")["total_commands_processed"] - before == 200 * 12 + 1


async def test_every_dialect_is_asked_for_its_own_states_only(instance: Instance, redis: redis_py.Redis) -> None:
    redis.zadd(BASE + b"prioritized", {"1": 1})
    for dialect, notions in CONTRACTS.items():
        queue = await read(instance, watched(dialect))
        assert tuple(queue.counts) == notions.states
        assert replace(queue).identity.dialect is dialect
