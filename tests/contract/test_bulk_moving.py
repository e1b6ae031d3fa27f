"""Many jobs move to another queue: each once, those that may not stay, and what was cut off is finished."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import redis as redis_py

from core.access.asker import Asker, asking
from core.errors import Forbidden, Invalid
from core.ground import Ground
from core.instance import Instance
from core.model import Dialect, QueueId, State
from core.operations.operation import Operation, Status
from core.operations.registry import Operations
from core.operations.request import Action, Options, Request
from core.permission import Permission
from core.store.contract import Store
from core.store.remote import RedisStore
from tests.contract.acting import MADE, made
from tests.contract.laid_out import LaidOut, Layout
from tests.contract.tickbirds import LAYOUTS, Tickbird, kill, quick, state_url
from tests.core.waiting import soon

__all__ = ["quick", "state_url"]
pytestmark = LAYOUTS
JOBS = 130


@pytest.fixture
def post(redis: redis_py.Redis, instance: Instance) -> LaidOut:
    return LaidOut(redis, instance, Layout(Dialect.MQ5, "6.7.0"), prefix="{other}", name="post")


def bulk(*queues: LaidOut, store: Store | None = None) -> Operations:
    found = {queue.queue.id: queue.queue for queue in queues}
    ground = Ground({"default": queues[0].instance}, found.__getitem__, lambda _id: None)
    return Operations(ground, lambda: list(found), store)


def asked(
    post: LaidOut, *sources: LaidOut, state: State = State.WAITING, query: str = "", limit: int | None = None
) -> Request:
    queues = tuple(source.queue.id for source in sources)
    return Request(Action.MOVE, queues, state, Options(to=post.queue.id, limit=limit), query=query)


async def moved(post: LaidOut, *sources: LaidOut, **said: Any) -> Operation:
    operations = bulk(*sources, post)
    request = asked(post, *sources, **said)
    started = await operations.start(request)
    return await operations.wait(started.id)


def arrived(post: LaidOut) -> list[int]:
    """What the data of those that are there say, in order."""
    return sorted(json.loads(post.redis.hget(f"{post.base}{id}", "data"))["n"] for id in post.line("wait"))


def laid(mail: LaidOut, jobs: int = JOBS, state: State = State.WAITING, first: int = 0) -> None:
    for n in range(first, first + jobs):
        made(mail, f"j{n}", state, data=json.dumps({"n": n}))


async def test_all_of_a_state_of_several_queues_arrive_once(mail: LaidOut, post: LaidOut, layout: Layout) -> None:
    other = LaidOut(mail.redis, mail.instance, layout, name="other")
    laid(mail)
    laid(other, first=JOBS)
    laid(mail, 3, State.FAILED, first=1000)
    operation = await moved(post, mail, other)
    assert (operation.status, operation.done, operation.skipped) == (Status.DONE, 2 * JOBS, {})
    assert arrived(post) == list(range(2 * JOBS))
    assert (mail.line("wait"), other.line("wait")) == ([], [])
    assert mail.redis.zcard(f"{mail.base}failed") == 3


async def test_with_a_query_and_a_limit_only_those_that_fit_leave(mail: LaidOut, post: LaidOut, layout: Layout) -> None:
    laid(mail, 40, State.FAILED)
    operation = await moved(post, mail, state=State.FAILED, query="data.n:>9", limit=20)
    assert (operation.status, operation.done) == (Status.DONE, 20)
    assert len(arrived(post)) == 20
    assert min(arrived(post)) > 9
    assert mail.redis.zcard(f"{mail.base}failed") == 20


async def test_those_that_may_not_are_told_with_their_reason_and_stay(
    mail: LaidOut, post: LaidOut, layout: Layout
) -> None:
    laid(mail, 20)
    mail.redis.set(f"{mail.base}j3:lock", "somebody")
    made(mail, "child", State.WAITING, parent='{"id":"1","queueKey":"bull:q"}', parentKey="bull:q:1")
    made(mail, "holder", State.WAITING, deid="order")
    mail.redis.set(f"{mail.base}de:order", "holder")
    made(mail, f"repeat:nightly:{MADE}", State.WAITING, rjk="nightly", opts='{"repeat":{"key":"nightly"}}')
    mail.redis.zadd(f"{mail.base}repeat", {"nightly": MADE})
    made(mail, "odd", State.WAITING, opts='{"attempts":"many"}')
    laid(mail, 70, first=20)
    operation = await moved(post, mail)
    assert (operation.done, operation.skipped) == (
        89,
        {"locked": 1, "related": 1, "claimed": 1, "scheduler": 1, "invalid": 1},
    )
    assert arrived(post) == [n for n in range(90) if n != 3]
    assert sorted(mail.line("wait")) == sorted(["j3", "child", "holder", f"repeat:nightly:{MADE}", "odd"])


@pytest.mark.parametrize("state", [State.WAITING, State.FAILED])
async def test_ids_without_a_job_stay_and_hold_up_no_other(
    mail: LaidOut, post: LaidOut, layout: Layout, state: State
) -> None:
    for n in range(4):
        mail.ghost(f"ghost{n}", state, score=n)
        laid(mail, 40, state, first=40 * n)
    mail.add("nameless", state, score=MADE * 4096, data="{}")
    operation = await moved(post, mail, state=state)
    assert (operation.done, operation.skipped) == (160, {"ghost": 5})
    assert arrived(post) == list(range(160))


async def test_it_leads_to_another_queue_and_takes_both_permissions(
    mail: LaidOut, post: LaidOut, layout: Layout
) -> None:
    laid(mail, 1)
    away = LaidOut(mail.redis, mail.instance, layout)
    away.queue = replace(away.queue, id=QueueId("elsewhere", "bull", "mail"))
    operations = bulk(mail, post, away)
    for to in (mail.queue.id, away.queue.id, None):
        with pytest.raises(Invalid):
            await operations.preview(Request(Action.MOVE, (mail.queue.id,), State.WAITING, Options(to=to)))
    for may in (Permission.ADD, Permission.REMOVE):
        with asking(Asker("ada", "half", frozenset({Permission.VIEW, may}))), pytest.raises(Forbidden):
            await operations.preview(asked(post, mail))
    seen = await operations.preview(asked(mail, mail, post))
    assert [bool(target.refusal) for target in seen.targets] == [True, False]


class Mover(Tickbird):
    """One that knows both queues."""

    def __init__(self, mail: LaidOut, post: LaidOut, url: str) -> None:
        self.mail, self.store = mail, RedisStore(url)
        self.operations = bulk(mail, post, store=self.store)
        self.operations.begin()


@asynccontextmanager
async def running(mail: LaidOut, post: LaidOut, url: str) -> AsyncIterator[Mover]:
    mover = Mover(mail, post, url)
    try:
        yield mover
    finally:
        await mover.operations.stop()
        await mover.store.close()


def dying(sound: Callable[..., Any], verb: str, *, after: bool) -> tuple[Callable[..., Any], list[str]]:
    """Scripts that never answer any more from the 70th of that verb on; it ran before that or not."""
    called: list[str] = []

    async def script(script: Any, keys: Any, arguments: Any) -> Any:
        called.extend([verb] if script.name.endswith(f"/{verb}") else [])
        if len(called) >= 70:
            if after and len(called) == 70 and script.name.endswith(f"/{verb}"):
                await sound(script, keys, arguments)
            await asyncio.Event().wait()
        return await sound(script, keys, arguments)

    return script, called


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("verb", ["set_aside", "receive", "let_go"])
async def test_killed_anywhere_and_resumed_every_job_arrives_once(
    mail: LaidOut,
    post: LaidOut,
    state_url: str,
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    after: bool,
) -> None:
    laid(mail)
    mail.redis.set(f"{mail.base}j5:lock", "somebody")
    sound = mail.instance.script
    script, called = dying(sound, verb, after=after)
    monkeypatch.setattr(mail.instance, "script", script)
    first = Mover(mail, post, state_url)
    id = (await first.operations.start(asked(post, mail))).id

    async def stuck() -> bool:
        return len(called) >= 70

    await soon(stuck)
    await kill(first.operations)
    await first.store.close()
    monkeypatch.setattr(mail.instance, "script", sound)
    # A worker ran some of what has come meanwhile, and nothing is left of it.
    ran = post.line("wait")[:5]
    gone = [json.loads(post.redis.hget(f"{post.base}{job}", "data"))["n"] for job in ran]
    for job in ran:
        post.redis.lrem(f"{post.base}wait", 0, job)
        post.redis.delete(f"{post.base}{job}")
    async with running(mail, post, state_url) as second:
        await second.seen(id, Status.PAUSED)
        second.operations.resume(id)
        done = await second.seen(id, Status.DONE)
    assert (done.done, done.skipped) == (JOBS - 1, {"locked": 1})
    assert sorted([*arrived(post), *gone]) == [n for n in range(JOBS) if n != 5]
    assert mail.line("wait") == ["j5"]
    assert not mail.redis.exists(f"{mail.base}tickbird:moving")
