"""Searches that go on in the background, against a real server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.errors import Conflict, NotFound, RateLimited
from core.herd import Herd
from core.model import QueueId, State
from core.query.words import Unreadable
from core.redaction.redaction import Rule
from core.search import run as running
from core.search import seek as seeking
from core.search.search import Search, Status, Wish
from core.search.searches import MOST_KEPT, MOST_RUNNING
from core.settings import Settings
from tests.core import layout
from tests.core.waiting import still
from tickbird.demo.server import EmbeddedServer

MAIL, VIDEO = QueueId("default", "bull", "mail"), QueueId("default", "bull", "video")


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeking, "SLICE", 10)


async def until(herd: Herd, id: str, holds: Callable[[Search], bool]) -> Search:
    """How the search stands once that holds."""
    deadline = time.monotonic() + 45
    while not holds(seen := herd.searches.get(id)):
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.005)
    return seen


async def ended(herd: Herd, seen: Search) -> Search:
    return await until(herd, seen.id, lambda seen: not seen.is_live)


def ids(seen: Search) -> list[str]:
    return [f"{hit.queue.name}/{hit.row.id}" for hit in seen.hits]


def filled(redis: redis_py.Redis, jobs: int = 60) -> None:
    """Two queues, each with waiting and failed jobs, every fourth of which is lucky."""
    for name in ("mail", "video"):
        base = layout.queue(redis, f"bull:{name}:")
        for number in range(jobs):
            data = json.dumps({"lucky": number % 4 == 0, "n": number})
            if number % 2:
                layout.waiting(redis, base, str(number), data=data)
            else:
                layout.failed(redis, base, str(number), at=1000 + number, data=data)


async def test_all_queues_and_states_are_searched_and_the_answer_says_how_far(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    filled(redis)
    async with still(server.url) as herd:
        seen = await ended(herd, herd.searches.start(Wish("data.lucky:true")))
    lucky = [str(number) for number in range(0, 60, 4)]
    assert sorted(ids(seen)) == sorted([f"{name}/{id}" for name in ("mail", "video") for id in lucky])
    assert (seen.status, seen.looked_at, seen.total, seen.queues) == (Status.DONE, 120, 120, 2)


@pytest.mark.parametrize(
    ("said", "wish", "total"),
    [
        ("queue:mail data.lucky:true", {}, 60),
        ("state:failed data.lucky:true", {}, 60),
        ("queue:vid* state:failed data.lucky:true", {}, 30),
        ("data.lucky:true", {"queues": (MAIL,)}, 60),
        ("data.lucky:true", {"states": (State.WAITING,)}, 60),
        ("finished:>2100-01-01 state:failed", {}, 0),
    ],
)
async def test_words_and_wishes_narrow_where_it_looks(
    server: EmbeddedServer, redis: redis_py.Redis, said: str, wish: dict[str, object], total: int
) -> None:
    filled(redis)
    async with still(server.url) as herd:
        seen = await ended(herd, herd.searches.start(replace(Wish(said), **wish)))  # type: ignore[arg-type]
    assert (seen.status, seen.looked_at, seen.total) == (Status.DONE, total, total)


async def test_an_id_is_looked_up_at_once_in_every_queue(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    filled(redis)
    async with still(server.url) as herd:
        seen = await ended(herd, herd.searches.start(Wish("id:17")))
        word = await ended(herd, herd.searches.start(Wish("17")))
        narrow = await ended(herd, herd.searches.start(Wish("id:17 state:failed")))
    assert (sorted(ids(seen)), seen.looked_at) == (["mail/17", "video/17"], 0)
    assert sorted(ids(word)) == ["mail/17", "video/17"]
    assert word.looked_at == 120
    assert ids(narrow) == []


async def test_a_search_holds_and_goes_on_where_it_held(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(redis, 400)
    monkeypatch.setattr("core.search.pace.AIM", 0.0)
    async with still(server.url) as herd:
        begun = herd.searches.start(Wish("data.lucky:true"))
        await until(herd, begun.id, lambda seen: seen.looked_at > 0)
        herd.searches.pause(begun.id)
        task = herd.searches._runs[begun.id].run.task
        assert task is not None
        await task
        held = herd.searches.get(begun.id)
        assert held.status is Status.PAUSED
        assert held.looked_at < held.total
        herd.searches.resume(begun.id)
        seen = await ended(herd, begun)
    assert (seen.status, seen.looked_at, len(seen.hits)) == (Status.DONE, 800, 200)
    assert len(set(ids(seen))) == 200


async def test_what_is_cancelled_keeps_what_it_found_and_does_not_go_on(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    filled(redis)
    async with still(server.url) as herd:
        begun = herd.searches.start(Wish("data.lucky:true"))
        assert herd.searches.cancel(begun.id).status is Status.CANCELLED
        with pytest.raises(Conflict):
            herd.searches.resume(begun.id)
        assert herd.searches.get(begun.id).status is Status.CANCELLED


async def test_nobody_looking_lets_it_hold_and_looking_again_lets_it_go_on(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(redis)
    async with still(server.url) as herd:
        monkeypatch.setattr(running, "UNWATCHED", -1.0)
        begun = herd.searches.start(Wish("data.lucky:true"))
        run = herd.searches._runs[begun.id].run
        assert run.task is not None
        await run.task
        assert run.picture().status is Status.UNWATCHED
        monkeypatch.setattr(running, "UNWATCHED", 30.0)
        assert (await ended(herd, begun)).status is Status.DONE


async def test_a_full_search_is_gone_on_with_behind_and_nothing_is_missed_or_doubled(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(redis)
    monkeypatch.setattr(running, "MOST_HELD", 7)
    async with still(server.url) as herd:
        seen = await ended(herd, herd.searches.start(Wish("name:*")))
        found = ids(seen)
        assert (seen.status, len(found)) == (Status.FULL, 7)
        while seen.status is Status.FULL:
            seen = await ended(herd, herd.searches.older(seen.id))
            assert len(seen.hits) <= 7
            found += ids(seen)
    assert seen.status is Status.DONE
    assert len(found) == len(set(found)) == 120


async def test_only_so_many_run_at_once_and_only_so_many_are_kept(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(redis)
    async with still(server.url) as herd:
        for number in range(MOST_RUNNING):
            herd.searches.start(Wish(f"n{number}"))
        with pytest.raises(RateLimited, match="under way"):
            herd.searches.start(Wish("one more"))
        for number in range(MOST_KEPT + 10):
            for id in list(herd.searches._runs):
                herd.searches.cancel(id)
            herd.searches.start(Wish(f"m{number}"))
        assert len(herd.searches._runs) <= MOST_KEPT


async def test_the_same_words_asked_again_are_the_same_search(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    filled(redis)
    async with still(server.url) as herd:
        begun = herd.searches.same(Wish("data.lucky:true"))
        assert herd.searches.same(Wish("data.lucky:true")).id == begun.id
        assert herd.searches.same(Wish("data.lucky:false")).id != begun.id


async def test_who_may_see_one_queue_finds_nothing_elsewhere_and_sees_no_search_of_others(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    filled(redis)
    async with still(server.url) as herd:
        everywhere = await ended(herd, herd.searches.start(Wish("17")))
        with asking(Asker("ada", queues=("video",))):
            with pytest.raises(NotFound):
                herd.searches.get(everywhere.id)
            assert ids(await ended(herd, herd.searches.same(Wish("17")))) == ["video/17"]
            with pytest.raises(NotFound):
                herd.searches.start(Wish("17", queues=(MAIL,)))


async def test_what_is_redacted_is_not_found(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    base = layout.queue(redis)
    data = json.dumps({"token": "s3cr3t-needle", "to": "ada"})
    layout.waiting(redis, base, "1", data=data, opts='{"token":"s3cr3t-needle"}', failedReason="token=s3cr3t-needle")
    redis.rpush(base + b"1:logs", "token=s3cr3t-needle")
    async with still(server.url) as herd:
        said = ("needle", "data:needle", "data.token:s3cr3t*", "reason:needle", "log:needle", "opts.token:*needle")
        before = [len((await ended(herd, herd.searches.start(Wish(words)))).hits) for words in said]
        herd.sight.instances["default"].hidden = (Rule(keys=("token",)),)
        after = [len((await ended(herd, herd.searches.start(Wish(words)))).hits) for words in said]
        other = await ended(herd, herd.searches.start(Wish("data.to:ada")))
    assert before == [1] * 6
    assert after == [0] * 6
    assert ids(other) == ["mail/1"]


async def test_without_leave_to_run_scripts_it_finds_the_same_and_says_that_it_is_slower(
    server: EmbeddedServer, redis: redis_py.Redis
) -> None:
    filled(redis)
    redis.acl_setuser(
        "reader", enabled=True, passwords=["+pw"], keys=["*"], channels=["*"], commands=["+@all", "-eval", "-evalsha"]
    )
    async with still(server.url.replace("://", "://reader:pw@")) as herd:
        seen = await ended(herd, herd.searches.start(Wish("data.lucky:true")))
    assert len(seen.hits) == 30
    assert any("runs no script" in note for note in seen.notes)


async def test_a_redis_that_goes_away_is_said_and_the_search_goes_on_when_it_is_back(
    server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(redis)
    async with still(server.url) as herd:
        instance = herd.sight.instances["default"]
        ask = instance.ask

        async def refuses(*_: object) -> object:
            raise ConnectionError

        monkeypatch.setattr(instance._node, "exchange", refuses)
        seen = await ended(herd, herd.searches.start(Wish("data.lucky:true")))
        assert seen.status is Status.FAILED
        assert "cannot be reached" in seen.trouble
        monkeypatch.undo()
        monkeypatch.setattr(instance, "ask", ask)
        herd.searches.resume(seen.id)
        assert len((await ended(herd, seen)).hits) == 30


async def test_an_id_that_redis_cannot_hold_is_not_found(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    filled(redis)
    async with still(server.url) as herd:
        for said in ("id:\ud800", "\ud800"):
            assert (await ended(herd, herd.searches.start(Wish(said)))).hits == ()


async def test_a_redis_that_was_never_read_is_not_taken_for_an_empty_one() -> None:
    async with still("redis://127.0.0.1:1/0") as herd:
        seen = await ended(herd, herd.searches.start(Wish("a")))
    assert seen.status is Status.FAILED
    assert "cannot be reached" in seen.trouble


async def test_words_that_are_no_query_are_refused_at_once() -> None:
    herd = Herd(Settings())
    with pytest.raises(Unreadable):
        herd.searches.start(Wish("(a"))
