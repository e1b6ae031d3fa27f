"""What is done to whole flows: bounded, told exactly, refused to who may not, and gone on with when asked again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.audit.entry import Sought
from core.errors import Conflict, Forbidden
from core.herd import Herd
from core.permission import Permission
from tests.core.laid_flows import MAIL, Laid, watching
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


async def test_more_failed_jobs_than_one_request_retries_are_counted_and_come_with_the_next(
    laid: Laid, herd: Herd
) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    laid.waits_for(top, *(laid.put(MAIL, f"c{number}", "failed", top) for number in range(510)))
    await read_now(herd)
    first = await herd.flows.retry_failed(MAIL, "top")
    assert (first.done, first.rest) == (500, 10)
    assert "10 failed jobs are left" in first.sentence
    second = await herd.flows.retry_failed(MAIL, "top")
    assert (second.done, second.rest) == (10, 0)
    assert laid.redis.llen(b"bull:mail:wait") == 510


async def test_a_removal_that_takes_long_stops_says_so_and_goes_on_when_asked_again(
    laid: Laid, herd: Herd, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    laid.waits_for(top, *(laid.put(MAIL, f"c{number}", "wait", top) for number in range(1_200)))
    laid.put(MAIL, "bystander", "wait")
    await read_now(herd)
    monkeypatch.setattr("core.flows.removing.PATIENCE", 0.0)
    stopped = await herd.flows.remove(MAIL, "top")
    assert (stopped.done, stopped.rest) == (0, None)
    assert "do the same again to go on" in stopped.sentence
    monkeypatch.setattr("core.flows.removing.PATIENCE", 60.0)
    done = await herd.flows.remove(MAIL, "top")
    assert (done.done, done.rest) == (1_201, 0)
    assert laid.redis.lrange(b"bull:mail:wait", 0, -1) == [b"bystander"]
    assert not laid.redis.exists(top, top + b":dependencies", b"bull:mail:c7")


async def test_what_a_worker_runs_stays_with_all_above_it_and_is_told(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    mid = laid.put(MAIL, "mid", "waiting-children", top)
    runs, waits, other = (laid.put(MAIL, name, "", above) for name, above in (("r", mid), ("w", mid), ("o", top)))
    laid.waits_for(mid, runs, waits)
    laid.waits_for(top, mid, other)
    laid.redis.lpush(b"bull:mail:active", "r")
    laid.redis.lpush(b"bull:mail:wait", "w", "o")
    laid.redis.set(runs + b":lock", "w")
    await read_now(herd)
    assert (await herd.flows.extent(MAIL, "top")).running == 1
    with pytest.raises(Conflict, match="run by workers now"):
        await herd.flows.remove(MAIL, "top")
    done = await herd.flows.remove(MAIL, "top", rest=True)
    assert (done.done, {left.job_id for left in done.left}) == (2, {"r", "mid"})
    assert laid.redis.smembers(mid + b":dependencies") == {runs}
    assert laid.redis.smembers(top + b":dependencies") == {mid}


async def test_what_is_in_no_known_queue_stays_with_all_above_it(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    laid.waits_for(top, laid.put(MAIL, "kid", "wait", top), b"elsewhere:what:7")
    await read_now(herd)
    done = await herd.flows.remove(MAIL, "top")
    assert (done.done, [left.queue for left in done.left]) == (1, [None])
    assert laid.redis.smembers(top + b":dependencies") == {b"elsewhere:what:7"}


async def test_children_that_are_gone_do_not_hold_their_parent_for_ever(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    laid.waits_for(top, b"bull:mail:vanished")
    await read_now(herd)
    await herd.flows.remove_unprocessed(MAIL, "top")
    assert laid.redis.lrange(b"bull:mail:wait", 0, -1) == [b"top"]


async def test_each_act_is_refused_to_who_may_not_and_written_down(laid: Laid, herd: Herd) -> None:
    top = laid.put(MAIL, "top", "waiting-children")
    laid.waits_for(top, laid.put(MAIL, "c", "failed", top))
    await read_now(herd)
    before = {key: laid.redis.dump(key) for key in laid.redis.keys("*")}
    with asking(Asker("eve", "viewer", frozenset({Permission.VIEW}))):
        for act in (herd.flows.retry_failed, herd.flows.remove_unprocessed, herd.flows.remove):
            with pytest.raises(Forbidden):
                await act(MAIL, "top")
    assert {key: laid.redis.dump(key) for key in laid.redis.keys("*")} == before
    await herd.flows.retry_failed(MAIL, "top")
    told = [(entry.verb, entry.who == "eve") for entry in (await herd.audit.read(Sought(), 20)).entries]
    assert {("retry_failed_leaves", True), ("remove_flow", True), ("retry_failed_leaves", False)} <= set(told)
