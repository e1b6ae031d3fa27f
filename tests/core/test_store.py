"""What every store promises, in memory and in a Redis: one suite for both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import redis as redis_py

from core.errors import Invalid
from core.store.contract import Log, Record, Shelf, Store
from core.store.memory import MemoryStore
from core.store.remote import RedisStore
from tests.core.layout import now
from tests.core.waiting import soon
from tickbird.demo.server import EmbeddedServer

VIEWS = Shelf("views", ("words", "counts"), most=3, bytes=400)
# Records stand at instants around this one, so that their order does not hang on the machine's speed.
BEGUN = now()
AUDIT = Log("audit", most=4, longest=20)


@pytest.fixture(params=["memory", "redis"])
async def store(server: EmbeddedServer, redis: redis_py.Redis, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else RedisStore(server.url)
    yield opened
    await opened.close()


async def put(store: Store, id: str, at: int = 0, *, held: bool = False, **parts: str) -> None:
    await store.put(VIEWS, Record(id, BEGUN + at, parts or {"words": id}), held=held)


async def test_a_record_comes_back_as_it_was_put(store: Store) -> None:
    record = Record("stuck", now(), {"words": "age:>1h", "counts": "3"})
    await store.put(VIEWS, record)

    assert await store.read(VIEWS, ["stuck", "nosuch"]) == {"stuck": record}
    assert await store.read(VIEWS, []) == {}


async def test_parts_are_written_one_by_one(store: Store) -> None:
    await put(store, "stuck", words="age:>1h", counts="3")
    await put(store, "stuck", counts="4")

    assert (await store.read(VIEWS, ["stuck"]))["stuck"].parts == {"words": "age:>1h", "counts": "4"}


async def test_records_are_listed_newest_first(store: Store) -> None:
    for id, at in (("b", 20), ("a", 10), ("c", 30)):
        await put(store, id, at)

    assert await store.newest(VIEWS, 10) == ("c", "b", "a")
    assert await store.newest(VIEWS, 2) == ("c", "b")


async def test_a_deleted_record_is_gone_and_takes_no_room(store: Store) -> None:
    for _ in range(10):
        await put(store, "stuck", words="x" * 90)
        await store.delete(VIEWS, "stuck")
    await store.delete(VIEWS, "nosuch")
    assert await store.newest(VIEWS, 10) == ()

    for id in ("a", "b", "c"):
        await put(store, id, words="x" * 90)
    assert await store.newest(VIEWS, 10) == ("c", "b", "a")


async def test_the_oldest_of_too_many_goes(store: Store) -> None:
    for at, id in enumerate(("a", "b", "c", "d", "e")):
        await put(store, id, at)

    assert await store.newest(VIEWS, 10) == ("e", "d", "c")
    assert await store.read(VIEWS, ["a", "b"]) == {}


async def test_the_oldest_goes_when_all_are_too_large(store: Store) -> None:
    four = Shelf("four", ("words",), most=10, bytes=400)
    for at, id in enumerate(("a", "b", "c", "d", "e")):
        await store.put(four, Record(id, BEGUN + at, {"words": "x" * 100}))
    assert await store.newest(four, 10) == ("e", "d", "c", "b")

    await store.put(four, Record("b", BEGUN + 1, {"words": "x"}))
    await store.put(four, Record("f", BEGUN + 9, {"words": "x" * 99}))
    assert await store.newest(four, 10) == ("f", "e", "d", "c", "b")


async def test_a_held_record_stays_until_it_is_let_go(store: Store) -> None:
    await put(store, "a", 0, held=True)
    for at, id in enumerate(("b", "c", "d"), 1):
        await put(store, id, at)
    assert await store.newest(VIEWS, 10) == ("d", "c", "a")

    await put(store, "a", 0)
    await put(store, "e", 9)
    assert await store.newest(VIEWS, 10) == ("e", "d", "c")


async def test_an_aged_record_is_forgotten(store: Store) -> None:
    brief = Shelf("brief", ("words",), most=10, bytes=1000, age=60)
    await store.put(brief, Record("a", now(), {"words": "a"}), held=True)

    async def forgotten() -> bool:
        return not await store.newest(brief, 10) and not await store.read(brief, ["a"])

    await soon(forgotten)


async def test_a_record_that_leaves_no_room_for_others_is_refused(store: Store) -> None:
    with pytest.raises(Invalid, match="too many for a record of views"):
        await put(store, "stuck", words="x" * 101)
    with pytest.raises(Invalid, match="no part 'colour'"):
        await put(store, "stuck", colour="red")
    assert await store.newest(VIEWS, 10) == ()


async def test_a_log_is_read_from_its_end_and_on_from_a_line(store: Store) -> None:
    for line in "abcd":
        await store.append(AUDIT, line)

    newest = await store.lines(AUDIT, 2)
    assert [line.text for line in newest] == ["d", "c"]
    assert [line.text for line in await store.lines(AUDIT, 9, before=newest[-1].mark)] == ["b", "a"]
    assert await store.lines(Log("nothing", most=1), 9) == ()


async def test_a_log_keeps_its_last_lines(store: Store) -> None:
    for line in "abcdef":
        await store.append(AUDIT, line)
    assert [line.text for line in await store.lines(AUDIT, 9)] == ["f", "e", "d", "c"]


async def test_aged_lines_are_forgotten_and_long_ones_refused(store: Store) -> None:
    brief = Log("brief", most=10, age=60)
    await store.append(brief, "a")

    async def forgotten() -> bool:
        return not await store.lines(brief, 9)

    await soon(forgotten)
    with pytest.raises(Invalid, match="too many for a line of audit"):
        await store.append(AUDIT, "x" * 21)


async def test_one_of_two_takes_a_lease_until_it_gives_it_back(store: Store) -> None:
    assert await store.take("retention", "first", 60_000)
    assert not await store.take("retention", "second", 60_000)
    assert await store.take("retention", "first", 60_000)
    assert await store.holders(["retention", "other"]) == {"retention": "first"}

    await store.release("retention", "second")
    assert not await store.take("retention", "second", 60_000)
    await store.release("retention", "first")
    assert await store.take("retention", "second", 60_000)


async def test_a_lease_that_is_not_renewed_runs_out(store: Store) -> None:
    assert await store.take("retention", "first", 60)

    async def taken() -> bool:
        return await store.take("retention", "second", 60_000)

    await soon(taken)
    assert await store.holders([]) == {}


@pytest.mark.parametrize("mark", ["", "x", "-1", "1-", "0-0", "1-99999999999999999999999", "9" * 5000, "\u0663-1"])
async def test_a_place_that_is_none_is_refused_and_does_not_look_like_a_store_that_is_away(
    store: Store, mark: str
) -> None:
    await store.append(AUDIT, "a")
    with suppress(ValueError):
        assert await store.lines(AUDIT, 9, before=mark) == ()
    assert store.trouble == ""


async def test_a_record_is_replaced_where_it_is_and_never_made_by_that(store: Store) -> None:
    await put(store, "stuck", words="age:>1h", counts="3")
    assert await store.replace(VIEWS, Record("stuck", BEGUN, {"counts": "4"}))
    assert (await store.read(VIEWS, ["stuck"]))["stuck"].parts == {"words": "age:>1h", "counts": "4"}

    await store.delete(VIEWS, "stuck")
    aged = Record("aged", BEGUN - VIEWS.age - 1000, {"words": "x"})
    for record in (Record("stuck", BEGUN, {"counts": "5"}), aged):
        assert not await store.replace(VIEWS, record)
    assert await store.read(VIEWS, ["stuck", "aged"]) == {}
    assert await store.newest(VIEWS, 10) == ()


async def test_a_shelf_that_nobody_comes_back_to_is_forgotten_with_its_last_record() -> None:
    store = MemoryStore()
    of_one = [Shelf(f"of {number}", ("words",), most=3, bytes=400, age=1000) for number in range(100)]
    for shelf in of_one:
        await store.put(shelf, Record("old", BEGUN - 2000, {"words": "x"}))
    await put(store, "stuck")

    assert set(store._shelves) <= {"views", of_one[-1].name}
