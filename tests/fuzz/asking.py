"""The whole dashboard over a real herd, asked in the loop of the test, with everything allowed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.applications import Starlette

from core.herd import Herd
from core.model import QueueId, State
from core.redis_settings import RedisSettings
from core.settings import Settings
from dashboard.api.call import Call
from dashboard.api.calls import CALLS
from dashboard.app import create_app
from dashboard.urls import encode_part, job_page, queue_page
from tests.core.waiting import read_now
from tests.dashboard.called import query
from tests.fuzz.account import is_slow
from tests.fuzz.company import PINNED

BASE = "/admin/queues"
FORMS = ("batches", "dead-letters", "deduplication", "schedulers", "new-scheduler", "manage", "add", "add/several")
PAGES = ("", "/errors", "/flows", "/schedulers", "/workers", "/redis", "/search?q=state:*")
HEADERS = {"accept": "text/html", "sec-fetch-site": "same-origin"}
PATIENCE = 60.0
STATES = tuple(state for state in State if state is not State.UNKNOWN)


@dataclass(frozen=True)
class Asking:
    """`herd` reads when it is told to."""

    herd: Herd
    app: Starlette
    _http: httpx2.AsyncClient

    async def look(self) -> None:
        await read_now(self.herd)

    async def ask(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        """The answer; asked again where only this machine was too slow for an answer of Redis."""
        deadline = time.monotonic() + PATIENCE
        while is_slow(answer := await self._http.request(method, path, **sent)):
            assert time.monotonic() < deadline, answer.text
            await self.look()
        return answer


@asynccontextmanager
async def asking(url: str, state_url: str = "") -> AsyncIterator[Asking]:
    """A dashboard over this Redis."""
    redis = RedisSettings("default", url, ("*",), PINNED)
    settings = Settings(redis=(redis,), allow=("edit", "obliterate"), state_url=state_url, dead_letter=("mail*",))
    herd = Herd(settings)
    app = create_app(herd, settings)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=HEADERS) as http:
            yield Asking(herd, app, http)
    finally:
        await herd.stop()


def path_of(call: Call, id: QueueId, job_id: str = "1") -> str:
    """Where a call is, for a queue and a job of it."""
    parts = {"job_id": job_id, "scheduler_key": "hourly", "deduplication_id": "d1"}
    known = {name: encode_part(value) for name, value in parts.items()}
    unknown = dict.fromkeys(("operation_id", "search_id", "view_id", "group", "removal_id"), "nosuch")
    where = {"instance": id.instance, "prefix": encode_part(id.prefix), "name": encode_part(id.name)}
    return f"{BASE}/api" + call.path.format(**where, **known, **unknown)


def reads(id: QueueId, job_ids: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every GET of the API that is about a queue or about what is in all of them, as (path, query)."""
    for call in CALLS:
        if call.method != "GET" or any(f"{{{name}}}" in call.path for name in ("operation_id", "search_id", "group")):
            continue
        listed = any(p.name == "state" and p.required for p in call.parameters)
        for job_id in job_ids if "{job_id}" in call.path else ("",):
            for state in STATES if listed else (None,):
                asked = {**query(call), **({"state": state.value} if state else {})}
                yield path_of(call, id, job_id), asked


def pages(id: QueueId, job_ids: tuple[str, ...]) -> Iterator[str]:
    """Every page that is about a queue, or about what is in all of them."""
    of_queue = queue_page(BASE, id)
    yield from (f"{of_queue}?state={state}" for state in State)
    yield from (f"{of_queue}/{form}" for form in FORMS)
    yield from (BASE + page for page in PAGES)
    for job_id in job_ids:
        yield from (job_page(BASE, id, job_id) + form for form in ("", "/data", "/change", "/flow"))
