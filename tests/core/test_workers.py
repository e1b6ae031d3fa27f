"""Workers and locks as a look finds them: written key by key where a real library would take half a minute."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.herd import Herd
from core.model import QueueId
from core.workers import judging, readings
from core.workers.beats import Beat, expected
from core.workers.crew import Condition, Crew, Pulse
from tests.core import layout
from tests.core.waiting import read_now, soon, still
from tests.core.wire import Wire
from tickbird.demo.server import EmbeddedServer

MAIL = QueueId("default", "bull", "mail")
LOCK = 30_000


@contextmanager
def worker(server: EmbeddedServer, redis: redis_py.Redis, name: str = "", queue: str = "mail") -> Iterator[Wire]:
    """A connection as a worker of BullMQ 5 has it, which was given a job and is busy."""
    called = f"bull:{base64.b64encode(queue.encode()).decode()}" + (f":w:{name}" if name else "")
    with Wire(server.port, name=called) as wire:
        redis.zadd("bull:a:marker", {"0": 0})
        assert wire.ask("BZPOPMIN", "bull:a:marker", 1)
        yield wire


def held(
    redis: redis_py.Redis, base: bytes, id: str, *, left: int | None = LOCK, token: str = "t:1", **fields: object
) -> None:
    """An active job whose lock has so much left (None: no lock)."""
    redis.lpush(base + b"active", layout.job(redis, base, id, **{"processedOn": layout.now() - 60_000, **fields}))
    if left is not None:
        redis.set(base + id.encode() + b":lock", token, px=left)


async def look(herd: Herd) -> Crew:
    """A look at what there is now."""
    await read_now(herd)
    return await herd.workers.look()


async def seen(herd: Herd, wanted: Callable[[Crew], bool]) -> Crew:
    """The first look that finds what is wanted."""

    async def probe() -> Crew | None:
        crew = await look(herd)
        return crew if wanted(crew) else None

    found = await soon(probe)
    assert found
    return found


async def only(herd: Herd) -> Pulse:
    (pulse,) = (await look(herd)).pulses
    return pulse


@pytest.fixture
def mail(redis: redis_py.Redis) -> bytes:
    return layout.queue(redis)


async def test_a_job_of_a_worker_that_is_not_connected_is_dead_at_the_first_look(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    held(redis, mail, "7", pb="anna")
    with worker(server, redis, "bert"):
        async with still(server.url) as herd:
            pulse = await only(herd)
    assert (pulse.condition, pulse.worker) == (Condition.DEAD, "anna")
    assert "'anna' is not connected" in pulse.evidence


async def test_a_job_without_lock_and_without_anybody_is_orphaned(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    held(redis, mail, "7", left=None)
    async with still(server.url) as herd:
        pulse = await only(herd)
    assert pulse.condition is Condition.ORPHANED
    assert pulse.lock_left is None
    assert "the next worker to start" in pulse.evidence


async def test_a_job_that_an_older_library_has_just_taken_is_not_called_lost_at_once(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = layout.bull(redis, "bull:mail:")
    held(redis, base, "7", left=None)
    name = f"bull:{base64.b64encode(b'mail').decode()}"
    with Wire(server.port, name=name) as wire:
        wire.send("BRPOPLPUSH", "bull:mail:wait", "bull:mail:active", 0)
        async with still(server.url) as herd:
            assert (await only(herd)).condition is Condition.TAKEN
            monkeypatch.setattr(judging, "UNLOCKED_AT_FIRST", 0)
            assert (await only(herd)).condition is not Condition.TAKEN


async def test_of_two_workers_whose_library_names_none_the_one_that_went_leaves_a_doubt(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    with worker(server, redis):
        async with still(server.url) as herd:
            with worker(server, redis) as leaving:
                held(redis, mail, "7")
                assert (await only(herd)).condition is Condition.BEATING
                assert leaving
            crew = await seen(herd, lambda crew: bool(crew.vanished))
            (gone,), (pulse,) = crew.vanished, crew.pulses
            assert (gone.jobs, gone.sure, gone.left) == (("7",), False, 1)
            assert pulse.condition is Condition.DOUBTFUL
            redis.pexpire("bull:mail:7:lock", 2 * LOCK)
            assert (await only(herd)).condition is Condition.BEATING


async def test_what_became_of_a_vanished_workers_job_is_told_as_well(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    async with still(server.url) as herd:
        with worker(server, redis, "anna"):
            held(redis, mail, "7", pb="anna")
            assert (await look(herd)).workers[0].jobs == ("7",)
        crew = await seen(herd, lambda crew: bool(crew.vanished))
        assert (crew.vanished[0].name, crew.vanished[0].sure, crew.vanished[0].left) == ("anna", True, 1)
        redis.lrem("bull:mail:active", 0, "7")
        assert (await look(herd)).vanished[0].left == 0


async def test_a_job_that_began_long_after_a_worker_was_last_seen_was_not_its_own(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with still(server.url) as herd:
        with worker(server, redis):
            await look(herd)
        with worker(server, redis):
            hour = 3_600_000
            monkeypatch.setattr("core.workers.front.now", lambda: layout.now() + hour)
            held(redis, mail, "7", processedOn=layout.now() + hour - 60_000)
            crew = await seen(herd, lambda crew: len(crew.workers) == 1)
    assert crew.vanished == ()
    assert crew.pulses[0].condition is Condition.BEATING


async def test_connections_without_names_leave_a_doubt_where_a_name_would_settle_it(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    held(redis, mail, "7")
    with Wire(server.port) as wire:
        wire.send("BZPOPMIN", "bull:mail:marker2", 0)
        async with still(server.url) as herd:
            crew = await seen(herd, lambda crew: bool(crew.nameless))
    assert crew.nameless == 1
    assert crew.pulses[0].condition is not Condition.DEAD


async def test_where_clients_are_not_listed_locks_still_tell_and_the_rest_is_said(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    held(redis, mail, "7")
    with Wire(server.port) as admin:
        admin.ask("ACL", "SETUSER", "blind", "reset", "on", ">s", "allkeys", "allchannels", "+@all", "-client|list")
        try:
            async with still(f"redis://blind:s@127.0.0.1:{server.port}/0") as herd:
                assert (await only(herd)).condition is Condition.BEATING
                redis.pexpire("bull:mail:7:lock", 2_000)
                crew = await look(herd)
        finally:
            admin.ask("ACL", "DELUSER", "blind")
    assert "does not list its clients" in crew.trouble[0]
    assert crew.pulses[0].condition is Condition.DOUBTFUL
    assert "blocked or dead" in crew.pulses[0].evidence


async def test_of_many_active_jobs_the_oldest_are_looked_at_and_that_is_said(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "MOST_OF_A_QUEUE", 3)
    for number in range(5):
        held(redis, mail, str(number), left=LOCK)
    async with still(server.url) as herd:
        crew = await look(herd)
    assert {pulse.job_id for pulse in crew.pulses} == {"0", "1", "2"}
    assert (crew.covered.looked_at, crew.covered.total) == (3, 5)
    assert "active for the longest" in crew.covered.note


async def test_hostile_locks_and_jobs_do_not_spoil_a_look(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    for id in (b"\xff\xfe", b"a:b", b"", b"x" * 300):
        redis.lpush(mail + b"active", id)
    redis.hset(mail + b"a:b:lock", mapping={"not": "a string"})
    redis.set(mail + b"\xff\xfe:lock", b"\x00" * 100_000)
    redis.set(mail + b"x" * 300, "no hash")
    async with still(server.url) as herd:
        crew = await look(herd)
    assert len(crew.pulses) == 4


async def test_nobody_is_told_of_workers_whose_queues_are_not_theirs(
    server: EmbeddedServer, redis: redis_py.Redis, mail: bytes
) -> None:
    video = layout.queue(redis, "bull:video:")
    held(redis, mail, "7", pb="anna")
    held(redis, video, "8", pb="bert")
    with worker(server, redis, "anna"), worker(server, redis, "bert", "video"):
        async with still(server.url) as herd:
            with asking(Asker("ada", queues=("mail",))):
                mine = await herd.workers.look()
            everything = await look(herd)
    assert ({w.name for w in mine.workers}, {p.job_id for p in mine.pulses}) == ({"anna"}, {"7"})
    assert {w.name for w in everything.workers} == {"anna", "bert"}


def test_a_rhythm_is_learned_from_the_whole_length_of_locks_and_from_how_far_they_run_down() -> None:
    beat = Beat()
    beat.see(17_000)
    assert (beat.largest, beat.known) == (17_000, False)
    beat.see(30_000, begun=100)
    beat.see(29_000, begun=1_000)
    assert (beat.largest, beat.due) == (30_000, 12_000)
    beat.lowest = 9_000
    assert beat.due == 6_000
    beat.see(9_500, begun=1_000)
    assert beat.largest == 9_500


def test_a_lock_whose_own_rhythm_is_not_known_goes_by_the_quickest_of_its_queue() -> None:
    slow, quick = Beat(30_000, known=True), Beat(10_000, known=True)
    assert expected(Beat(9_000), [slow, quick]) is quick
    assert expected(own := Beat(9_000), [Beat(50_000)]) is own
