"""Events as lines for log shippers, over a real server: as they come, from where one stopped, and never without end."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core.access.asker import Asker, asking
from core.events.happening import Happening
from core.feed.event import LONGEST
from core.feed.wanted import Wanted
from dashboard import budgets, feed, live
from tests.dashboard.browsing import BASE, application, browser
from tests.dashboard.fixed_feed import FixedFeed
from tests.dashboard.fixed_herd import MAIL, VIDEO, FixedHerd, now, small_company
from tests.dashboard.served import serve

API = f"{BASE}/api"
OF_MAIL = f"{API}/queues/default/bull/mail"


def company_without_events() -> FixedHerd:
    herd = small_company()
    herd.feed = FixedFeed()
    return herd


def happening(event: str, job_id: str | None = "7", queue: Any = MAIL, **told: bytes) -> Happening:
    return Happening(queue, now(), event, job_id, "send", {name.encode(): said for name, said in told.items()})


def told(herd: FixedHerd, *happenings: Happening) -> None:
    assert isinstance(herd.feed, FixedFeed)
    for each in happenings:
        herd.feed.tell(each)


def read(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line]


def kept(herd: FixedHerd, query: str = "", of: str = API) -> list[Any]:
    """What is there, without staying."""
    response = browser(herd).get(f"{of}/events?follow=false{query}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return read(response.text)


@contextmanager
def following(port: int, query: str = "", of: str = API, **headers: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"{of}/events{query}", headers=headers)
    response = connection.getresponse()
    try:
        yield response
    finally:
        if connection.sock:
            connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()


def next_line(response: http.client.HTTPResponse) -> Any:
    """The next line that says something."""
    while not (line := response.readline()).strip():
        assert line, "the stream has ended"
    return json.loads(line)


def test_an_event_is_one_line_with_everything_it_says() -> None:
    herd = company_without_events()
    told(herd, happening("completed", returnvalue=b'{"n":9007199254740993}', prev=b"active"))
    (line,) = kept(herd)
    at = line.pop("at")
    assert abs(at - now()) < 60_000
    assert line == {
        "id": f"{herd.feed.life}-1",
        "event": "completed",
        "instance": "default",
        "prefix": "bull",
        "queue": "mail",
        "job": "7",
        "name": "send",
        "fields": {"returnvalue": {"n": 9007199254740993}, "prev": "active"},
        "cut": [],
    }


def test_a_long_field_is_cut_and_said_to_be() -> None:
    herd = company_without_events()
    told(herd, happening("completed", returnvalue=b'"' + b"x" * 10_000 + b'"'))
    (line,) = kept(herd)
    assert line["cut"] == ["returnvalue"]
    assert len(line["fields"]["returnvalue"]) == LONGEST


def test_lines_come_as_events_do_and_only_those_that_are_wanted() -> None:
    herd = company_without_events()
    told(herd, happening("active", "1"))
    with serve(application(herd)) as port, following(port, "?kinds=failed,completed&name=s*") as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        assert response.readline() == b"\n"
        told(herd, happening("active"), happening("failed", "8", failedReason=b"no"), happening("completed", "9"))
        assert [next_line(response)["job"], next_line(response)["job"]] == ["8", "9"]


def test_a_queues_own_stream_has_its_events_alone() -> None:
    herd = company_without_events()
    told(herd, happening("failed", "1"), happening("failed", "2", VIDEO))
    assert [line["job"] for line in kept(herd, of=OF_MAIL)] == ["1"]
    assert [line["job"] for line in kept(herd, "&queue=vid*")] == ["2"]
    assert browser(herd).get(f"{API}/queues/default/bull/nowhere/events").status_code == 404


def test_lines_are_not_held_back_to_be_compressed() -> None:
    herd = company_without_events()
    with serve(application(herd)) as port, following(port, **{"accept-encoding": "gzip"}) as response:
        told(herd, happening("failed", "8"))
        assert next_line(response)["job"] == "8"


def test_one_goes_on_from_the_event_that_one_has_seen_last() -> None:
    herd = company_without_events()
    told(herd, *(happening("active", str(n)) for n in range(5)))
    third = kept(herd)[2]["id"]
    assert [line["job"] for line in kept(herd, f"&since={third}")] == ["3", "4"]
    with serve(application(herd)) as port, following(port, f"?since={third}") as response:
        assert next_line(response)["job"] == "3"


def test_where_events_are_missing_since_then_the_first_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.feed.ring.MOST", 10)
    herd = company_without_events()
    told(herd, *(happening("active", str(n)) for n in range(30)))
    gap, *rest = kept(herd, f"&since={herd.feed.life}-4")
    assert (gap["event"], gap["missed"]) == ("gap", 16)
    assert [line["job"] for line in rest] == [str(n) for n in range(20, 30)]
    assert kept(herd, "&since=0a0b0c0d-4")[0]["missed"] is None


def test_who_reads_too_slowly_is_told_so_in_the_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.feed.ring.MOST", 500)
    herd = company_without_events()
    with serve(application(herd)) as port, following(port) as response:
        assert response.readline() == b"\n"
        for _ in range(60):
            told(herd, *(happening("completed", returnvalue=b'"' + b"x" * 1900 + b'"') for _ in range(400)))
            time.sleep(0.005)  # for the stream to be written to, until it cannot be any more
        last = read(response.read().decode())[-1]
    assert last["event"] == "end"
    assert last["missed"] > 0


def test_who_takes_nothing_at_all_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "SLOWEST_READER", 0.2)
    herd = company_without_events()
    app = application(herd)
    with serve(app) as port, following(port):
        deadline = time.monotonic() + 45
        while not app.state.desk.streams:
            assert time.monotonic() < deadline
        while app.state.desk.streams:
            told(herd, *(happening("completed", returnvalue=b'"' + b"x" * 1900 + b'"') for _ in range(200)))
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_silence_is_broken_by_an_empty_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT", 0.1)
    with serve(application(company_without_events())) as port, following(port) as response:
        assert [response.readline() for _ in range(3)] == [b"\n"] * 3


def test_only_so_many_streams_are_open_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "MOST_FEEDS", 1)
    with serve(application(company_without_events())) as port, following(port) as response:
        assert response.readline() == b"\n"
        with following(port) as other:
            assert other.status == 429
            assert "streams of events are under way" in json.loads(other.read())["detail"]


def test_a_stream_ends_by_itself_and_its_last_line_says_where_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "LONGEST_STREAM", 0.3)
    herd = company_without_events()
    with serve(application(herd)) as port:
        with following(port, "?kinds=failed") as response:
            told(herd, happening("active"))
            last = read(response.read().decode())[-1]
        assert (last["event"], last["missed"]) == ("end", 0)
        told(herd, happening("failed", "8"))
        with following(port, f"?since={last['id']}") as response:
            assert next_line(response)["job"] == "8"


def test_who_sees_some_queues_is_not_told_how_many_events_of_all_made_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.feed.ring.MOST", 10)
    herd = company_without_events()
    told(herd, *(happening("active", str(n)) for n in range(30)))
    with asking(Asker("cutter", queues=("video",))):
        answer = asyncio.run(feed.kept(herd.feed, Wanted(), f"{herd.feed.life}-4"))
    (gap,) = read(bytes(answer.body).decode())
    assert (gap["event"], gap["missed"]) == ("gap", None)
    assert "many" not in gap["reason"]


def test_a_server_that_goes_down_ends_the_streams_first() -> None:
    app = application(company_without_events())
    with serve(app) as port, following(port) as response:
        assert response.readline() == b"\n"
        live.end_streams(app)
        last = json.loads(response.readline())
        assert (last["event"], last["reason"]) == ("end", "Tickbird stops: ask again, with since.")
        assert response.readline() == b""


@pytest.mark.parametrize(
    "query", ["?kinds=nonsense", "?since=x", "?since=1-y", "?follow=maybe", "?sicne=1-2", "?name=a&name=b"]
)
def test_what_makes_no_sense_is_refused(query: str) -> None:
    response = browser(company_without_events()).get(f"{API}/events{query}")
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"


def test_head_says_what_it_would_be_and_stays_not() -> None:
    response = browser(company_without_events()).head(f"{API}/events")
    assert (response.status_code, response.content) == (200, b"")
