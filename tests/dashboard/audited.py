"""A small company in a real Redis, as the calls of `called.py` expect it, behind the whole dashboard."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import redis as redis_py
from starlette.applications import Starlette

from core.access.accounts import Grant, User
from core.access.asker import Asker, asking
from core.access.directory import Directory
from core.herd import Herd
from core.model import QueueId, State
from core.operations.operation import Status
from core.operations.request import Action, Request
from core.redis_settings import RedisSettings
from core.settings import Settings
from dashboard.app import create_app
from tests.core import layout
from tests.core.waiting import read_now, soon
from tests.dashboard.fixed_herd import DANGERS
from tests.dashboard.served import BASE, cheap_hash

MAIL = QueueId("default", "bull", "mail")
USERS = ("viewer", "operator", "admin")
OURS = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}


@dataclass(slots=True)
class Company:
    """A dashboard over it; `lines` are those of the audit log, as the process' own log has them."""

    herd: Herd
    http: httpx2.AsyncClient
    app: Starlette
    logged: pytest.LogCaptureFixture

    async def ask(self, who: str, method: str, path: str, **rest: Any) -> httpx2.Response:
        """What somebody of that name gets."""
        headers = {**OURS, **rest.pop("headers", {})}
        return await self.http.request(method, path, auth=(who, "secret"), headers=headers, **rest)

    def lines(self) -> list[dict[str, Any]]:
        """Every line that was written, in order."""
        records = [record for record in self.logged.records if record.name == "tickbird.audit"]
        return [json.loads(record.getMessage()) for record in records if record.levelno == logging.INFO]

    def endings(self) -> list[str]:
        """How each act went, line by line: `begun done`."""
        acts: dict[str, list[str]] = {}
        for line in self.lines():
            acts.setdefault(line["id"], []).append(line["ended"])
        return [" ".join(said) for said in acts.values()]

    def forget(self) -> None:
        self.logged.clear()

    async def operation(self) -> tuple[str, str]:
        """One that the admin has previewed, and what that was signed with."""
        with asking(self.admin):
            seen = await self.herd.operations.preview(Request(Action.RETRY, (MAIL,), State.FAILED, by="admin"))
        return seen.id, seen.scope

    async def removal(self) -> str:
        """A job was removed, and can be put back under this id."""
        with asking(self.admin):
            id = await self.herd.undo.before(MAIL, ["5"])
            await self.herd.mutations.remove(MAIL, "5")
        return id

    async def group(self) -> str:
        """The key of a group of failures."""

        async def found() -> list[Any]:
            groups: list[Any] = (await self.ask("admin", "GET", f"{BASE}/api/errors?standing=all")).json()["groups"]
            return groups

        return str((await soon(found, seconds=60))[0]["key"])

    async def over(self) -> None:
        """Until no operation runs any more, and all that is told of them has been told."""

        async def idle() -> bool:
            return not any(one.status is Status.RUNNING for one in self.herd.operations.list())

        await soon(idle, seconds=60)
        for _ in range(5):
            await asyncio.sleep(0)

    @property
    def admin(self) -> Asker:
        user = Directory(self.herd.settings).user("admin")
        assert user is not None
        return user


def laid_out(redis: redis_py.Redis) -> None:
    """Two queues, with a job in each state that matters."""
    redis.flushall()
    layout.queue(redis, "bull:video:")
    base = layout.queue(redis)
    layout.waiting(redis, base, "1", data='{"to":"a@b"}')
    redis.lpush(base + b"active", layout.job(redis, base, "2", processedOn=layout.now() - 500))
    why: dict[str, Any] = {
        "failedReason": "ECONNRESET",
        "stacktrace": '["Error: ECONNRESET\\n    at send (mail.js:1)"]',
    }
    layout.failed(redis, base, "3", name="send", **why)
    at = layout.now() + 3_600_000
    redis.zadd(base + b"delayed", {layout.job(redis, base, "4", delay=3_600_000): at * 4096})
    for id in ("5", "6"):
        redis.zadd(base + b"completed", {layout.job(redis, base, id, returnvalue="1"): layout.now()})
    redis.set(base + b"id", 9)
    redis.set(base + b"de:d", "1")
    redis.zadd(base + b"repeat", {"ping": at})
    redis.hset(base + b"repeat:ping", mapping={"name": "ping", "every": "3600000", "ic": "1", "data": "{}"})


@asynccontextmanager
async def company(
    url: str, redis: redis_py.Redis, logged: pytest.LogCaptureFixture, **rest: Any
) -> AsyncIterator[Company]:
    """The dashboard over such a company, read once; `rest` are further settings."""
    laid_out(redis)
    users = (
        *(User(name, Grant(name), cheap_hash("secret")) for name in USERS),
        User("other admin", Grant("admin"), cheap_hash("secret")),
        User("admin of video", Grant("admin", queues=("video",)), cheap_hash("secret")),
    )
    said: dict[str, Any] = {"users": users, "allow": DANGERS, **rest}
    settings = Settings(redis=(RedisSettings("default", url, ("*",)),), **said)
    herd = Herd(settings)
    app = create_app(herd, settings)
    logged.set_level(logging.INFO, "tickbird.audit")
    try:
        await read_now(herd)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as http:
            yield Company(herd, http, app, logged)
    finally:
        await herd.stop()
