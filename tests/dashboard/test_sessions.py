"""A login's cookie: replaced while it is in use, its predecessor dead as soon as it can be, a copy of it told on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import Unavailable
from core.store.memory import MemoryStore
from core.store.remote import RedisStore
from dashboard.sessions import GRACE, HOUR, LOST_AFTER, MOST_OF_ONE, TRUSTED_FOR, Session, Sessions

BOUND = "a digest"


class Clock:
    """Stands still until told, for sessions and their store alike."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000
        for module in ("dashboard.sessions", "core.store.memory"):
            monkeypatch.setattr(f"{module}._now", lambda: self.now)
        monkeypatch.setattr("dashboard.sessions.steady", lambda: self.now)
        # Not the module's own clock: the loop would stand still with it.
        monkeypatch.setattr("core.store.memory.time", SimpleNamespace(monotonic=lambda: self.now / 1000))

    def passes(self, milliseconds: int) -> None:
        self.now += milliseconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def sessions(store: MemoryStore) -> Sessions:
    return Sessions(store, hours=12)


async def begun(sessions: Sessions) -> str:
    cookie, _ = await sessions.begin("ada", "password", BOUND)
    return cookie


async def session_of(sessions: Sessions, cookie: str) -> Session:
    session = await sessions.find(cookie)
    assert session is not None
    return session


async def replaced(sessions: Sessions, cookie: str) -> str:
    newer = await sessions.rotated(cookie, await session_of(sessions, cookie))
    assert newer is not None
    return newer


async def test_a_cookie_is_replaced_when_it_is_in_use_for_long_and_not_before(clock: Clock, sessions: Sessions) -> None:
    cookie = await begun(sessions)
    assert await sessions.rotated(cookie, await session_of(sessions, cookie)) is None
    clock.passes(HOUR)
    assert await replaced(sessions, cookie) != cookie


async def test_the_parts_of_a_page_that_are_on_their_way_still_arrive_and_then_the_old_cookie_is_dead(
    clock: Clock, sessions: Sessions
) -> None:
    old = await begun(sessions)
    clock.passes(HOUR)
    new = await replaced(sessions, old)
    assert await sessions.find(new)
    assert await sessions.find(old)
    clock.passes(GRACE - 1)
    assert await sessions.find(old)
    clock.passes(1)
    assert await sessions.find(old) is None


async def test_whoever_comes_with_a_copy_later_ends_the_login_for_all(clock: Clock, sessions: Sessions) -> None:
    old = await begun(sessions)
    clock.passes(HOUR)
    new = await replaced(sessions, old)
    await sessions.find(new)
    clock.passes(GRACE)
    assert await sessions.find(old) is None
    assert await sessions.find(new) is None


async def test_a_copy_that_was_used_first_is_told_on_by_its_owner(clock: Clock, sessions: Sessions) -> None:
    owners = await begun(sessions)
    clock.passes(HOUR)
    thiefs = await replaced(sessions, owners)
    assert await sessions.find(thiefs)
    clock.passes(GRACE)
    assert await sessions.find(owners) is None
    assert await sessions.find(thiefs) is None


async def test_a_new_cookie_that_was_lost_on_its_way_logs_nobody_out(clock: Clock, sessions: Sessions) -> None:
    cookie = await begun(sessions)
    clock.passes(HOUR)
    await replaced(sessions, cookie)
    clock.passes(HOUR)
    assert await sessions.find(cookie)
    newest = await replaced(sessions, cookie)
    assert await sessions.find(newest)


async def test_all_parts_of_a_page_on_all_replicas_get_one_successor(clock: Clock, store: MemoryStore) -> None:
    replicas = [Sessions(store, hours=12) for _ in range(3)]
    cookie = await begun(replicas[0])
    clock.passes(HOUR)
    session = await session_of(replicas[0], cookie)
    given = await asyncio.gather(*(each.rotated(cookie, session) for each in replicas for _ in range(5)))
    (new,) = [each for each in given if each]
    for each in replicas:
        assert await each.find(new)


async def test_another_replica_knows_a_new_cookie_at_once(clock: Clock, store: MemoryStore) -> None:
    here, there = Sessions(store, hours=12), Sessions(store, hours=12)
    old = await begun(here)
    clock.passes(HOUR)
    assert await there.find(old)
    new = await replaced(here, old)
    assert await there.find(new)
    assert await here.find(new)


async def test_what_another_replica_ended_is_over_here_within_seconds(clock: Clock, store: MemoryStore) -> None:
    here, there = Sessions(store, hours=12), Sessions(store, hours=12)
    cookie = await begun(here)
    assert await there.find(cookie)
    await here.end(cookie)
    assert await here.find(cookie) is None
    clock.passes(TRUSTED_FOR)
    assert await there.find(cookie) is None


@pytest.mark.parametrize("ended_by", ["old", "new"])
async def test_logging_out_ends_a_cookie_with_its_predecessor_and_its_successor(
    clock: Clock, sessions: Sessions, ended_by: str
) -> None:
    old = await begun(sessions)
    clock.passes(HOUR)
    new = await replaced(sessions, old)
    await sessions.end(old if ended_by == "old" else new)
    assert await sessions.find(old) is None
    assert await sessions.find(new) is None


@pytest.mark.parametrize("wrong", ["", ".", "x", "x.y", "\udcff.\udcff", "é" * 5000])
async def test_what_is_no_cookie_of_ours_opens_nothing_and_ends_nothing(sessions: Sessions, wrong: str) -> None:
    cookie = await begun(sessions)
    assert await sessions.find(wrong) is None
    await sessions.end(wrong)
    assert await sessions.find(cookie)


async def test_no_login_outlives_its_hours_however_busy(clock: Clock, store: MemoryStore) -> None:
    sessions = Sessions(store, hours=2)
    cookie = await begun(sessions)
    for _ in range(10):
        session = await sessions.find(cookie)
        if session is None:
            break
        cookie = await sessions.rotated(cookie, session) or cookie
        clock.passes(HOUR // 2)

    assert await sessions.find(cookie) is None
    assert clock.now <= 1_000_000 + 3 * HOUR


async def test_a_store_that_is_away_logs_nobody_out_and_ends_nothing(
    clock: Clock, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = Sessions(store, hours=12), Sessions(store, hours=12)
    old = await begun(here)
    clock.passes(HOUR)
    assert await there.find(old)
    new = await replaced(here, old)

    async def away(*_: object, **__: object) -> None:
        raise Unavailable("Redis state_url cannot be reached.")

    with monkeypatch.context() as context:
        for call in ("read", "put", "replace", "take", "delete"):
            context.setattr(store, call, away)
        clock.passes(TRUSTED_FOR + LOST_AFTER)
        session = await session_of(there, old)
        assert await there.rotated(old, session) is None
        assert await there.find(new) is None
    assert await there.find(new)


async def test_what_the_store_keeps_opens_nothing(store: MemoryStore, sessions: Sessions) -> None:
    cookie = await begun(sessions)
    kept = repr(store._shelves)
    assert not [part for part in cookie.split(".") if part in kept]


async def test_a_login_of_an_earlier_version_is_begun_anew(store: MemoryStore, sessions: Sessions) -> None:
    cookie = await begun(sessions)
    ((record,),) = [shelf.values() for shelf in store._shelves.values()]
    record.parts["is"] = '{"v":1,"is":{"name":"ada","way":"password","begun":1,"issued":1}}'
    fresh = Sessions(store, hours=12)
    assert await fresh.find(cookie) is None


async def test_while_no_store_answers_nobody_is_let_in_by_a_cookie() -> None:
    store = RedisStore("redis://127.0.0.1:1/0")
    assert await Sessions(store, hours=12).find("a.b") is None
    await store.close()


async def test_whoever_logs_in_ever_more_ends_the_oldest_of_their_own_and_nobody_elses(
    clock: Clock, store: MemoryStore
) -> None:
    sessions = Sessions(store, hours=12)
    adas = await begun(sessions)
    veras = []
    for _ in range(3 * MOST_OF_ONE):
        clock.passes(1)
        veras.append((await sessions.begin("vera", "password", BOUND))[0])
    fresh = Sessions(store, hours=12)

    assert await fresh.find(adas)
    assert [bool(await fresh.find(cookie)) for cookie in veras] == [False] * 2 * MOST_OF_ONE + [True] * MOST_OF_ONE


async def test_logging_out_everywhere_ends_all_of_one_name_and_tells_how_many(store: MemoryStore) -> None:
    sessions = Sessions(store, hours=12)
    adas = [await begun(sessions) for _ in range(7)]
    veras, _ = await sessions.begin("vera", "password", BOUND)

    assert await Sessions(store, hours=12).end_all("ada") == 7
    fresh = Sessions(store, hours=12)
    assert [await fresh.find(cookie) for cookie in adas] == [None] * 7
    assert await fresh.find(veras)
    assert await sessions.end_all("nobody") == 0


@pytest.mark.parametrize("noted", ["a successor", "that a successor came in"])
async def test_a_login_that_is_ended_while_its_cookie_is_replaced_stays_ended(
    clock: Clock, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, noted: str
) -> None:
    here, there = Sessions(store, hours=12), Sessions(store, hours=12)
    old = await begun(here)
    clock.passes(HOUR)
    new = "" if noted == "a successor" else await replaced(here, old)
    session = await session_of(here, old)
    replace = store.replace

    async def late(*given: Any) -> bool:
        await there.end_all("ada")
        return await replace(*given)

    monkeypatch.setattr(store, "replace", late)
    if noted == "a successor":
        assert await here.rotated(old, session) is None
    else:
        assert await here.find(new) is None
    for sessions in (here, there, Sessions(store, hours=12)):
        assert await sessions.find(old) is None
    assert not any(store._shelves.values())
