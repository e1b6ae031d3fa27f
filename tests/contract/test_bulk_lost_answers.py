"""Bulk work whose answers get lost: the script ran or did not run, nobody knows; still each job is done once."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import Unavailable
from core.instance import Instance
from core.model import Dialect, State
from core.operations import course
from core.operations.operation import Operation, Status
from core.operations.pace import Pace
from core.operations.request import Action
from core.redis_settings import RedisSettings
from tests.contract.bulk import Bulk
from tests.contract.laid_out import LaidOut, Layout
from tests.contract.queried import asked
from tests.core.layout import now
from tickbird.demo.server import EmbeddedServer

pytestmark = [
    pytest.mark.parametrize("layout", [Layout(Dialect.MQ5, "6.7.0"), Layout(Dialect.BULL)], ids=str),
    pytest.mark.parametrize("ran", [True, False], ids=["after it ran", "before it ran"]),
]
JOBS = 900


class Forgetful(Instance):
    """Every third verb's answer is lost; `ran` says whether Redis ran it. Scripts that read are asked again by whoever
    asked, and take as many rounds as they need: losing each third of those might never end."""

    ran = True
    scripts = 0

    async def script(self, *asked: Any) -> Any:
        if asked[0].name.startswith("search/"):
            return await super().script(*asked)
        self.scripts += 1
        lost = self.scripts % 3 == 0
        if lost and not self.ran:
            raise Unavailable("The connection broke before it was sent.")
        answer = await super().script(*asked)
        if lost:
            raise Unavailable("The connection broke before it was answered.")
        return answer


@pytest.fixture
async def instance(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[Instance]:
    monkeypatch.setattr(course, "AWAY", 0.01)
    opened = Forgetful(RedisSettings("default", server.url, ("*",)))
    opened.ran = request.getfixturevalue("ran")
    yield opened
    await opened.close()


async def test_each_failed_job_is_retried_once(mail: LaidOut, layout: Layout, *, ran: bool) -> None:
    for n in range(JOBS):
        mail.add(f"f{n}", State.FAILED, score=1000 + n // 50)
    for n in range(0, JOBS, 90):
        mail.redis.set(f"{mail.base}f{n}:lock", "token")
    operation = await Bulk(mail).done(Action.RETRY)

    assert operation.status is Status.DONE
    assert (operation.done, operation.skipped) == (JOBS - 10, {"locked": 10})
    assert (operation.unconfirmed > 0) is ran
    assert sorted(mail.line("wait")) == sorted(f"f{n}" for n in range(JOBS) if n % 90)


async def test_each_job_that_fits_is_retried_once(
    mail: LaidOut, layout: Layout, monkeypatch: pytest.MonkeyPatch, *, ran: bool
) -> None:
    monkeypatch.setattr(Pace, "size", property(lambda _: 30, lambda _, __: None))
    for n in range(JOBS):
        mail.add(f"f{n:03}", State.FAILED, score=1000 + n // 50, attemptsMade=n % 5)
    operation = await found(mail, Action.RETRY, "attempts:<2", State.FAILED)

    assert (operation.done, operation.skipped) == (2 * JOBS // 5, {})
    assert (operation.unconfirmed > 0) is ran
    assert mail.line("wait") == [f"f{n:03}" for n in range(JOBS) if n % 5 < 2]


async def test_each_waiting_job_that_fits_is_removed_once(
    mail: LaidOut, layout: Layout, monkeypatch: pytest.MonkeyPatch, *, ran: bool
) -> None:
    draw = random.Random(int(ran))
    monkeypatch.setattr(Pace, "size", property(lambda _: draw.choice([1, 7, 40]), lambda _, __: None))
    for n in range(JOBS):
        mail.add(f"w{n}", State.WAITING, name="send" if n % 3 else "drop", timestamp=now() - 1000)
    operation = await found(mail, Action.REMOVE, "name:drop", State.WAITING)

    assert (operation.done, operation.skipped) == (JOBS // 3, {})
    assert mail.line("wait") == [f"w{n}" for n in range(JOBS) if n % 3]


async def found(mail: LaidOut, action: Action, query: str, state: State) -> Operation:
    bulk = Bulk(mail)
    started = await bulk.operations.start(asked(mail, action, query, state))
    operation = await bulk.operations.wait(started.id)
    assert operation.status is Status.DONE
    return operation


async def test_each_waiting_job_is_drained_and_none_passed_by(mail: LaidOut, layout: Layout, *, ran: bool) -> None:
    operation = await drained(mail)
    assert (operation.unconfirmed > 0) is ran


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_size_each_slice_has(
    mail: LaidOut, layout: Layout, monkeypatch: pytest.MonkeyPatch, seed: int, *, ran: bool
) -> None:
    """Even where the next was read ahead at another than the one then asked for."""
    draw = random.Random(seed)
    sizes = property(lambda _: draw.choice([1, 3, 10, 50, 100, 250]), lambda _, __: None)
    monkeypatch.setattr(Pace, "size", sizes)
    await drained(mail)


async def drained(mail: LaidOut) -> Operation:
    """All but the iterations of schedulers that stand among them."""
    due = now() + 60_000
    kept = [f"repeat:every{n}:{due + n}" for n in range(10)]
    for n in range(JOBS):
        mail.add(f"w{n}", State.WAITING, timestamp=now() - 1000)
        if n % 90 == 0:
            mail.redis.zadd(mail.base + "repeat", {f"every{n // 90}": due + n // 90})
            mail.add(kept[n // 90], State.WAITING, rjk=f"every{n // 90}")
    operation = await Bulk(mail).done(Action.DRAIN)

    assert (operation.done, operation.skipped) == (JOBS, {"scheduler": 10})
    assert mail.line("wait") == kept
    return operation


async def test_an_obliterated_queue_leaves_nothing_and_each_job_is_counted(
    mail: LaidOut, layout: Layout, *, ran: bool
) -> None:
    for n in range(JOBS):
        mail.add(f"w{n}", State.WAITING if n % 2 else State.FAILED, score=n, data="{}")
    operation = await Bulk(mail).done(Action.OBLITERATE)

    assert (operation.status, operation.done, operation.skipped) == (Status.DONE, JOBS, {})
    assert (operation.unconfirmed > 0) is ran
    assert mail.keys() == set()
