"""One Redis that is dead, silent or slow costs the pages, scrapes, searches and actions of the others nothing."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import redis as redis_py
import uvicorn

from core.instance import Instance
from core.redis_settings import RedisSettings
from core.settings import Settings
from tests.system.company import Company
from tests.system.conftest import Server
from tests.system.lane import Lane, lane
from tickbird.demo.server import EmbeddedServer
from tickbird.serve import application

DEADLINE = 60.0
WELL, ILL = "queues/well/bull/mail", "queues/ill/bull/mail"
# What asks nothing of Redis, or only of the one that is well.
APART = ("", f"/{WELL}", f"/{WELL}?state=failed", f"/{WELL}/jobs/7", "/operations", "/views", "/events", "/api/queues")
ASKED_OF_WELL = (f"/api/{WELL}", f"/api/{WELL}/jobs?state=failed", f"/api/{WELL}/jobs/7", f"/api/{WELL}/workers")
# What asks all of them, each for as long as a page has.
TOGETHER = ("/errors", "/workers", "/schedulers", "/flows", "/redis", "/search?q=state:failed", "/api/errors")


@dataclass
class Two:
    """A Tickbird over two instances with the same queues: `well`, and `ill` at the end of a lane."""

    port: int
    way: Lane

    def get(self, path: str) -> tuple[int, str]:
        return self._asked(urllib.request.Request(self._url(path), headers={"Accept": "text/html"}))

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
        return self._asked(urllib.request.Request(self._url(path), json.dumps(body).encode(), headers, method="POST"))

    def _url(self, path: str) -> str:
        return f"http://localhost:{self.port}" + (path if path.startswith("/metrics") else f"/admin/queues{path}")

    def _asked(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def instance(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            i for i in json.loads(self.get("/api/queues")[1])["instances"] if i["name"] == name
        )
        return found

    def snapshot(self) -> int:
        return int(json.loads(self.get("/api/queues")[1])["snapshot"])

    def queues(self) -> int:
        return len(json.loads(self.get("/api/queues")[1])["queues"])


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, f"it did not become true within {DEADLINE} seconds"
        time.sleep(0.05)


@contextmanager
def watching(server: EmbeddedServer) -> Iterator[Two]:
    with lane(server.port) as way:
        ill = RedisSettings("ill", f"redis://127.0.0.1:{way.port}/0", ("bull",))
        settings = Settings(redis=(RedisSettings("well", server.url, ("bull",)), ill))
        app = application(settings)
        running = Server(app, uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=5))
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        until(lambda: running.started)
        try:
            two = Two(running.servers[0].sockets[0].getsockname()[1], way)
            until(lambda: two.queues() == 2)
            yield two
        finally:
            way.silent, way.delay = False, 0.0
            running.should_exit = True
            thread.join(DEADLINE)
            assert not thread.is_alive(), "it did not stop"


@pytest.fixture
def filled(redis: redis_py.Redis) -> Company:
    company = Company(redis)
    company.queue("mail")
    for number in range(5, 9):
        company.failed("mail", str(number))
    return company


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody ever gives up the one that is ill: whoever waits for it, waits for ever."""
    in_time = Instance._in_time

    async def for_ever(self: Instance, exchange: Coroutine[Any, Any, Any], limit: float) -> Any:
        return await in_time(self, exchange, 100_000.0 if self.name == "ill" else limit)

    monkeypatch.setattr(Instance, "_in_time", for_ever)


def test_nothing_that_concerns_one_redis_waits_for_another_that_is_silent(
    server: EmbeddedServer, filled: Company, patient: None
) -> None:
    with watching(server) as two:
        two.way.silent = True
        # So many wait for it that any crowd they shared with the others would be full.
        waiting = [
            threading.Thread(target=two.get, args=(f"/api/{ILL}/jobs?state=failed&limit={n}",)) for n in range(1, 20)
        ]
        for each in waiting:
            each.start()
        for path in (*APART, *ASKED_OF_WELL, "/metrics", "/metrics/jobs"):
            assert two.get(path)[0] == 200, path
        search = json.loads(
            two.post("/api/searches", {"q": "state:failed", "queues": [f"/admin/queues/api/{WELL}"]})[1]
        )
        until(lambda: json.loads(two.get(f"/api/searches/{search['id']}")[1])["status"] == "done")
        wish = {
            "action": "retry",
            "state": "failed",
            "queues": [f"/admin/queues/api/{WELL}"],
            "reason": "they were down",
        }
        status, told = two.post("/api/operations", wish)
        assert status in (200, 201, 202), told
        href = json.loads(told)["href"].removeprefix("/admin/queues")
        until(lambda: json.loads(two.get(href)[1])["status"] == "done")
        # Only readings of the one that is well can come.
        seen = two.snapshot()
        until(lambda: two.snapshot() > seen)
        two.way.silent = False
        for each in waiting:
            each.join(DEADLINE)


@pytest.mark.parametrize("fault", ["silent", "slow", "gone"])
def test_the_overview_shows_both_and_pages_of_all_show_what_is_well(
    server: EmbeddedServer, filled: Company, fault: str
) -> None:
    with watching(server) as two:
        two.way.silent = fault == "silent"
        two.way.delay = 5.0 if fault == "slow" else 0.0
        if fault == "gone":
            two.way.end()
        until(lambda: two.instance("ill")["down_since"] is not None)
        status, page = two.get("")
        assert status == 200
        assert "Redis ill " in page
        assert 'class="stale"' in page
        assert f'href="/admin/queues/{WELL}"' in page
        for path in TOGETHER:
            assert two.get(path)[0] == 200, path
        assert "mail" in two.get("/search?q=state:failed")[1]
        assert two.get(f"/{WELL}?state=failed")[0] == 200
        scraped = two.get("/metrics")[1]
        assert 'bullmq_redis_up{redis="well"} 1' in scraped
        assert 'bullmq_redis_up{redis="ill"} 0' in scraped
        assert 'redis="well",prefix="bull",queue="mail"' in scraped
