"""The feed on a real server: what is told, what of it is kept and shown, and that nobody who looks costs nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import redis as redis_py

from core.feed.event import LONGEST, Event
from core.feed.feed import Feed, place
from core.feed.wanted import Wanted
from core.herd import Herd
from tests.core.feeding import MAIL, VIDEO, Eventually, begun, happens
from tests.core.layout import bull, job, queue


@pytest.fixture
def mail(herd: Herd, redis: redis_py.Redis) -> bytes:
    return queue(redis)


@pytest.fixture
async def known(herd: Herd, mail: bytes, eventually: Eventually) -> bytes:
    """The base of `mail`, which the herd knows."""
    await eventually(lambda: herd.snapshot().queue(MAIL))
    return mail


async def test_nothing_is_followed_until_somebody_looks_nor_when_all_have_gone(
    herd: Herd, known: bytes, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.feed.feed.LINGER", 0.3)
    assert herd.events.following("default") is None

    feed = await begun(herd, eventually)
    life = feed.life
    await eventually(lambda: herd.events.following("default") is None)

    assert feed.life != life
    assert await begun(herd, eventually) is feed


async def test_who_comes_first_finds_what_the_streams_still_hold_and_nothing_is_told_twice(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    for number in range(50):
        happens(redis, known, "progress", data=number)
    looking = asyncio.create_task(herd.feed.look(Wanted(queue=MAIL), 1000))
    for number in range(50, 100):
        await asyncio.to_thread(happens, redis, known, "progress", data=number)
    await looking

    async def all_told() -> list[Any]:
        seen = await herd.feed.look(Wanted(kinds=frozenset({"progress"}), queue=MAIL), 1000)
        return [event.value("progress") for event in reversed(seen.events)]

    await eventually(lambda: len(herd.feed.ring) and herd.feed.ring.last and _has(herd.feed, "99"))
    assert await all_told() == list(range(100))


def _has(feed: Feed, said: str) -> bool:
    return any((event.said or {}).get("progress") == said for event in feed.ring)


async def test_what_the_streams_hold_is_not_read_again_to_follow_them(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    for _ in range(500):
        happens(redis, known, "waiting")
    await asyncio.sleep(0.005)  # the followers begin at the next millisecond of the server's clock
    await begun(herd, eventually)
    happens(redis, known, "active")
    await eventually(lambda: len(herd.feed.ring))

    following = herd.events.following("default")
    assert following is not None
    assert {kind: n for kind, n in following.events.items() if n} == {"active": 1}


async def test_a_queue_that_is_born_while_one_looks_is_told_of_from_its_first_event_on(
    herd: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    await begun(herd, eventually)
    queue(redis, "bull:video:")
    event: Event = await eventually(lambda: next(iter(herd.feed.ring), None))
    assert (event.queue, event.kind, event.name) == (VIDEO, "added", "welcome")


async def test_events_are_chosen_by_kind_queue_job_and_name(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    video = queue(redis, "bull:video:")
    await eventually(lambda: herd.snapshot().queue(VIDEO))
    feed = await begun(herd, eventually)
    happens(redis, known, "added", "7", name="send-mail")
    happens(redis, known, "active", "7")
    happens(redis, video, "added", "8", name="cut")
    happens(redis, known, "invented", "9", what="ever")
    await eventually(lambda: len(feed.ring) == 4)

    async def shown(**wanted: Any) -> set[str]:
        seen = await feed.look(Wanted(**wanted), 100)
        return {f"{event.kind} {event.job_id}" for event in seen.events if event.id > 0}

    assert await shown(kinds=frozenset({"added"})) == {"added 7", "added 8"}
    assert await shown(kinds=frozenset({"other"})) == {"invented 9"}
    assert await shown(queue=VIDEO) == await shown(queues="V*") == {"added 8"}
    assert await shown(job="7") == await shown(name="SEND-*") == {"added 7", "active 7"}
    assert await shown(name="send") == set()


async def test_a_place_leads_back_to_older_events_and_says_how_many_are_newer(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    feed = await begun(herd, eventually)
    for number in range(25):
        happens(redis, known, "progress", str(number), data=number)
    await eventually(lambda: len(feed.ring) == 25)
    wanted = Wanted(kinds=frozenset({"progress"}))

    seen, found = await feed.look(wanted, 10), list[Any]()
    while True:
        found += [event.value("progress") for event in seen.events]
        if not seen.more:
            break
        at, id = place(seen.events[-1])
        seen = await feed.look(wanted, 10, (at, id - 1))

    assert found == list(reversed(range(25)))
    assert seen.newer == 20


async def test_only_so_many_events_are_kept_and_the_rest_is_said_to_be_dropped(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.feed.ring.MOST", 20)
    feed = await begun(herd, eventually)
    for number in range(50):
        happens(redis, known, "progress", data=number)
    await eventually(lambda: feed.ring.last == 50)

    seen = await feed.look(Wanted(kinds=frozenset({"progress"})), 100)
    assert (seen.kept, seen.dropped) == (20, 30)
    assert [event.value("progress") for event in seen.events] == list(reversed(range(30, 50)))
    assert [event.id for event in feed.ring.after(45)] == [46, 47, 48, 49, 50]
    assert feed.ring.before == 30


async def test_only_so_many_bytes_are_kept_whatever_the_events_carry(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.feed.ring.BYTES", 10_000)
    feed = await begun(herd, eventually)
    for _ in range(30):
        happens(redis, known, "completed", returnvalue=json.dumps("x" * 100_000))
    await eventually(lambda: feed.ring.last == 30)

    assert sum(event.size for event in feed.ring) <= 10_000
    last = list(feed.ring)[-1]
    assert last.cut == ("returnvalue",)
    assert len(last.value("returnvalue")) == LONGEST


async def test_bulls_messages_say_what_was_done(herd: Herd, redis: redis_py.Redis, eventually: Eventually) -> None:
    base = bull(redis, "bull:mail:")
    await eventually(lambda: herd.snapshot().queue(MAIL))
    feed = await begun(herd, eventually)
    await eventually(redis.pubsub_numpat)
    job(redis, base, "7")
    for channel, said in (
        ("waiting@token", "7"),
        ("active@token", "7"),
        ("progress", json.dumps({"jobId": "7", "progress": {"percent": 3}})),
        ("completed", json.dumps({"jobId": "7", "val": json.dumps({"ok": [1]})})),
        ("failed", json.dumps({"jobId": "8", "val": "no such address"})),
        ("paused", "{}"),
        ("completed", "no json"),
    ):
        redis.publish(f"bull:mail:{channel}", said)
    await eventually(lambda: feed.ring.last == 6)

    told = [(event.kind, event.job_id, {f: event.value(f) for f in event.said or ()}) for event in feed.ring]
    assert told == [
        ("waiting", "7", {}),
        ("active", "7", {}),
        ("progress", "7", {"progress": {"percent": 3}}),
        ("completed", "7", {"returnvalue": {"ok": [1]}}),
        ("failed", "8", {"failedReason": "no such address"}),
        ("paused", None, {}),
    ]
    assert [event.name for event in feed.ring][:4] == ["welcome"] * 4
    notes = (await feed.look(Wanted(queue=MAIL), 10)).notes
    assert any("Bull tells of events once" in note for note in notes)
