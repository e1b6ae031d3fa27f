"""A parent that is held while what is below it is removed is not held for ever, whatever its children do meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import redis as redis_py

from core.flows import walk
from core.flows.walk import Met
from core.ground import Ground
from core.herd import Herd
from core.mutations import flows
from core.mutations.flows import NEVER, Child, Fate
from tests.core.laid_flows import MAIL, Laid, watching
from tests.core.waiting import read_now
from tickbird.demo.server import EmbeddedServer

STUCK, WAIT = b"bull:mail:waiting-children", b"bull:mail:wait"
HOLD = MAIL.base + NEVER


@pytest.fixture
async def herd(server: EmbeddedServer, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Herd]:
    assert redis.dbsize() == 0
    monkeypatch.setattr("core.sight.PATIENCE", 20.0)
    monkeypatch.setattr("core.flows.removing.PATIENCE", 60.0)
    herd = watching(server.url)
    yield herd
    await herd.stop()


def lay(redis: redis_py.Redis, above: str = "") -> tuple[bytes, bytes]:
    """A parent of two that wait and one that is being run, and that one."""
    laid = Laid(redis)
    over = laid.put(MAIL, above, "waiting-children") if above else b""
    top = laid.put(MAIL, "top", "waiting-children", over)
    if over:
        laid.waits_for(over, top)
    runs = laid.put(MAIL, "runs", "", top)
    laid.waits_for(top, runs, laid.put(MAIL, "a", "wait", top), laid.put(MAIL, "b", "wait", top))
    redis.lpush(b"bull:mail:active", "runs")
    redis.set(runs + b":lock", "w")
    return top, runs


def complete(redis: redis_py.Redis, top: bytes, child: bytes) -> None:
    """What BullMQ does as its last child completes, and what it does not while the parent seems to have others."""
    redis.lrem(b"bull:mail:active", 0, child.rpartition(b":")[2].decode())
    redis.delete(child + b":lock")
    redis.zadd(b"bull:mail:completed", {child.rpartition(b":")[2]: 1})
    if redis.srem(top + b":dependencies", child) and not redis.scard(top + b":dependencies"):
        redis.zrem(STUCK, "top")
        redis.lpush(WAIT, "top")


@pytest.mark.parametrize("above", ["", "over"])
@pytest.mark.parametrize(("size", "turn"), [(60, 0), (1, 0), (1, 1), (1, 2)])
async def test_a_child_that_completes_meanwhile_leaves_no_parent_waiting_for_nothing(
    redis: redis_py.Redis, herd: Herd, monkeypatch: pytest.MonkeyPatch, above: str, size: int, turn: int
) -> None:
    top, runs = lay(redis, above)
    await read_now(herd)
    right, turns = flows._removed, iter(range(9))

    async def removed(ground: Ground, children: Sequence[Child]) -> list[Fate]:
        if next(turns) == turn:
            complete(redis, top, runs)
        return await right(ground, children)

    monkeypatch.setattr("core.flows.removing.SLICE", size)
    monkeypatch.setattr(flows, "_removed", removed)
    await herd.flows.remove(MAIL, above or "top", rest=True)
    waiting = redis.smembers(top + b":dependencies")
    assert waiting <= {runs}
    # It is gone with all the others, it runs, or it waits for one that is still being run.
    assert bool(waiting) is (redis.zscore(STUCK, "top") is not None)
    assert redis.lrange(WAIT, 0, -1) == ([b"top"] if redis.exists(top) and not waiting else [])


async def test_a_child_that_completes_between_two_slices_lets_go_a_parent_that_stays(
    redis: redis_py.Redis, herd: Herd, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, runs = lay(redis)
    await read_now(herd)
    right: Any = flows.remove_children

    async def remove_children(*args: Any, **named: Any) -> list[Fate]:
        fates: list[Fate] = await right(*args, **named)
        if any(fate.code == "locked" for fate in fates):
            complete(redis, top, runs)
        return fates

    met: Any = walk.meet

    async def meet(*args: Any) -> list[Met]:
        return sorted(await met(*args), key=lambda each: each.spot.id != b"runs")

    monkeypatch.setattr("core.flows.removing.meet", meet)
    monkeypatch.setattr("core.flows.removing.SLICE", 1)
    monkeypatch.setattr("core.flows.removing.remove_children", remove_children)
    await herd.flows.remove(MAIL, "top", rest=True)
    assert (redis.scard(top + b":dependencies"), redis.zcard(STUCK), redis.lrange(WAIT, 0, -1)) == (0, 0, [b"top"])


@pytest.mark.parametrize("still_runs", [True, False])
async def test_a_hold_that_was_left_behind_ends_with_the_next_removal(
    redis: redis_py.Redis, herd: Herd, still_runs: bool
) -> None:
    top, runs = lay(redis)
    redis.sadd(top + b":dependencies", HOLD)
    if not still_runs:
        complete(redis, top, runs)
    await read_now(herd)
    await herd.flows.remove(MAIL, "top", rest=True)
    assert redis.smembers(top + b":dependencies") == ({runs} if still_runs else set())
    assert bool(redis.exists(top)) is still_runs


async def test_a_hold_that_was_left_behind_ends_when_unprocessed_children_are_removed(
    redis: redis_py.Redis, herd: Herd
) -> None:
    top, runs = lay(redis)
    redis.sadd(top + b":dependencies", HOLD)
    complete(redis, top, runs)
    await read_now(herd)
    await herd.flows.remove_unprocessed(MAIL, "top")
    assert (redis.scard(top + b":dependencies"), redis.lrange(WAIT, 0, -1)) == (0, [b"top"])
