"""Saved views: those that are always there, and people's own, in memory and in a Redis that others share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.access.roles import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from core.model import State
from core.permission import Permission
from core.query.parser import parse
from core.sight import Sight
from core.snapshot import Snapshot
from core.store.contract import Store
from core.store.memory import MemoryStore
from core.store.remote import RedisStore
from core.views.view import BUILT_IN
from core.views.views import LONGEST_NAME, MOST_OWN, Views
from tickbird.demo.server import EmbeddedServer

NOWHERE = Sight({}, Snapshot(0, ()))


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, server: EmbeddedServer, redis: redis_py.Redis) -> AsyncIterator[Store]:
    assert redis.dbsize() == 0
    opened: Store = MemoryStore() if request.param == "memory" else RedisStore(server.url)
    yield opened
    await opened.close()


@pytest.fixture
def views(store: Store) -> Views:
    return Views(store, NOWHERE)


async def names(views: Views) -> list[str]:
    return [view.name for view in (await views.list())[len(BUILT_IN) :]]


async def test_the_views_that_are_always_there_are_queries_that_can_be_read() -> None:
    assert [view.name for view in BUILT_IN] == [
        "Stuck",
        "Retry storm",
        "Overdue",
        "Stalled",
        "Failed in the last 15 minutes",
    ]
    for view in BUILT_IN:
        assert list(parse(view.q).terms())


async def test_a_view_is_there_for_everybody_until_it_is_removed(views: Views, store: Store) -> None:
    with asking(Asker("ada")):
        kept = await views.add("  Bounced   mail ", State.FAILED, 'reason:"bounced by" name:send-*')
    others = Views(store, NOWHERE)
    assert (await others.list())[-1] == kept
    assert (kept.name, kept.by) == ("Bounced mail", "ada")

    assert (await others.rename(kept.id, "Bounces")).name == "Bounces"
    assert await names(views) == ["Bounces"]
    await views.remove(kept.id)
    assert await names(others) == []


async def test_own_views_stand_by_name(views: Views) -> None:
    for name in ("zebra", "Apple", "mail"):
        await views.add(name, State.FAILED, "a")
    assert await names(views) == ["Apple", "mail", "zebra"]


async def test_a_name_is_taken_once_whatever_its_case(views: Views) -> None:
    first = await views.add("Bounced", State.FAILED, "a")
    second = await views.add("Lost", State.FAILED, "b")
    for name in ("BOUNCED", "stuck"):
        with pytest.raises(Conflict):
            await views.add(name, State.FAILED, "c")
        with pytest.raises(Conflict):
            await views.rename(second.id, name)
    assert (await views.rename(first.id, "BOUNCED")).name == "BOUNCED"


@pytest.mark.parametrize(
    ("name", "q"), [("", "a"), (" ", "a"), ("x" * (LONGEST_NAME + 1), "a"), ("x", ""), ("x", "nmae:1"), ("x", "(")]
)
async def test_what_can_be_no_view_is_refused(views: Views, name: str, q: str) -> None:
    with pytest.raises(Invalid):
        await views.add(name, State.FAILED, q)
    assert await names(views) == []


async def test_those_that_are_always_there_and_those_that_are_gone_cannot_be_changed(views: Views) -> None:
    for id in ("", "nowhere", "\udcff"):
        with pytest.raises(NotFound):
            await views.rename(id, "x")
        with pytest.raises(NotFound):
            await views.remove(id)


def looking(name: str) -> Asker:
    return Asker(name, "viewer", frozenset({Permission.VIEW}))


async def test_what_who_only_looks_keeps_is_there_for_nobody_else(views: Views) -> None:
    with asking(looking("ada")):
        hers = await views.add("Bounced", State.FAILED, "a")
        assert hers.personal
        assert await names(views) == ["Bounced"]
        assert (await views.rename(hers.id, "Lost")).personal
    for other in (looking("bob"), looking(""), Asker("root")):
        with asking(other):
            assert await names(views) == []
            with pytest.raises(NotFound):
                await views.rename(hers.id, "Mine")
            with pytest.raises(NotFound):
                await views.remove(hers.id)
    # Neither does its name tell anybody of it.
    with asking(looking("bob")):
        await views.add("Lost", State.FAILED, "b")
    with asking(looking("ada")):
        await views.remove(hers.id)
        assert await names(views) == []
    with asking(looking("bob")):
        assert await names(views) == ["Lost"]


async def test_who_only_looks_keeps_nothing_that_others_see_and_changes_nothing_of_theirs(views: Views) -> None:
    shared = await views.add("Shared", State.FAILED, "a")
    with asking(looking("ada")):
        assert await names(views) == ["Shared"]
        with pytest.raises(Forbidden, match="only looks"):
            await views.add("Mine", State.FAILED, "a", personal=False)
        with pytest.raises(Forbidden):
            await views.rename(shared.id, "Mine")
        with pytest.raises(Forbidden):
            await views.remove(shared.id)
    assert await names(views) == ["Shared"]


async def test_who_made_a_view_and_may_only_look_since_changes_it_no_more(views: Views) -> None:
    with asking(Asker("ada", "operator", OPERATOR)):
        made = await views.add("Bounced", State.FAILED, "a")
    with asking(looking("ada")), pytest.raises(Forbidden):
        await views.remove(made.id)


async def test_a_view_for_everybody_is_changed_by_who_made_it_or_may_remove(views: Views) -> None:
    holding = frozenset({Permission.VIEW, Permission.PAUSE})
    with asking(Asker("ada", "holder", holding)):
        made = await views.add("Bounced", State.FAILED, "a")
    assert not made.personal
    with asking(Asker("bob", "holder", holding)), pytest.raises(Forbidden, match="ada made this view"):
        await views.remove(made.id)
    with asking(Asker("ada", "holder", holding)):
        await views.rename(made.id, "Lost")
    with asking(Asker("eve", "operator", OPERATOR)):
        await views.remove(made.id)
    assert await names(views) == []


async def test_ones_own_views_are_so_many_and_take_no_room_from_others(views: Views) -> None:
    with asking(looking("ada")):
        for number in range(MOST_OWN):
            await views.add(f"view {number}", State.FAILED, "a" * 1900)
        with pytest.raises(Conflict, match="20 views of your own"):
            await views.add("one more", State.FAILED, "a")
        assert len(await names(views)) == MOST_OWN
    await views.add("for everybody", State.FAILED, "a")
    with asking(looking("bob")):
        await views.add("one more", State.FAILED, "a")


async def test_where_nobody_is_logged_in_nothing_is_anybodys_own(views: Views) -> None:
    with asking(Asker("")):
        with pytest.raises(Invalid, match="Nobody is logged in"):
            await views.add("Mine", State.FAILED, "a", personal=True)
        assert not (await views.add("Ours", State.FAILED, "a")).personal


async def test_a_read_only_tickbird_keeps_its_views_as_they_are(store: Store, views: Views) -> None:
    shared = await views.add("Shared", State.FAILED, "a")
    closed = Views(store, NOWHERE, "This Tickbird is read-only.")
    for who in (looking("ada"), Asker("root")):
        with asking(who):
            for change in (
                closed.add("Mine", State.FAILED, "a"),
                closed.rename(shared.id, "Mine"),
                closed.remove(shared.id),
            ):
                with pytest.raises(Forbidden, match="read-only"):
                    await change
            assert await names(closed) == ["Shared"]


async def test_a_full_shelf_refuses_rather_than_forgets(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        await views.add(f"view {number:03}", State.FAILED, "a" * 1900)
    with pytest.raises(Conflict, match="200 views"):
        await views.add("one more", State.FAILED, "a")
    assert len(await names(views)) == 200


async def test_names_and_queries_of_any_characters_come_back_as_they_went(views: Views) -> None:
    name, q = "日本 \U0001f600 <b>", 'data.größe:"\\"x\\" \U0001f600" "\\u0000"'
    await views.add(name, State.WAITING_CHILDREN, q)
    view = (await views.list())[-1]
    assert (view.name, view.q, view.state) == (name, q, State.WAITING_CHILDREN)


async def test_a_record_that_cannot_be_understood_hides_no_other(server: EmbeddedServer, redis: redis_py.Redis) -> None:
    store = RedisStore(server.url)
    views = Views(store, NOWHERE)
    broken = await views.add("broken", State.FAILED, "a")
    await views.add("whole", State.FAILED, "a")
    (key,) = list(redis.scan_iter("tickbird:*parts*"))
    redis.hset(key, f"view/{broken.id}", "{not json")
    assert await names(views) == ["whole"]
    await store.close()


async def test_while_the_store_is_away_that_is_said() -> None:
    store = RedisStore("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable):
        await Views(store, NOWHERE).list()
    await store.close()
