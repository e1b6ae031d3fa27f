"""Flows as they must not be: circles, pointers to nowhere, hostile data, thousands of children. And pages of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis as redis_py

from core.errors import Invalid, NotFound
from core.flows.flow import Cause, Node, Tie
from core.herd import Herd
from core.model import State
from core.redaction.redaction import HIDDEN
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.core.laid_flows import MAIL, VIDEO, Laid, watching
from tests.core.layout import now
from tests.core.waiting import read_now
from tickbird.demo.server import EmbeddedServer


@pytest.fixture
def laid(redis: redis_py.Redis) -> Laid:
    return Laid(redis)


@pytest.fixture
async def herd(server: EmbeddedServer, laid: Laid, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Herd]:
    # What is said matters here, not how soon.
    monkeypatch.setattr("core.sight.PATIENCE", 20.0)
    herd = watching(server.url)
    yield herd
    await herd.stop()


def ids(node: Node) -> list[str]:
    return [node.id, *(id for kid in node.kids for id in ids(kid))]


async def test_a_flow_goes_over_prefixes_and_names_what_it_does_not_know(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    kid = laid.put(VIDEO, "kid", "wait", top)
    laid.waits_for(top, kid, b"elsewhere:what:7", b"bull:mail:vanished", b"no-colon")
    await read_now(herd)
    flow = await herd.flows.tree(MAIL, "top")
    kids = {kid.id: kid for kid in flow.root.kids}
    assert kids["kid"].queue == VIDEO
    assert kids["kid"].state is State.WAITING
    assert (kids["7"].queue, kids["7"].row, kids["no-colon"].queue) == (None, None, None)
    assert (kids["vanished"].queue, kids["vanished"].row) == (MAIL, None)
    causes = {blocker.cause for blocker in flow.blocking.blockers}
    assert {Cause.UNKNOWN, Cause.GONE} < causes
    assert [step.id for step in (await herd.flows.tree(VIDEO, "kid")).above] == ["top"]


async def test_a_circle_ends_with_a_sentence(laid: Laid, herd: Herd) -> None:
    one = laid.put(MAIL, "one", "waiting-children", b"bull:mail:two")
    two = laid.put(MAIL, "two", "waiting-children", b"bull:mail:one")
    laid.waits_for(one, two)
    laid.waits_for(two, one)
    await read_now(herd)
    flow = await herd.flows.tree(MAIL, "one")
    assert "circle" in " ".join(flow.notes)
    assert sorted(ids(flow.root)) == ["one", "two"]
    assert (await herd.flows.extent(MAIL, "one")).total == 2
    assert (await herd.flows.retry_failed(MAIL, "one")).done == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"parentKey": "bull:mail:gone", "parent": '{"id":"gone","queueKey":"bull:mail"}'}, "gone from Redis"),
        ({"parentKey": "other:queue:7", "parent": '{"id":"7","queueKey":"other:queue"}'}, "not known here"),
        ({"parentKey": "bull:mail:bystander"}, "does not count job kid"),
        ({"parent": "{", "parentKey": "bull:mail:bystander"}, "does not count job kid"),
        ({"parent": '{"id":7,"queueKey":["x"]}'}, ""),
        ({"parent": '{"id":"\\ud83d","queueKey":"bull:mail"}'}, ""),
        ({"parent": '"' + "x" * 100_000 + '"', "parentKey": "bull:mail:bystander"}, ""),
    ],
)
async def test_a_broken_pointer_ends_the_climb_with_a_sentence(
    laid: Laid, herd: Herd, fields: dict[str, Any], said: str
) -> None:
    laid.put(MAIL, "bystander", "wait")
    laid.put(MAIL, "kid", "wait", **fields)
    await read_now(herd)
    flow = await herd.flows.tree(MAIL, "kid")
    assert said in " ".join(flow.notes)
    assert flow.focus.id == "kid"


async def test_keys_of_another_type_are_no_children(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    for suffix in (b":dependencies", b":processed", b":failed", b":unsuccessful"):
        laid.redis.set(top + suffix, "what")
    await read_now(herd)
    flow = await herd.flows.tree(MAIL, "top")
    assert flow.root.children is None
    assert [blocker.cause for blocker in flow.blocking.blockers] == [Cause.STUCK]


async def test_every_child_of_thousands_comes_once_though_some_finish_meanwhile(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    everybody = [laid.put(MAIL, f"c{number}") for number in range(2_000)]
    pending, processed, failed = everybody[:1_200], everybody[1_200:1_900], everybody[1_900:]
    laid.waits_for(top, *pending)
    laid.redis.hset(top + b":processed", mapping=dict.fromkeys(processed, "x" * 200))
    laid.redis.zadd(top + b":unsuccessful", dict.fromkeys(failed, 1))
    await read_now(herd)
    seen: list[str] = []
    cursor = None
    gone: set[bytes] = set()
    while True:
        flow = await herd.flows.tree(MAIL, "top", limit=100, cursor=cursor, depth=1)
        page = [kid.key for kid in flow.root.kids]
        assert 90 <= len(page) <= 130 or flow.next is None
        seen += page
        if (cursor := flow.next) is None:
            break
        # One that was not shown yet goes, and one that was.
        leaving = [key for key in pending if key not in gone][:: len(pending) // 2][:2]
        gone |= set(leaving)
        laid.redis.srem(top + b":dependencies", *leaving)
    assert len(seen) == len(set(seen))
    assert {key.decode() for key in everybody} - {key.decode() for key in gone} <= set(seen)


async def test_a_cursor_is_good_for_its_own_job_alone(laid: Laid, herd: Herd) -> None:
    for name in ("one", "two"):
        parent = laid.put(MAIL, name, "waiting-children")
        laid.waits_for(parent, *(laid.put(MAIL, f"{name}{number}", "wait") for number in range(3)))
    await read_now(herd)
    cursor = (await herd.flows.tree(MAIL, "one", limit=2)).next
    assert cursor is not None
    assert len((await herd.flows.tree(MAIL, "one", limit=2, cursor=cursor)).root.kids) == 1
    for bad in (cursor, "", "x", "bnVsbA", "W10"):
        with pytest.raises(Invalid):
            await herd.flows.tree(MAIL, "two", cursor=bad or "!")
        with pytest.raises(Invalid):
            await herd.flows.in_flight(cursor=bad or "!")


async def test_a_job_that_is_gone_is_not_found(laid: Laid, herd: Herd) -> None:
    laid.put(MAIL, "there", "wait")
    await read_now(herd)
    for asked in (herd.flows.tree, herd.flows.extent, herd.flows.retry_failed, herd.flows.remove):
        with pytest.raises(NotFound):
            await asked(MAIL, "gone")


async def test_what_holds_a_flow_back_is_told_by_kind_worst_first(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    base = laid.bases[MAIL]
    laid.redis.lpush(base + b"active", "runs", "left")
    laid.redis.set(base + b"runs:lock", "w")
    laid.waits_for(
        top,
        laid.put(MAIL, "broken", "failed", top, failedReason='{"password":"hunter2"} was wrong'),
        laid.put(MAIL, "lost", "", top),
        laid.put(MAIL, "stuck", "waiting-children", top),
        laid.put(MAIL, "done", "completed", top),
        laid.put(MAIL, "later", "delayed", top, score=(now() + 60_000) * 4096),
        laid.put(MAIL, "runs", "", top),
        laid.put(MAIL, "left", "", top),
        laid.put(MAIL, "waits", "wait", top),
    )
    await read_now(herd)
    flow = await herd.flows.tree(MAIL, "top")
    told = {blocker.cause: blocker.path[-1].id for blocker in flow.blocking.blockers}
    assert told == {
        Cause.FAILED: "broken",
        Cause.LOST: "lost",
        Cause.STUCK: "stuck",
        Cause.DONE: "done",
        Cause.ABANDONED: "left",
        Cause.UNATTENDED: "waits",
        Cause.DELAYED: "later",
        Cause.RUNNING: "runs",
    }
    assert flow.blocking.critical == {"bull:mail:top", "bull:mail:broken"}
    assert "hunter2" not in repr(flow)
    assert HIDDEN in flow.blocking.blockers[0].sentence
    (flight,) = (await herd.flows.in_flight()).flights
    assert (flight.worst, flight.children.pending, flight.failed, flight.looked_at) == (Cause.FAILED, 8, 1, 8)


async def test_a_flow_wider_and_deeper_than_a_page_is_cut_and_that_is_said(laid: Laid, herd: Herd) -> None:
    above = laid.put(MAIL, "level0", "waiting-children")
    for level in range(1, 55):
        key = laid.put(MAIL, f"level{level}", "waiting-children", above)
        laid.waits_for(above, key, *(laid.put(MAIL, f"w{level}-{n}", "wait", above) for n in range(4)))
        above = key
    await read_now(herd)
    flow = await herd.flows.tree(MAIL, "level54")
    assert "50 levels" in " ".join(flow.notes)
    assert flow.above[-1].id == "level53"
    top = await herd.flows.tree(MAIL, "level0")
    assert "levels below" in " ".join(top.notes)
    assert top.shown <= 160
    assert top.blocking.covered.looked_at <= top.blocking.covered.total


async def test_flows_in_flight_are_merged_by_the_time_they_wait_though_many_wait_equally_long(
    laid: Laid, herd: Herd
) -> None:
    for number in range(450):
        for id in (MAIL, VIDEO):
            key = laid.put(id, f"top{number}", "waiting-children", score=1_700_000_000_000 + number // 300)
            laid.waits_for(key, laid.put(id, f"low{number}", "waiting-children", key))
    await read_now(herd)
    seen = []
    cursor = None
    while True:
        page = await herd.flows.in_flight(limit=60, cursor=cursor)
        assert page.covered.total == 1_800
        seen += [(flight.since, flight.queue, flight.row.id) for flight in page.flights]
        if (cursor := page.next) is None:
            break
    assert len(seen) == len(set(seen)) == 900
    assert [since for since, _, _ in seen] == sorted(since for since, _, _ in seen if since is not None)
    assert all(id.startswith("top") for _, _, id in seen)


async def test_a_child_that_its_parent_does_not_count_is_marked(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    laid.waits_for(top, laid.put(MAIL, "kid", "wait", top))
    laid.put(MAIL, "stranger", "wait", top)
    await read_now(herd)
    flow = await herd.flows.tree(MAIL, "stranger")
    assert flow.focus.tie is Tie.STRANGE
    assert {kid.id for kid in flow.root.kids} == {"stranger", "kid"}


async def test_without_leave_to_run_scripts_a_flow_is_still_shown(
    laid: Laid, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.sight.PATIENCE", 20.0)
    top = laid.put(MAIL, "top", "completed")
    kids = [laid.put(MAIL, f"c{number}", "completed", top) for number in range(700)]
    laid.redis.hset(top + b":processed", mapping=dict.fromkeys(kids, "1"))
    laid.redis.acl_setuser("reader", enabled=True, nopass=True, keys="*", commands=["+@read", "+info"])
    herd = Herd(Settings(redis=(RedisSettings("default", f"redis://reader:x@127.0.0.1:{server.port}/0"),)))
    try:
        await read_now(herd)
        flow = await herd.flows.tree(MAIL, "top", limit=100)
    finally:
        await herd.stop()
        laid.redis.acl_deluser("reader")
    assert len(flow.root.kids) >= 100
    assert flow.next is not None
