"""The stream itself, over a real server: its pace, its end, and what a tab gets that comes back."""

from __future__ import annotations

import http.client
import json
import logging
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from core.errors import NotFound, TickbirdError, Unavailable
from core.model import Traffic
from dashboard import budgets, live
from tests.dashboard.browsing import BASE, Page, application, each_anew
from tests.dashboard.fixed_herd import FixedHerd, queue, small_company
from tests.dashboard.served import serve

QUICK = 0.02


@dataclass
class Message:
    """One server-sent event."""

    id: str
    html: str

    @property
    def elements(self) -> list[str]:
        return re.findall(r'<hx-partial id="([^"]+)">', self.html)


@dataclass
class Tab:
    """A browser's tab that has read the overview and follows its stream."""

    port: int
    address: str = ""
    last: str = ""

    def read(self) -> Page:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", BASE, headers={"accept": "text/html"})
        shown = Page(connection.getresponse().read().decode())
        connection.close()
        self.address = shown.one("div", id="live").attributes["hx-sse:connect"]
        return shown

    @contextmanager
    def stream(self) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", self.address, headers={"last-event-id": self.last} if self.last else {})
        response = connection.getresponse()
        try:
            yield response
        finally:
            if connection.sock:
                connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()

    def message(self, response: http.client.HTTPResponse) -> Message:
        """The next event that says something."""
        lines: list[str] = []
        while line := response.readline().decode().rstrip("\n"):
            lines.append(line)
        if not any(line.startswith("data: ") for line in lines):
            return self.message(response)
        id = "".join(line[4:] for line in lines if line.startswith("id: "))
        self.last = id or self.last
        return Message(id, "\n".join(line[6:] for line in lines if line.startswith("data: ")))


def until(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 45
    while not probe():
        assert time.monotonic() < deadline, "it did not become true within 45 seconds"
        time.sleep(QUICK)


def busier(herd: FixedHerd) -> None:
    """Every queue moves."""
    herd.taken_at += 1
    herd.queues = [replace(q, traffic=Traffic(float(herd.taken_at), 1.0)) for q in herd.queues]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PACE", QUICK)
    monkeypatch.setattr("core.shared.Shared.get", each_anew)


def test_a_stream_begins_with_what_the_page_could_not_know_and_goes_on_with_what_changes(hasty: None) -> None:
    herd = small_company()
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            first = tab.message(response)
            assert set(first.elements) == {"banner", "tabs", "totals", "redis", "foot", "news"}
            busier(herd)
            rows = [id for id in tab.message(response).elements if id.startswith("q")]
            assert len(rows) == 3


def test_at_most_one_message_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[float] = []
    news = live.Tab.news

    async def noted(tab: live.Tab) -> str:
        looked.append(time.monotonic())
        return await news(tab)

    monkeypatch.setattr(live.Tab, "news", noted)
    herd = small_company()
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            for _ in range(3):
                tab.message(response)
                busier(herd)
    # Where the machine stops for a moment, a look is noted late and the next one in time.
    assert all(later - earlier > live.PACE / 2 for earlier, later in pairwise(looked))
    assert looked[-1] - looked[0] > (len(looked) - 1) * live.PACE * 0.8


@pytest.mark.parametrize(
    "trouble",
    [Unavailable("Redis default did not answer within 0.8 s."), NotFound("There is no queue mail.")],
    ids=["slow", "gone"],
)
def test_a_look_that_fails_ends_no_stream_and_is_no_fault_of_ours(
    hasty: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: TickbirdError
) -> None:
    news, slow = live.Tab.news, [False]

    async def sometimes(tab: live.Tab) -> str:
        if slow[0]:
            slow[0] = False
            raise trouble
        return await news(tab)

    monkeypatch.setattr(live.Tab, "news", sometimes)
    herd = small_company()
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            tab.message(response)
            slow[0] = True
            until(lambda: not slow[0])
            busier(herd)
            assert tab.message(response).elements
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_new_queues_are_counted_and_a_gone_one_stays_in_its_row(hasty: None) -> None:
    herd = small_company()
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            tab.message(response)
            herd.queues = [q for q in herd.queues if q.id.name != "video"] + [queue("a"), queue("b")]
            html = tab.message(response).html
            while "2 new queues" not in html or "gone from Redis" not in html:
                html += tab.message(response).html


def test_silence_is_broken_by_a_comment_now_and_then(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.1)
    with serve(application(small_company())) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            tab.message(response)
            assert response.readline() == b": still here\n"


def test_a_tab_that_goes_away_is_no_longer_counted(hasty: None) -> None:
    herd = small_company()
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            tab.message(response)
            assert herd.watchers == 1
        until(lambda: herd.watchers == 0)


def test_a_server_that_goes_down_ends_the_streams_first(hasty: None) -> None:
    herd = small_company()
    app = application(herd)
    with serve(app) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            tab.message(response)
            live.end_streams(app)
            assert b"event: bye\n" in response.read()
    assert herd.watchers == 0


def test_a_stream_ends_by_itself_before_it_outlives_a_login_for_long(
    hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LONGEST_STREAM", 0.3)
    herd = small_company()
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            tab.message(response)
            response.read()
        until(lambda: herd.watchers == 0)
        with tab.stream() as response:
            assert response.status == 200


def test_a_tab_that_does_not_read_is_let_go(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SLOWEST_READER", 0.2)
    herd = FixedHerd(tuple(queue(f"queue-{i}") for i in range(90)))
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream():
            until(lambda: herd.watchers == 1)

            def stuck() -> bool:
                busier(herd)
                return herd.watchers == 0

            until(stuck)


def test_a_tab_that_comes_back_gets_only_what_it_has_not_seen(hasty: None) -> None:
    herd = small_company()
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            tab.message(response)
            busier(herd)
            tab.message(response)
            herd.taken_at += 1
            tab.message(response)
        busier(herd)
        with tab.stream() as response:
            again = tab.message(response)
    assert "foot" in again.elements
    assert "tabs" not in again.elements


def test_more_rows_than_a_browser_takes_at_once_follow_one_another(
    hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_ROWS", 10)
    herd = FixedHerd(tuple(queue(f"queue-{i}") for i in range(30)))
    with serve(application(herd)) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            tab.message(response)
            busier(herd)
            seen: set[str] = set()
            while len(seen) < 30:
                message = tab.message(response)
                assert len(message.elements) <= 10
                seen |= {id for id in message.elements if id.startswith("q")}
                assert bool(message.id) == (len(seen) == 30) or not seen


def test_one_tab_too_many_is_told_to_ask_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "MOST_TABS", 0)
    with serve(application(small_company())) as port:
        tab = Tab(port)
        tab.read()
        with tab.stream() as response:
            assert response.status == 429
            assert "asks every few seconds" in json.loads(response.read())["hint"]


def test_line_breaks_of_every_kind_stay_inside_one_event() -> None:
    assert live.event("a\rb\r\nc\n\nevent: x", "7") == b"id: 7\ndata: a\ndata: b\ndata: c\ndata: \ndata: event: x\n\n"
