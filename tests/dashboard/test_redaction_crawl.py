"""A secret in every field of a job, of every layout: no page, fragment, export, call, metric, log line or record
has it, and nothing finds it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import unescape
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import pytest
import redis as redis_py

from core.dead_letters.mapping import Mapped
from core.herd import Herd
from core.model import Dialect
from core.redaction.redaction import Rule
from core.redis_settings import RedisSettings
from core.settings import Settings
from dashboard.api.calls import CALLS
from dashboard.app import create_app
from exporter.routes import routes as metrics_routes
from tests.core import layout
from tests.core.waiting import soon
from tests.dashboard.fixed_herd import DANGERS
from tests.dashboard.served import BASE
from tickbird.demo.server import EmbeddedServer

MARK = "m4rk3d"
PAYLOAD = {"password": MARK, "nested": {"apiToken": [MARK, {"deep": MARK}]}, "card": {"number": MARK}, "to": "ada"}
TEXT = f'refused: password={MARK} and {{"apiToken": "{MARK}"}}'
WRAPPED = tuple((within, "card", "number") for within in ("job", "opts"))
RULES = (Rule(keys=("*password*", "*token*")), Rule(paths=(("card", "number"), *WRAPPED)))
PINNED = {f"mail-{dialect.value}": dialect for dialect in Dialect}
# All that differs between layouts is read by the calls of the API; pages show the same values.
READ_ALIKE = (f"mail-{Dialect.MQ4.value}", f"mail-{Dialect.MQ_LIST.value}")
STATES = ("failed", "completed", "delayed", "wait", "active", "waiting-children")
OURS = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


def secretive(state: str, id: str) -> dict[str, Any]:
    """Every field that a library writes, and one of somebody's own, with the secret in it."""
    payload = json.dumps(PAYLOAD)
    return {
        "data": payload,
        "opts": json.dumps({**PAYLOAD, "attempts": 3}),
        "returnvalue": payload,
        "progress": payload,
        "failedReason": TEXT,
        "stacktrace": json.dumps([f"Error: {TEXT}\n    at send (mail.js:1)", f"Error: {TEXT}"]),
        "defa": TEXT,
        "password": MARK,
        "tm": payload,
        "bi": f"batch-{state}",
        "processedOn": layout.now() - 1000,
        "finishedOn": layout.now() - 500,
    }


def laid_out(redis: redis_py.Redis, name: str) -> None:
    base = layout.queue(redis, f"bull:{name}:")
    for state in STATES:
        id = f"{state}-1"
        layout.job(redis, base, id, **secretive(state, id))
        redis.rpush(base + id.encode() + b":logs", TEXT, f'{{"password":"{MARK}"}}')
        if state in ("wait", "active"):
            redis.lpush(base + state.encode(), id)
        else:
            at = layout.now() + (3_600_000 * 4096 if state == "delayed" else 0)
            redis.zadd(base + state.encode(), {id: at})
    redis.set(base + b"de:order-7", "wait-1")
    told: tuple[dict[Any, Any], ...] = (
        {"event": "completed", "jobId": "completed-1", "returnvalue": json.dumps(PAYLOAD), "prev": "active"},
        {"event": "failed", "jobId": "failed-1", "failedReason": TEXT, "prev": "active"},
        {"event": "progress", "jobId": "active-1", "data": json.dumps(PAYLOAD)},
        {"event": "shouted", "jobId": "active-1", "password": MARK, "said": TEXT},
    )
    for event in told:
        redis.xadd(base + b"events", event)
    redis.zadd(base + b"repeat", {"ping": layout.now() + 3_600_000})
    template: dict[Any, Any] = {"data": json.dumps(PAYLOAD), "opts": json.dumps(PAYLOAD)}
    redis.hset(base + b"repeat:ping", mapping={"name": "ping", "every": "3600000", "ic": "1", **template})


@dataclass(slots=True)
class Crawler:
    """Asks for everything there is, and remembers where the secret was."""

    http: httpx2.AsyncClient
    store: str
    found: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    asked: int = 0

    async def ask(self, method: str, path: str, **rest: Any) -> httpx2.Response:
        answer = await self.http.request(method, path, headers=OURS, **rest)
        self.asked += 1
        if MARK in answer.text or MARK in str(answer.headers):
            at = answer.text.find(MARK)
            self.found.append(f"{method} {path} {answer.status_code}: …{answer.text[max(0, at - 200) : at + 40]}")
        return answer

    async def crawl(self, start: str) -> None:
        """Every page and fragment that links lead to."""
        waiting = [start]
        while waiting:
            path = waiting.pop()
            if kind(path) in self.seen or any(name in path for name in READ_ALIKE):
                continue
            self.seen.add(kind(path))
            answer = await self.ask("GET", path)
            if "html" in answer.headers.get("content-type", ""):
                waiting += links(path, answer.text)


def kind(path: str) -> str:
    """One of many links that differ only in what they look for stands for all of them."""
    parts = urlsplit(path)
    asked = dict(parse_qsl(parts.query))
    return (
        f"{parts.path}?{[asked.get(name) for name in ('state', 'format', 'by')]} {urlsplit(asked.get('at', '')).path}"
    )


def links(at: str, page: str) -> list[str]:
    said = re.findall(r'\b(?:href|data-fragments|src)="([^"#]*)', page)
    found = [urlsplit(urljoin(at, unescape(each))) for each in said if not each.startswith(("http", "data:"))]
    kept = [each for each in found if each.path.startswith(BASE) and "/static/" not in each.path]
    return [each.path + (f"?{each.query}" if each.query else "") for each in kept]


@pytest.fixture
async def crawler(
    server: EmbeddedServer, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Crawler]:
    for name in PINNED:
        laid_out(redis, name)
    dead = layout.queue(redis, "bull:mail-dead:")
    letter = {"job": PAYLOAD, "why": {"message": TEXT}, "from": "mail-mq5", "opts": PAYLOAD}
    layout.waiting(redis, dead, "1", data=json.dumps(letter))
    mapped = Mapped(
        "*-dead", job_data=("job",), error=("why", "message"), original_queue=("from",), job_options=("opts",)
    )
    instance = RedisSettings("default", server.url, ("*",), tuple(PINNED.items()))
    settings = Settings(
        redis=(instance,),
        redact=RULES,
        allow=DANGERS,
        dead_letter=("*-dead",),
        dead_letters=(mapped,),
        state_url=urlsplit(server.url)._replace(path="/1").geturl(),
        limits_heavy=0,
        limits_requests=0,
    )
    caplog.set_level(logging.DEBUG)
    herd = Herd(settings, follows=True)
    app = create_app(herd, settings, extra_routes=metrics_routes(herd))
    await herd.start()
    try:
        await soon(lambda: known(herd), seconds=60)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as http:
            yield Crawler(http, settings.state_url)
    finally:
        await herd.stop()


async def known(herd: Herd) -> bool:
    return len(herd.snapshot().queues) > len(PINNED)


def calls(name: str) -> list[str]:
    """Every GET of the API that is about a queue or its jobs."""
    place = {"instance": "default", "prefix": "bull", "name": name, "scheduler_key": "ping"}
    paths = []
    for call in CALLS:
        if call.method == "GET" and "{name}" in call.path and "{deduplication_id}" not in call.path:
            asked: dict[str, tuple[str, ...]] = (
                {"state": ("failed", "active")} if any(p.name == "state" for p in call.parameters) else {}
            )
            asked |= {"follow": ("false",)} if any(p.name == "follow" for p in call.parameters) else {}
            ids = ("failed-1", "active-1") if "{job_id}" in call.path else ("",)
            paths += [
                f"{BASE}/api{call.path.format(**place, job_id=id)}?{urlencode(dict(zip(asked, words, strict=True)))}"
                for id in ids
                for words in product(*asked.values())
            ]
    return paths


ABOUT_ALL = (
    "errors",
    "flows",
    "operations",
    "schedulers",
    "workers",
    "vocabulary",
    "audit",
    "redis",
    "events?follow=false",
)


async def test_the_secret_is_nowhere(crawler: Crawler, redis: redis_py.Redis, caplog: pytest.LogCaptureFixture) -> None:
    await crawler.crawl(BASE)
    for name in PINNED:
        page = f"{BASE}/queues/default/bull/{name}"
        for path in calls(name):
            await crawler.ask("GET", path)
        for state in STATES:
            await crawler.ask("GET", f"{page}/jobs/{state}-1")
        # What is done keeps records: of why jobs had failed, of what was removed, and of a sample of what was meant.
        href = page.replace("/queues/queues", "/queues/api/queues", 1)
        for state in ("failed", "completed"):
            found = await crawler.ask("GET", f"{href}/jobs?state={state}&q={MARK}")
            assert found.json()["jobs"] == [], "it was found by search"
        removed = await crawler.ask("POST", f"{page}/jobs/completed-1/removals", data={"confirmed": "yes"})
        await crawler.ask("GET", removed.headers.get("location", BASE))
        await crawler.ask("POST", f"{href}/jobs/failed-1/retry", json={})
        await crawler.ask("PATCH", f"{href}/jobs/delayed-1", json={"data": {"password": "x"}})
        body = {"action": "remove", "queues": [href], "state": "delayed", "dry_run": True, "reason": "look"}
        seen = await crawler.ask("POST", f"{BASE}/api/operations", json=body)
        if seen.status_code == 200:
            await crawler.ask("GET", f"{BASE}/operations/{seen.json()['id']}")
    for path in (
        "/metrics",
        "/metrics/jobs",
        f"{BASE}/errors",
        f"{BASE}/audit",
        f"{BASE}/operations",
        f"{BASE}/events",
    ):
        await crawler.ask("GET", path)

    assert crawler.found == []
    assert crawler.asked > 100
    ours = [record for record in caplog.records if record.name.startswith("tickbird")]
    assert not [record for record in ours if MARK in record.getMessage()]
    with redis_py.Redis.from_url(crawler.store) as store:
        keys = list(store.scan_iter("tickbird:*"))
        # What was removed is kept as it was, to be put back: by nobody to be looked at.
        assert [key for key in keys if MARK.encode() in written(store, key) and b":undo" not in key] == []
        assert keys


def written(store: redis_py.Redis, key: bytes) -> bytes:
    match store.type(key):
        case b"hash":
            return repr(store.hgetall(key)).encode()
        case b"stream":
            return repr(store.xrange(key)).encode()
        case b"zset":
            return repr(store.zrange(key, 0, -1)).encode()
        case b"list":
            return repr(store.lrange(key, 0, -1)).encode()
        case b"set":
            return repr(store.smembers(key)).encode()
        case _:
            return repr(store.get(key)).encode()
