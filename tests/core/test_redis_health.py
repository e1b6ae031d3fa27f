"""How a Redis is told to be: from a real server where it can be, from what INFO says where it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.herd import Herd
from core.model import Dialect, Identity, Queue, QueueId, State
from core.redis_health import concerns as rules
from core.redis_health.concerns import concerns, full_in, untrimmed
from core.redis_health.holdings import SAMPLE, Finished, Holding, Holdings
from core.redis_health.server import server as told
from core.redis_health.trend import Slope, Trend, slope
from core.snapshot import Snapshot
from tests.core import layout
from tests.core.waiting import read_now, still
from tests.core.wire import Wire
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
MINUTE = 60_000


@pytest.fixture
def mail(redis: redis_py.Redis) -> bytes:
    """A queue with 300 completed jobs of about 2 KB, and some that wait."""
    base = layout.queue(redis)
    for number in range(300):
        id = layout.job(redis, base, f"c{number}", data="x" * 2_000, finishedOn=layout.now())
        redis.zadd(base + b"completed", {id: layout.now() - number})
    layout.waiting(redis, base, "w1", "w2", "w3")
    return base


async def test_a_server_says_what_it_is_and_how_it_is_kept(server: EmbeddedServer, mail: bytes) -> None:
    async with still(server.url) as herd:
        (standing,) = await herd.redis_health.look()
    (one,) = standing.servers
    assert one.role == "master"
    assert one.flavour in ("valkey", "redis")
    assert one.memory_used
    assert one.clients
    assert standing.queues == 1
    assert standing.down_since is None


async def test_what_a_queue_holds_is_close_to_the_truth(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    truth = sum(redis.memory_usage(key) or 0 for key in redis.scan_iter(match="bull:mail:*", count=1000))
    async with still(server.url) as herd:
        (held,) = await herd.redis_health.held()
    (holding,) = held.holdings.held
    assert holding.total_bytes == pytest.approx(truth, rel=0.1)
    assert (holding.jobs, holding.sampled) == (303, SAMPLE + 3)
    assert (holding.events, holding.max_events) == (1, 10_000)


async def test_our_commands_are_timed_by_the_clock_of_redis(server: EmbeddedServer, mail: bytes) -> None:
    async with still(server.url) as herd:
        (standing,) = await herd.redis_health.look()
    assert standing.cost.sample
    assert standing.cost.microseconds is not None
    assert standing.cost.microseconds > 0
    assert standing.cost.per_minute > 0


async def test_of_the_slow_log_only_our_own_commands_are_shown_and_never_what_they_carry(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    before = redis.config_get("slowlog-log-slower-than")
    redis.config_set("slowlog-log-slower-than", 0)
    try:
        redis.slowlog_reset()
        with Wire(server.port, name="tickbird") as ours, Wire(server.port, name="somebody") as theirs:
            ours.ask("HSET", "bull:mail:c1", "data", "a secret")
            theirs.ask("HSET", "bull:mail:c2", "data", "another")
        async with still(server.url) as herd:
            (standing,) = await herd.redis_health.look()
            with asking(Asker("ada", queues=("video",))):
                (for_ada,) = await herd.redis_health.look()
    finally:
        redis.config_set("slowlog-log-slower-than", before["slowlog-log-slower-than"] or 10_000)
    said = {(slow.command, slow.key) for slow in standing.slow.ours}
    assert ("HSET", "bull:mail:c1") in said
    assert ("HSET", "bull:mail:c2") not in said
    assert "secret" not in repr(standing)
    assert standing.slow.threshold == 0
    assert {slow.key for slow in for_ada.slow.ours} == {""}


async def test_what_redis_does_not_let_us_ask_is_said(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    with Wire(server.port) as admin:
        rules = ("-slowlog", "-memory|usage", "-info", "-config")
        admin.ask("ACL", "SETUSER", "blind", "reset", "on", ">s", "allkeys", "allchannels", "+@all", *rules)
        try:
            async with still(f"redis://blind:s@127.0.0.1:{server.port}/0") as herd:
                (standing,) = await herd.redis_health.look()
                (held,) = await herd.redis_health.held()
        finally:
            admin.ask("ACL", "DELUSER", "blind")
    assert "SLOWLOG" in standing.slow.refusal
    assert "INFO" in standing.refusals[0]
    assert "MEMORY USAGE" in held.holdings.refusal
    assert standing.servers == ()


async def test_who_may_only_read_misses_little(server: EmbeddedServer, redis: redis_py.Redis, mail: bytes) -> None:
    with Wire(server.port) as admin:
        rules = ("+@read", "-@dangerous", "+info", "+client|list", "+client|setname", "+pubsub|channels")
        admin.ask("ACL", "SETUSER", "reader", "reset", "on", ">s", "allkeys", "allchannels", *rules)
        redis.lpush(mail + b"active", layout.job(redis, mail, "7"))
        redis.set(mail + b"7:lock", "t:1", px=30_000)
        try:
            async with still(f"redis://reader:s@127.0.0.1:{server.port}/0") as herd:
                (standing,) = await herd.redis_health.look()
                (held,) = await herd.redis_health.held()
                crew = await herd.workers.look()
        finally:
            admin.ask("ACL", "DELUSER", "reader")
    assert standing.servers
    assert standing.trouble == ""
    assert "SLOWLOG" in standing.slow.refusal
    assert "clock" in standing.cost.note
    assert held.holdings.held[0].jobs_bytes
    assert crew.pulses[0].lock_left


async def test_a_redis_that_is_away_says_since_when(redis: redis_py.Redis) -> None:
    with EmbeddedServer.start() as doomed:
        url = doomed.url
    async with still(url) as herd:
        (standing,) = await herd.redis_health.look()
        (held,) = await herd.redis_health.held()
    assert standing.down_since is not None
    assert "cannot be reached" in standing.trouble
    assert "cannot be reached" in held.trouble


async def test_large_sets_that_nobody_trims_are_told_and_those_with_an_option_are_not(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LARGE", 100)
    trimmed = layout.queue(redis, "bull:video:")
    for number in range(150):
        id = layout.job(redis, trimmed, str(number), opts='{"removeOnComplete":1000}')
        redis.zadd(trimmed + b"completed", {id: layout.now()})
    async with still(server.url) as herd:
        (held,) = await herd.redis_health.held()
    (found,) = held.untrimmed
    assert (found.queue, found.state, found.count) == (MAIL, State.COMPLETED, 300)
    assert found.oldest is not None
    assert layout.now() - found.oldest < MINUTE


def test_memory_that_grows_steadily_is_full_when_it_says() -> None:
    grown = slope([(number * 10_000, 1_000_000 + number * 10_000) for number in range(60)])
    assert grown.per_minute == pytest.approx(60_000)
    assert grown.window == 590_000
    one = replace(told("", INFO), memory_used=1_000_000, memory_max=7_000_000)
    assert full_in([one], grown) == pytest.approx(100 * MINUTE)
    assert full_in([replace(one, memory_max=None)], grown) is None
    assert full_in([one], Slope(-5.0, MINUTE)) is None


def test_a_slope_over_a_moment_is_not_known_and_an_outlier_says_nothing() -> None:
    assert slope([(0, 1), (10_000, 2), (20_000, 3)]).per_minute is None
    steady = [(number * 10_000, 1_000) for number in range(30)]
    assert slope([*steady, (300_000, 90_000_000)]).per_minute == 0


async def test_finished_jobs_that_stay_as_many_as_they_are_are_trimmed_by_somebody(herd: Herd) -> None:
    reading = (await herd.look(10)).readings[0]
    held = Holdings((Holding(MAIL, 20_000, 0, 4, 0, None, 0, None, (Finished(State.COMPLETED, 20_000, 1, False),)),))

    def after(*counts: int) -> list[int]:
        trend = Trend()
        for minute, count in enumerate(counts):
            mail = Queue(MAIL, Identity(Dialect.MQ5, None, ()), paused=False, counts={State.COMPLETED: count})
            trend.hear(Snapshot(minute, (replace(reading, taken_at=(minute + 9) * MINUTE, queues=(mail,)),)))
        return [found.grown for found in untrimmed(held, trend)]

    assert after(20_000) == [0]
    assert after(20_000, 20_400, 21_000) == [1_000]
    assert after(20_000, 20_000, 20_000) == []
    assert after(20_000, 25_000, 20_500) == []


async def test_a_server_that_was_started_anew_begins_a_new_trend(herd: Herd) -> None:
    trend, reading = Trend(), (await herd.look(10)).readings[0]
    assert reading.redis is not None

    def at(minute: int, used: int, uptime: int) -> Snapshot:
        assert reading.redis is not None
        facts = replace(reading.redis, memory_used=used, uptime_seconds=uptime)
        return Snapshot(minute, (replace(reading, taken_at=minute * MINUTE, redis=facts),))

    for minute in range(5):
        trend.hear(at(minute, 1_000 * minute, 60 * minute))
    assert trend.memory("default").per_minute == pytest.approx(1_000)
    trend.hear(at(5, 0, 1))
    assert trend.memory("default").per_minute is None


INFO = b"redis_version:7.4.1\r\nrole:master\r\nused_memory:95\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\n"


@pytest.mark.parametrize(
    ("further", "said"),
    [
        (b"maxmemory_policy:allkeys-lru\r\nevicted_keys:3\r\n", "has evicted 3 keys"),
        (b"maxmemory_policy:volatile-lru\r\n", "jobs can vanish"),
        (b"rdb_last_bgsave_status:err\r\n", "snapshot to disk"),
        (b"aof_enabled:1\r\naof_last_write_status:err\r\n", "append-only file cannot"),
        (b"role:slave\r\nmaster_link_status:down\r\n", "link to its master"),
        (b"slave0:ip=10.0.0.7,port=6379,state=wait_bgsave,offset=1,lag=3\r\n", "10.0.0.7:6379 is wait_bgsave"),
        (b"connected_clients:9999\r\nmaxclients:10000\r\n", "possible connections"),
        (b"rejected_connections:2\r\n", "turned away 2"),
        (b"loading:1\r\n", "loading its data"),
        (b"rdb_last_save_time:1\r\nrdb_changes_since_last_save:5\r\n", "no snapshot for long"),
        (b"", "95 % of its memory limit"),
    ],
)
def test_what_is_wrong_with_a_server_is_said(further: bytes, said: str) -> None:
    found = concerns([told("", INFO + further)], None, layout.now())
    assert [one for one in found if said in one.sentence], found


def test_a_server_that_is_well_worries_nobody() -> None:
    assert concerns([told("", INFO.replace(b":95", b":50"))], None, layout.now()) == ()


def test_a_server_that_says_odd_things_is_still_a_server() -> None:
    odd = told("", b"# Server\r\n\xff\xfe:1\r\nused_memory:lots\r\nslave0:nonsense\r\nmaxmemory:\r\n")
    assert (odd.memory_used, odd.memory_max, odd.version) == (None, None, "?")


async def test_readings_are_shared_by_all_who_ask(server: EmbeddedServer, mail: bytes) -> None:
    async with still(server.url) as herd:
        await read_now(herd)
        await herd.redis_health.look()
        await herd.redis_health.held()
        before = herd.sight.instances["default"].commands_sent
        await herd.redis_health.look()
        await herd.redis_health.held()
        assert herd.sight.instances["default"].commands_sent == before
