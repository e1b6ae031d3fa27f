"""Several Tickbirds on one Redis and one store, each with operations of its own; one can be killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from core.errors import NotFound
from core.ground import Ground
from core.model import Dialect, State
from core.operations import keeping, ledger
from core.operations.operation import Operation, Status
from core.operations.registry import Operations
from core.operations.request import Action, Request
from core.store.remote import RedisStore
from tests.contract.laid_out import LaidOut, Layout
from tests.core.waiting import soon
from tickbird.demo.server import EmbeddedServer

LAYOUTS = pytest.mark.parametrize("layout", [Layout(Dialect.MQ5, "6.7.0"), Layout(Dialect.BULL)], ids=str)
JOBS = 3000
Another = Callable[[], Awaitable["Tickbird"]]


class Tickbird:
    """The operations of one process. `die` ends it as `kill -9` does: nothing is written any more."""

    def __init__(self, mail: LaidOut, url: str) -> None:
        ground = Ground({"default": mail.instance}, lambda _id: mail.queue, lambda _id: None)
        self.mail, self.store = mail, RedisStore(url)
        self.operations = Operations(ground, lambda: [mail.queue.id], self.store)
        self.operations.begin()

    def request(self, action: Action, state: State | None = None) -> Request:
        return Request(action, (self.mail.queue.id,), state, reason="a test", by="operator")

    async def start(self, action: Action, state: State | None = None) -> str:
        return (await self.operations.start(self.request(action, state))).id

    async def seen(self, id: str, *statuses: Status) -> Operation:
        """As soon as this process sees it in one of these."""

        async def so() -> Operation | None:
            try:
                found = self.operations.get(id)
            except NotFound:
                return None
            return found if found.status in statuses else None

        found = await soon(so)
        assert found
        return found

    async def under_way(self, id: str, jobs: int = 1) -> Operation:
        async def so() -> Operation | None:
            found = self.operations.get(id)
            return found if found.done >= jobs else None

        found = await soon(so)
        assert found
        return found

    async def die(self) -> None:
        await kill(self.operations)
        await self.store.close()


async def kill(operations: Operations) -> None:
    """End its tasks wherever they are, without a word to the store."""
    keeps = operations._keeping
    tasks = [keeps._task, *keeps._asking, *(run.task for run in keeps.runs.values())]
    for task in tasks:
        if task is not None:
            task.cancel()
    await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over in seconds must not take them in each of these tests."""
    monkeypatch.setattr(keeping, "TICK", 0.02)
    monkeypatch.setattr(ledger, "LEASE", 1000)


@asynccontextmanager
async def running(mail: LaidOut, url: str) -> AsyncIterator[Tickbird]:
    tickbird = Tickbird(mail, url)
    try:
        yield tickbird
    finally:
        await tickbird.operations.stop()
        await tickbird.store.close()


@pytest.fixture
def state_url(server: EmbeddedServer) -> str:
    return server.url.removesuffix("0") + "1"


@pytest.fixture
async def another(mail: LaidOut, state_url: str) -> AsyncIterator[Another]:
    """One more Tickbird on the same Redis and the same store."""
    async with AsyncExitStack() as stack:

        async def start() -> Tickbird:
            return await stack.enter_async_context(running(mail, state_url))

        yield start


def fail_many(mail: LaidOut, jobs: int = JOBS) -> None:
    pipe = mail.redis.pipeline(transaction=False)
    for n in range(jobs):
        pipe.hset(f"{mail.base}f{n}", mapping={"name": "deliver", "failedReason": "no"})
    pipe.zadd(mail.base + "failed", {f"f{n}": 1000 + n // 3 for n in range(jobs)})
    pipe.execute()
