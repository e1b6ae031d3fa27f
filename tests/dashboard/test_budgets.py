"""What one person asks for at once or in a minute leaves room for the others; no costly route forgets that."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.types import Message, Scope

from core.access.accounts import Grant, User
from core.access.asker import Asker, asking
from core.errors import RateLimited
from core.export.fields import Exported
from core.herd import Herd
from core.settings import Settings
from dashboard import budgets as budgets_module
from dashboard.api.calls import CALLS
from dashboard.app import create_app
from dashboard.budgets import Budgets, Cost, budgets
from dashboard.urls import RawRoute
from tests.dashboard.access_matrix import BASE, the_app
from tests.dashboard.fixed_exports import FixedExport
from tests.dashboard.fixed_herd import DANGERS, FixedHerd, small_company
from tests.dashboard.served import cheap_hash, client

ADA, BOB, EVERYBODY = Asker("ada"), Asker("bob"), Asker("")
USERS = tuple(User(name, Grant("admin"), cheap_hash("secret")) for name in ("ada", "bob"))
QUEUE = f"{BASE}/queues/default/bull/mail"
EXPORT = f"{BASE}/api/queues/default/bull/mail/export?state=failed"
# Whoever adds a route that does one of these says what it costs.
COSTLY = re.compile(
    r"search|export|sample|flow|batch|errors(/\{\w+\}(/jobs|/comparison)?)?$|dead-letters|several|undo|vocabulary"
    r"|priorities$|deduplication$|/workers$|/redis$|/audit$|skipped|beginnings|(?<!/)/schedulers$|/events$|live$"
)
# They only say how something under way goes on, or undo a flag of Tickbird's own.
LIGHT = re.compile(
    r"GET /api/(searches|undo)/\{\w+\}$|POST /api/searches/\{\w+\}/pause|DELETE /api/searches|/add/several$"
    r"|/jobs/\{\w+\}/priorities$|/\{name\}/schedulers$"
)


class Hour:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def routes() -> Iterator[tuple[str, Cost | None]]:
    for route in the_app().routes:
        if isinstance(route, RawRoute):
            for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
                yield f"{method} {route.path.removeprefix(BASE)}", route.costs
    for call in CALLS:
        yield f"{call.method} /api{call.path}", call.costs


@pytest.mark.parametrize(("route", "costs"), [pair for pair in routes() if COSTLY.search(pair[0])], ids=str)
def test_a_route_that_costs_much_says_so(route: str, costs: Cost | None) -> None:
    assert (costs in (Cost.HEAVY, Cost.TAB, Cost.FEED)) != bool(LIGHT.search(route)), route


def test_every_route_is_taken_from_some_budget() -> None:
    assert [route for route, costs in routes() if costs is None] == []


def some(**rest: Any) -> Budgets:
    return budgets(replace(Settings(), **rest), Hour())


def test_one_person_finds_no_place_when_theirs_are_taken_and_another_does() -> None:
    held = some(limits_heavy_at_once=2)
    with ExitStack() as taken, asking(ADA):
        taken.enter_context(held.spend(Cost.HEAVY))
        taken.enter_context(held.spend(Cost.HEAVY))
        with pytest.raises(RateLimited, match="2 costly requests of 'ada'"), held.spend(Cost.HEAVY):
            pass
        with held.spend(Cost.READ), asking(BOB), held.spend(Cost.HEAVY):
            assert held.open(Cost.HEAVY) == 3
    assert held.open(Cost.HEAVY) == 0
    with asking(ADA), held.spend(Cost.HEAVY):
        pass


def test_a_minute_s_share_comes_back_bit_by_bit() -> None:
    clock = Hour()
    held = budgets(replace(Settings(), limits_requests=60), clock)
    with asking(ADA):
        for _ in range(60):
            with held.spend(Cost.READ):
                pass
        with pytest.raises(RateLimited) as refused, held.spend(Cost.READ):
            pass
        assert refused.value.retry_after == 1
        clock.at += 2
        for _ in range(2):
            with held.spend(Cost.READ):
                pass
        with pytest.raises(RateLimited), held.spend(Cost.READ):
            pass
    with asking(BOB), held.spend(Cost.READ):
        pass


def test_where_nobody_logs_in_only_what_holds_for_all_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets_module, "MOST_HEAVY", 5)
    held = some(limits_heavy_at_once=1, limits_heavy=1)
    with ExitStack() as taken, asking(EVERYBODY):
        for _ in range(5):
            taken.enter_context(held.spend(Cost.HEAVY))
        with pytest.raises(RateLimited, match="for everybody together"), held.spend(Cost.HEAVY):
            pass


def test_zero_is_any_number_for_one_person() -> None:
    held = some(limits_heavy_at_once=0, limits_heavy=0)
    with ExitStack() as taken, asking(ADA):
        for _ in range(40):
            taken.enter_context(held.spend(Cost.HEAVY))


def test_names_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets_module, "MOST_NAMES", 10)
    clock = Hour()
    held = budgets(Settings(), clock)
    for number in range(100):
        clock.at += budgets_module.FORGOTTEN
        with asking(Asker(f"name {number}")), held.spend(Cost.READ):
            pass
    assert len(held._accounts) <= 10


class Halting(FixedExport):
    """Says a line, and no more until it is let go."""

    async def slices(self) -> AsyncIterator[list[Exported]]:
        yield []
        await asyncio.Event().wait()


class Browser:
    """Asks the application itself, so that it can stay, read slowly, or leave half-way."""

    def __init__(self, app: Starlette, path: str, *, takes: int = 1_000_000) -> None:
        self._app, self._takes = app, takes
        self._path, _, self._query = path.partition("?")
        self.status = 0
        self.body = b""
        self.headers: dict[bytes, bytes] = {}
        self.begun, self._left = asyncio.Event(), asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def open(self) -> Browser:
        self.task = asyncio.create_task(self._ask())
        return self

    async def _ask(self) -> None:
        headers = [(b"host", b"localhost"), (b"accept", b"text/html"), (b"authorization", b"Basic YWRhOnNlY3JldA==")]
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": self._query.encode(),
            "headers": headers,
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
        }
        await self._app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self.begun.is_set():
            self.begun.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message.get("body", b"")
        if self._takes == 0:
            # As a server does whose buffer is full: it waits, until the other side is gone.
            await self._left.wait()
            raise OSError("the other side is gone")
        self._takes -= 1

    async def leave(self) -> None:
        self._left.set()
        if self.task:
            await asyncio.wait([self.task])


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it did not become true within thirty seconds"
        await asyncio.sleep(0.005)


def company(**limits: int) -> tuple[FixedHerd, Starlette]:
    settings = Settings(users=USERS, allow=DANGERS, **cast(Any, limits))
    herd = small_company(settings=settings)
    return herd, create_app(cast(Herd, herd), settings)


@asynccontextmanager
async def opened(*browsers: Browser) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for each in browsers:
            await each.leave()


@pytest.mark.parametrize("takes", [1_000_000, 1], ids=["reading", "never reading"])
async def test_who_leaves_half_way_gives_their_place_back(monkeypatch: pytest.MonkeyPatch, takes: int) -> None:
    monkeypatch.setattr("tests.dashboard.fixed_exports.FixedExport", Halting)
    _, app = company(limits_heavy_at_once=3)
    held: Budgets = app.state.desk.budgets
    for _ in range(3):
        await _three_come_and_go(app, held, takes)


async def _three_come_and_go(app: Starlette, held: Budgets, takes: int) -> None:
    browsers = [Browser(app, EXPORT, takes=takes).open() for _ in range(3)]
    async with opened(*browsers):
        await until(lambda: held.open(Cost.HEAVY) == 3 and all(each.status == 200 for each in browsers))
        refused = Browser(app, EXPORT)
        await refused._ask()
        assert refused.status == HTTPStatus.TOO_MANY_REQUESTS
        assert refused.headers[b"retry-after"] == b"1"
    await until(lambda: held.open(Cost.HEAVY) == 0)


async def test_however_many_come_at_once_only_so_many_are_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.dashboard.fixed_exports.FixedExport", Halting)
    _, app = company(limits_heavy_at_once=7)
    held: Budgets = app.state.desk.budgets
    browsers = [Browser(app, EXPORT).open() for _ in range(60)]
    async with opened(*browsers):
        await until(lambda: all(each.status for each in browsers))
        assert sorted({each.status for each in browsers}) == [200, 429]
        assert sum(each.status == 200 for each in browsers) == held.open(Cost.HEAVY) == 7


def test_one_person_s_flood_leaves_the_pages_of_another_answered() -> None:
    _, app = company(limits_requests=20, limits_heavy=5)
    app.state.desk.budgets.clock = Hour()
    ada, bob = client(app), client(app)
    ada.auth, bob.auth = ("ada", "secret"), ("bob", "secret")
    for _ in range(40):
        ada.get(QUEUE)
        ada.get(f"{QUEUE}/samples?state=failed")
    page = ada.get(QUEUE, headers={"accept": "text/html"})
    assert page.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "20 requests within a minute" in page.text
    problem = ada.get(f"{BASE}/api/errors")
    assert (problem.status_code, problem.json()["code"]) == (HTTPStatus.TOO_MANY_REQUESTS, "rate_limited")
    assert int(problem.headers["retry-after"]) >= 1
    assert problem.headers["content-type"] == "application/problem+json"
    for path in (BASE, QUEUE, f"{BASE}/api/errors", f"{BASE}/errors"):
        assert bob.get(path).status_code == HTTPStatus.OK, path
