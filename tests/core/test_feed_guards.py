"""What the feed must not show, and what it says when something is in its way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.errors import Unavailable
from core.events.happening import Happening
from core.feed.event import LONGEST, event_of
from core.feed.wanted import Wanted
from core.herd import Herd
from core.redaction.redaction import Rule, redaction
from core.redis_settings import RedisSettings
from core.settings import Settings
from core.text import text
from tests.core.feeding import ALL, MAIL, VIDEO, Eventually, begun, happens, kinds
from tests.core.layout import queue
from tickbird.demo.server import EmbeddedServer


@pytest.fixture
def mail(herd: Herd, redis: redis_py.Redis) -> bytes:
    return queue(redis)


@pytest.fixture
async def known(herd: Herd, mail: bytes, eventually: Eventually) -> bytes:
    """The base of `mail`, which the herd knows."""
    await eventually(lambda: herd.snapshot().queue(MAIL))
    return mail


@pytest.fixture
async def hiding(server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Herd]:
    """A herd whose rules hide tokens and a path."""
    rules = (Rule(keys=("*token*",), paths=(("card", "number"),)),)
    herd = Herd(Settings(redis=(RedisSettings("default", server.url, ("*",)),), redact=rules))
    await herd.start()
    with herd.watching():
        yield herd
    await herd.stop()


async def test_what_must_not_be_seen_is_in_no_event(
    hiding: Herd, redis: redis_py.Redis, eventually: Eventually
) -> None:
    secret = "s3cr3t" + "x" * 50
    base = queue(redis)
    await eventually(lambda: hiding.snapshot().queue(MAIL))
    happens(redis, base, "progress", data=json.dumps({"token": secret, "step": 1}))
    feed = await begun(hiding, eventually)
    deep = {"card": {"number": secret}, "all": [{"accessToken": secret}], "n": 9007199254740993}
    happens(redis, base, "progress", data=json.dumps(deep))
    happens(redis, base, "completed", returnvalue=json.dumps({"pad": "y" * LONGEST, "TOKEN": secret}))
    happens(redis, base, "failed", failedReason=f"401 for token={secret}")
    happens(
        redis, base, "invented", token=secret, note=f'said "token": "{secret}"', inner=json.dumps({"token": secret})
    )
    await eventually(lambda: [event for event in feed.ring if event.kind == "invented"])

    seen = await feed.look(Wanted(queue=MAIL), 100)
    assert "s3cr3t" not in repr(seen)
    progress = next(e for e in feed.ring if e.kind == "progress" and "card" in e.value("progress")).value("progress")
    assert progress == {"card": {"number": "[redacted]"}, "all": [{"accessToken": "[redacted]"}], "n": 9007199254740993}
    assert "401 for token=[redacted]" in repr(seen)


async def test_everybody_sees_only_the_queues_that_are_there_for_them_whoever_came_first(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    video = queue(redis, "bull:video:")
    await eventually(lambda: herd.snapshot().queue(VIDEO))
    with asking(Asker("cutter", queues=("video",))):
        await herd.feed.look(ALL, 10)
        await begun(herd, eventually)
    happens(redis, known, "paused")
    happens(redis, video, "resumed")
    await eventually(lambda: herd.feed.ring.last == 2)

    with asking(Asker("cutter", queues=("video",))):
        assert {event.queue for event in (await herd.feed.look(ALL, 10)).events} == {VIDEO}
    assert {event.queue for event in (await herd.feed.look(ALL, 10)).events} == {MAIL, VIDEO}


async def test_hostile_events_are_shown_as_far_as_they_can_be(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    feed = await begun(herd, eventually)
    redis.xadd(known + b"events", {"x": "y"})
    redis.xadd(known + b"events", {b"event": b"progress", b"jobId": b"\xff\xfe", b"data": b'{"a":'})
    redis.xadd(known + b"events", {"event": "e" * 5000, "jobId": "j" * 5000, "k" * 5000: "[" * 100_000})
    await eventually(lambda: feed.ring.last == 3)

    odd, broken, long = feed.ring
    assert (odd.kind, odd.job_id) == ("", None)
    assert broken.value("progress") == '{"a":'
    assert max(map(len, (long.kind, long.job_id or "", *(long.said or ())))) <= 512


async def test_what_redis_does_not_tell_is_said(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    redis.hset(known + b"meta", "opts.maxLenEvents", 10)
    await eventually(lambda: (q := herd.snapshot().queue(MAIL)) and q.max_events == 10)
    assert "fewer than 100 events" in " ".join((await herd.feed.look(Wanted(queue=MAIL), 10)).notes)
    assert "1 queues keep" in " ".join((await herd.feed.look(ALL, 10)).notes)


async def test_a_watcher_gets_to_know_at_once(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually
) -> None:
    feed = await begun(herd, eventually)
    waiting = asyncio.create_task(feed.newer(0, 10))
    await eventually(lambda: feed._waiting)
    happens(redis, known, "paused")
    await asyncio.wait_for(waiting, 5)
    assert await kinds(feed, Wanted(kinds=frozenset({"paused"}))) == ["paused"]


async def test_while_redis_is_away_a_look_answers_at_once_and_says_so() -> None:
    herd = Herd(Settings(redis=(RedisSettings("default", "redis://127.0.0.1:1/0"),)))
    await herd.start()
    try:
        async with asyncio.timeout(5):
            assert (await herd.feed.look(ALL, 10)).events == ()
    finally:
        await herd.stop()


async def test_what_could_not_be_read_while_redis_was_away_is_read_when_it_is_back(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    happens(redis, known, "paused")

    async def away(*_: object) -> None:
        raise Unavailable("Redis default cannot be reached.")

    with monkeypatch.context() as patched:
        patched.setattr("core.sight.Sight.read_of", away)
        seen = await herd.feed.look(Wanted(queue=MAIL), 10)
        assert seen.notes == ("What default keeps from before is not here: Redis default cannot be reached.",)
        # Following begins now, and what happened in this very millisecond may be part of it; what was before is not.
        assert [event.kind for event in seen.events] in ([], ["paused"])
    assert await kinds(herd.feed, Wanted(queue=MAIL)) == ["added", "paused"]


HIDING = redaction((Rule(keys=("*password*",), paths=(("card", "number"),)),), MAIL)
DEEP = b"[" * 2000 + b'{"password":"s3cr3t"}' + b"]" * 2000


@pytest.mark.parametrize("field", [b"data", b"returnvalue", b"invented"])
@pytest.mark.parametrize(
    "raw",
    [
        b'{"password":"s3cr3t","score":NaN}',
        b'{"password":{"is":"s3cr3t"},"score":-Infinity}',
        b' [{"card":1},{"password":["s3cr3t"]},1e999]',
        b'{"card":{"number":"s3cr3t"},"n":NaN}',
        b'{"password":["s3cr3t"',
        b'"cut password=s3cr3t',
        b"password=s3cr3t",
        b'\xff password: "s3cr3t"',
        DEEP,
        b'{"a":' * 2000 + DEEP + b"}" * 2000,
    ],
)
def test_what_cannot_be_read_as_json_does_not_slip_through(field: bytes, raw: bytes) -> None:
    event = event_of(Happening(MAIL, 1, "progress", "1", None, {field: raw}), 1, HIDING)
    shown = (event.said or {})["progress" if field == b"data" else field.decode()]
    assert "s3cr3t" not in shown
    assert "redacted" in shown


@pytest.mark.parametrize("field", [b"data", b"returnvalue", b"invented"])
@pytest.mark.parametrize("raw", [b"50", b"true", b"null", b"", b"half way", b'{"step":1}', b"[1,2]", b"[NaN]", b"\xff"])
def test_what_holds_nothing_to_hide_is_shown_as_it_is(field: bytes, raw: bytes) -> None:
    event = event_of(Happening(MAIL, 1, "progress", "1", None, {field: raw}), 1, HIDING)
    assert list((event.said or {}).values()) == [text(raw)]


def test_a_hidden_key_in_a_text_that_is_written_as_json_is_found() -> None:
    told = {b"note": json.dumps('said "password": "s3cr3t" \ud800').encode(), b"password": b"s3cr3t"}
    event = event_of(Happening(MAIL, 1, "invented", "1", None, told), 1, HIDING)
    assert "s3cr3t" not in repr(event)


async def test_what_an_instance_does_not_tell_is_said_to_those_for_whom_it_is_there(
    herd: Herd, known: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("Redis default at 10.0.0.9 cannot be reached.")

    monkeypatch.setattr("core.sight.Sight.read_of", away)
    with asking(Asker("eve", instances=("other",))):
        assert (await herd.feed.look(ALL, 10)).notes == ()
    assert "10.0.0.9" in " ".join((await herd.feed.look(ALL, 10)).notes)


async def test_events_of_queues_that_are_not_there_for_somebody_are_in_no_count(
    herd: Herd, known: bytes, redis: redis_py.Redis, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.feed.ring.MOST", 4)
    video = queue(redis, "bull:video:")
    await eventually(lambda: herd.snapshot().queue(VIDEO))
    feed = await begun(herd, eventually)
    whole = await feed.look(ALL, 10)
    for _ in range(4):
        happens(redis, known, "paused")
    await eventually(lambda: feed.ring.last == 4)
    for _ in range(3):
        happens(redis, video, "resumed")
    await eventually(lambda: feed.ring.last == 7)

    with asking(Asker("cutter", queues=("video",))):
        hers = await feed.look(ALL, 10)
    with asking(Asker("clerk", queues=("mail",))):
        his = await feed.look(ALL, 10)
    assert (hers.kept, hers.dropped) == (3, 0)
    assert (his.kept, his.dropped) == (1, 3)
    assert hers.past + his.past == whole.past
