"""Following a stream that is trimmed, emptied, made anew or set back: what is lost is counted, and never guessed."""

from __future__ import annotations

import pytest
import redis as redis_py

from core.events.position import START, Mark, Position
from core.events.stream import HEAVY, LIGHT
from core.instance import Instance
from core.model import QueueId
from tests.core.overheard import listening
from tests.core.told import LATER, MAIL, Told
from tickbird.demo.server import EmbeddedServer


@pytest.fixture
def told(redis: redis_py.Redis, instance: Instance) -> Told:
    return Told(redis, instance)


def many(told: Told, number: int, *, at: int = 0) -> None:
    for each in range(number):
        told.tell(at + each, "added", str(at + each), name="welcome")


async def test_every_event_is_read_once_however_many_come_at_a_time(told: Told) -> None:
    for at, number in ((0, 1), (10, LIGHT), (100, 5 * LIGHT), (10_000, 1500)):
        many(told, number, at=at)
        await told.read()

    seen = await told.read(look=True)

    assert seen.all.added == 1 + LIGHT + 5 * LIGHT + 1500
    assert (seen.lost, seen.gaps) == (0, 0)


async def test_what_was_trimmed_before_it_was_read_is_counted_exactly(told: Told, redis: redis_py.Redis) -> None:
    many(told, 5)
    await told.read(look=True)
    many(told, 40, at=100)
    redis.xtrim(told.stream.key, maxlen=7, approximate=False)

    await told.read(look=True)
    seen = await told.read(look=True)

    assert (seen.all.added, seen.lost, seen.gaps) == (12, 33, 1)


async def test_trimming_what_was_read_loses_nothing(told: Told, redis: redis_py.Redis) -> None:
    many(told, 40)
    await told.read()
    redis.xtrim(told.stream.key, maxlen=0, approximate=False)
    many(told, 3, at=100)

    await told.read(look=True)
    seen = await told.read(look=True)

    assert (seen.all.added, seen.lost, seen.gaps) == (43, 0, 0)


async def test_a_run_that_spans_a_loss_is_not_measured(told: Told, redis: redis_py.Redis) -> None:
    for at, event in enumerate(("added", "waiting", "active")):
        told.tell(at, event, name="welcome")
    await told.read(look=True)
    many(told, 10, at=100)
    redis.xtrim(told.stream.key, maxlen=0, approximate=False)
    await told.read(look=True)
    told.tell(500, "completed", returnvalue="null")

    seen = await told.read()

    assert seen.lost == 10
    assert seen.names["welcome"].finished == (1, 0)
    assert seen.all.runs == (None, None, None)
    assert seen.totals == (None, None)


async def test_a_queue_obliterated_and_made_anew_is_followed_on(told: Told, redis: redis_py.Redis) -> None:
    many(told, 30)
    await told.read(look=True)
    redis.flushall()
    many(told, 4, at=1000)

    await told.read(look=True)
    seen = await told.read(look=True)

    assert (seen.all.added, seen.lost) == (34, 0)


async def test_a_stream_set_back_by_a_failover_is_followed_on_and_is_a_gap(told: Told, redis: redis_py.Redis) -> None:
    many(told, 30, at=1000)
    await told.read(look=True)
    redis.delete(told.stream.key)
    many(told, 2, at=0)
    await told.read(look=True)
    many(told, 3, at=100)

    seen = await told.read(look=True)

    assert (seen.all.added, seen.gaps) == (33, 1)


async def test_what_the_stream_held_before_only_tells_what_is_under_way(
    redis: redis_py.Redis, instance: Instance
) -> None:
    told = Told(redis, instance, counts_from=LATER + 100)
    for at, event in enumerate(("added", "waiting", "active")):
        told.tell(at, event, "running", name="welcome")
        told.tell(at, event, "done", name="welcome")
    told.tell(50, "completed", "done", returnvalue="null")
    told.tell(150, "completed", "running", returnvalue="null")

    seen = await told.read()

    assert (seen.all.added, seen.all.finished) == (0, (1, 0))
    assert (run := seen.all.runs[0])
    assert (run.count, run.sum) == (1, 148)
    assert told.events == {b"completed": 1}
    assert (seen.lost, seen.gaps) == (0, 0)


async def test_a_restart_counts_nothing_twice(redis: redis_py.Redis, instance: Instance) -> None:
    first = Told(redis, instance)
    many(first, 20)
    assert (await first.read()).all.added == 20

    second = Told(redis, instance, counts_from=LATER + 1000)
    many(second, 5, at=1000)

    assert (await second.read()).all.added == 5


def test_without_a_count_a_gap_shows_in_the_oldest_entry() -> None:
    position = Position()
    position.begin(Mark((5, 0), (1, 0), 5, None), 0)
    position.advance([(b"5-0", [])])
    position.before = position.cursor

    assert not position.look(Mark((9, 0), (3, 0), 7, None))
    assert position.look(Mark((90, 0), (70, 0), 20, None))
    assert (position.gaps, position.lost) == (1, None)
    assert position.cursor != START


async def test_a_stream_that_may_not_be_read_does_not_stop_the_others(
    told: Told, redis: redis_py.Redis, instance: Instance
) -> None:
    other = Told(redis, instance, QueueId("default", "bull", "video"))
    told.follower.streams[other.id.base] = other.stream
    redis.set(MAIL.base + b"events", "somebody's own")
    other.tell(0, "added", name="cut")

    await told.follower.round()

    assert told.stream.refused.startswith("WRONGTYPE")
    assert other.tally.frozen().all.added == 1


async def test_large_results_are_asked_for_a_few_at_a_time(told: Told) -> None:
    for number in range(40):
        told.tell(number, "completed", str(number), returnvalue="x" * 300_000)

    seen = await told.read()

    assert seen.all.finished == (40, 0)
    assert told.stream.heavy
    assert told.stream.slice * 300_000 <= 1_000_000
    assert HEAVY < 300_000


async def test_no_read_blocks_and_none_is_without_a_limit(told: Told, server: EmbeddedServer) -> None:
    many(told, 100)
    with listening(server) as heard:
        await told.read(look=True)

    reads = [words for words in heard.commands if words[0].upper() == b"XREAD"]
    assert reads
    assert all(words[1].upper() == b"COUNT" and int(words[2]) <= 1000 for words in reads)
    assert not any(b"BLOCK" in words for words in reads)
