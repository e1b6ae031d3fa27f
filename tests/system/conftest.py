"""A real Chromium in front of the real dashboard over a real Redis."""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
import redis as redis_py
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.applications import Starlette

from core.herd import Herd
from core.redis_settings import RedisSettings
from core.settings import Settings
from dashboard.app import create_app
from dashboard.live import end_streams
from tests.system.company import Company
from tickbird.demo.server import EmbeddedServer

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DEADLINE = 45.0
expect.set_options(timeout=DEADLINE * 1000)


class Server(uvicorn.Server):
    """Ends the streams before it waits for what is open."""

    def __init__(self, app: Starlette, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_streams(self._app)
        await super().shutdown(sockets)


@dataclass
class Dashboard:
    """The dashboard in a thread of this process; it can be stopped and started again on the same port."""

    settings: Settings
    port: int = 0
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}{self.settings.base_path}"

    def start(self) -> None:
        app = create_app(Herd(self.settings), self.settings)
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._server = Server(app, uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()
        until(lambda: self._server is not None and self._server.started)

    def stop(self) -> None:
        assert self._server
        assert self._thread
        self._server.should_exit = True
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive(), "the dashboard did not stop"


def until(probe: Callable[[], Any]) -> Any:
    """Wait until something becomes true, and give it back."""
    deadline = time.monotonic() + DEADLINE
    while not (found := probe()):
        assert time.monotonic() < deadline, f"it did not become true within {DEADLINE} seconds"
        time.sleep(0.02)
    return found


@pytest.fixture
def company(redis: redis_py.Redis) -> Company:
    return Company(redis)


@pytest.fixture
def settings(server: EmbeddedServer) -> Settings:
    return Settings(redis=(RedisSettings("default", server.url, ("bull",)),), allow=("edit", "obliterate"))


@pytest.fixture
def dashboard(settings: Settings, redis: redis_py.Redis) -> Iterator[Dashboard]:
    running = Dashboard(settings)
    running.start()
    yield running
    running.stop()


# For a module and no longer: while it lives, Playwright keeps a loop running that no asynchronous test gets past.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    assert executable, "chromium is not on PATH: bin/system-packages installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Opens pages of the dashboard, and remembers everything that a browser complained about."""

    browser: Browser
    dashboard: Dashboard
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected: str = ""

    def open(self, path: str = "", **options: Any) -> Page:
        """A new tab on that page, in a browser of its own, as soon as Tickbird has found what the page is about."""
        until(lambda: self._is_settled(path))
        context = self.browser.new_context(**{"viewport": SCREEN, **options})
        context.set_default_timeout(DEADLINE * 1000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.dashboard.url + path)
        return page

    def _is_settled(self, path: str) -> bool:
        """Found; or unavailable because Redis is away, and not because it was not read yet."""
        status = self.status(path)
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            return status != HTTPStatus.NOT_FOUND
        with urllib.request.urlopen(f"{self.dashboard.url}/api/queues", timeout=5) as answer:
            return any(instance["down_since"] is not None for instance in json.load(answer)["instances"])

    def wait_for_queues(self, number: int) -> None:
        """Until Tickbird has found so many."""

        def found() -> bool:
            with urllib.request.urlopen(f"{self.dashboard.url}/api/queues", timeout=5) as answer:
                return len(json.load(answer)["queues"]) == number

        until(found)

    def status(self, path: str) -> int:
        """What the server answers to that address."""
        asked = urllib.request.Request(self.dashboard.url + path, headers={"Accept": "text/html"})
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not (self.expected and re.search(self.expected, text)):
            self.complaints.append(text)


SCREEN = {"width": 1280, "height": 800}


@pytest.fixture
def visitor(chromium: Browser, dashboard: Dashboard) -> Iterator[Visitor]:
    """Fails the test where a page put an error on the console, a broken content policy included."""
    found = Visitor(chromium, dashboard)
    yield found
    for context in dict.fromkeys(found.contexts):
        context.close()
    assert found.complaints == []
