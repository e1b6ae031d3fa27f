"""Bulk work that outlives the process that began it: killed or stopped, it goes on where it was."""

from __future__ import annotations

import asyncio

import pytest
import redis as redis_py

from core.errors import Conflict
from core.ground import Ground
from core.model import State
from core.operations.operation import Status
from core.operations.registry import Operations
from core.operations.request import Action, Request
from core.operations.run import INTERRUPTED
from core.store.memory import MemoryStore
from tests.contract.laid_out import LaidOut, Layout
from tests.contract.tickbirds import JOBS, LAYOUTS, Another, another, fail_many, quick, running, state_url
from tests.core.layout import now
from tests.core.waiting import soon

__all__ = ["another", "quick", "state_url"]
pytestmark = [LAYOUTS, pytest.mark.usefixtures("quick")]


async def test_after_a_crash_it_is_paused_and_goes_on_where_it_was(
    mail: LaidOut, another: Another, layout: Layout
) -> None:
    fail_many(mail)
    for n in range(0, JOBS, 100):
        mail.redis.set(f"{mail.base}f{n}:lock", "token")
    first = await another()
    id = await first.start(Action.RETRY)
    await first.under_way(id, 700)
    await first.die()
    mail.add("later", State.FAILED, score=now())

    second = await another()
    found = await second.seen(id, Status.PAUSED)
    assert (found.trouble, found.request.by, found.total) == (INTERRUPTED, "operator", JOBS)
    assert 0 < found.done < JOBS  # what was recorded before the last slice

    second.operations.resume(id)
    await second.seen(id, Status.DONE)
    done = await second.operations.wait(id)
    assert (done.done, done.skipped) == (JOBS - 30, {"locked": 30})
    assert len(done.examples) == 5
    assert sorted(mail.line("wait")) == sorted(f"f{n}" for n in range(JOBS) if n % 100)
    assert len(mail.redis.zrange(mail.base + "failed", 0, -1)) == 31


@pytest.mark.parametrize("ran", [True, False], ids=["after it ran", "before it ran"])
async def test_a_slice_on_its_way_at_the_crash_is_done_once_and_counted(
    mail: LaidOut, another: Another, monkeypatch: pytest.MonkeyPatch, layout: Layout, *, ran: bool
) -> None:
    fail_many(mail)
    scripts, sound = 0, mail.instance.script

    async def dying(*asked: object) -> object:
        nonlocal scripts
        scripts += 1
        if scripts == 4 and not ran:
            await asyncio.Event().wait()
        answer = await sound(*asked)  # type: ignore[arg-type] # it is passed on as it came
        if scripts == 4:
            await asyncio.Event().wait()
        return answer

    monkeypatch.setattr(mail.instance, "script", dying)
    first = await another()
    id = await first.start(Action.RETRY)

    async def stuck() -> bool:
        return scripts == 4

    await soon(stuck)
    await first.die()
    monkeypatch.setattr(mail.instance, "script", sound)
    second = await another()
    await second.seen(id, Status.PAUSED)
    second.operations.resume(id)
    await second.seen(id, Status.DONE)
    done = second.operations.get(id)

    assert (done.done, done.skipped) == (JOBS, {})
    assert (done.unconfirmed > 0) is ran
    assert sorted(mail.line("wait")) == sorted(f"f{n}" for n in range(JOBS))


async def test_a_drain_goes_on_behind_what_it_passed_over(mail: LaidOut, another: Another, layout: Layout) -> None:
    due = now() + 60_000
    kept = [f"repeat:every{n}:{due + n}" for n in range(12)]
    for n in range(1200):
        mail.add(f"w{n}", State.WAITING, timestamp=now() - 1000)
        if n % 100 == 0:
            mail.redis.zadd(mail.base + "repeat", {f"every{n // 100}": due + n // 100})
            mail.add(kept[n // 100], State.WAITING, rjk=f"every{n // 100}")
    first = await another()
    id = await first.start(Action.DRAIN)
    await first.under_way(id, 300)
    await first.die()
    later = [mail.add(f"later{n}", State.WAITING, timestamp=now() + 1000) for n in range(5)]

    second = await another()
    await second.seen(id, Status.PAUSED)
    second.operations.resume(id)
    await second.seen(id, Status.DONE)
    done = second.operations.get(id)
    assert (done.done, done.skipped) == (1200, {"scheduler": 12})
    assert sorted(mail.line("wait")) == sorted([*kept, *later])


async def test_stopping_parks_what_runs(mail: LaidOut, state_url: str, another: Another, layout: Layout) -> None:
    fail_many(mail)
    async with running(mail, state_url) as first:
        id = await first.start(Action.RETRY)
        await first.under_way(id)
    parked = first.operations.get(id)
    assert (parked.status, parked.trouble) == (Status.PAUSED, INTERRUPTED)

    second = await another()
    assert (await second.seen(id, Status.PAUSED)).done == parked.done
    second.operations.resume(id)
    done = await second.seen(id, Status.DONE)
    assert (done.done, done.unconfirmed, done.skipped) == (JOBS, 0, {})


async def test_a_crashed_one_can_be_cancelled(mail: LaidOut, another: Another, layout: Layout) -> None:
    fail_many(mail)
    first = await another()
    id = await first.start(Action.RETRY)
    await first.under_way(id)
    await first.die()

    second = await another()
    await second.seen(id, Status.PAUSED)
    second.operations.cancel(id)
    await second.seen(id, Status.CANCELLED)
    third = await another()
    assert (await third.seen(id, Status.CANCELLED)).finished


async def test_it_does_not_go_on_in_another_redis_of_the_same_name(
    mail: LaidOut, another: Another, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_many(mail)
    first = await another()
    id = await first.start(Action.RETRY)
    await first.under_way(id)
    await first.die()
    monkeypatch.setattr(mail.instance, "address", "redis://elsewhere:6379/0")

    second = await another()
    await second.seen(id, Status.PAUSED)
    with pytest.raises(Conflict, match="previewed on"):
        second.operations.resume(id)


async def test_in_memory_it_ends_with_its_process(mail: LaidOut, redis: redis_py.Redis, layout: Layout) -> None:
    fail_many(mail)
    ground = Ground({"default": mail.instance}, lambda _id: mail.queue, lambda _id: None)
    operations = Operations(ground, lambda: [mail.queue.id], MemoryStore())
    started = await operations.start(Request(Action.RETRY, (mail.queue.id,)))
    await operations.stop()
    assert operations.get(started.id).status is Status.CANCELLED
