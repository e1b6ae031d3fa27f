from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from core.settings import Settings
from dashboard.urls import queue_href
from tests.dashboard.fixed_herd import MAIL, FixedHerd, small_company
from tests.dashboard.served import BASE, cheap_hash, client, dashboard

HASH = cheap_hash("secret")
OPEN, CLOSED = Settings(), Settings(user="ada", password_hash=HASH, metrics_token="t0ken")
PAUSE = queue_href(BASE, MAIL) + "/pause"


def site(herd: FixedHerd, settings: Settings) -> TestClient:
    http = client(dashboard(herd, settings))
    if settings.login:
        http.auth = ("ada", "secret")
    return http


OURS = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Origin": "http://localhost"},
    {"Origin": "http://LOCALHOST:80"},
    {"Origin": "http://localhost:3000", "Host": "localhost:3000"},
    {"Origin": "https://localhost"},
    {"Origin": "https://localhost", "Host": "localhost:443"},
    {"Origin": "http://[::1]:3000", "Host": "[::1]:3000"},
]
THEIRS = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:3001"},
    {"Origin": "file://localhost"},
    {"Origin": "http://evil.example@localhost"},
    {"Origin": "http://localhost, http://localhost"},
    {"Origin": "localhost"},
    {"Referer": "http://localhost/"},
    {"HX-Request": "true"},
    {"X-Forwarded-Host": "evil.example", "Origin": "http://evil.example"},
]


@pytest.mark.parametrize("settings", [OPEN, CLOSED], ids=["open", "login"])
@pytest.mark.parametrize("headers", OURS, ids=str)
def test_a_request_from_our_own_page_may_change_something(settings: Settings, headers: dict[str, str]) -> None:
    herd = small_company()

    assert site(herd, settings).post(PAUSE, headers=headers).status_code == 200
    assert herd.queue(MAIL).paused


@pytest.mark.parametrize("settings", [OPEN, CLOSED], ids=["open", "login"])
@pytest.mark.parametrize("headers", THEIRS, ids=str)
def test_a_request_from_anywhere_else_may_not_even_with_the_login(settings: Settings, headers: dict[str, str]) -> None:
    herd = small_company()
    answer = site(herd, settings).post(PAUSE, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not herd.queue(MAIL).paused


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW", "post"])
def test_every_method_that_is_not_known_to_be_harmless_is_held_to_it(method: str) -> None:
    answer = client(dashboard(small_company())).request(method, queue_href(BASE, MAIL))

    assert answer.status_code == 403


def test_repeating_the_header_does_not_help() -> None:
    twice = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")]

    assert client(dashboard(small_company())).post(PAUSE, headers=twice).status_code == 403


def test_the_metrics_token_lets_nobody_change_anything() -> None:
    http = client(dashboard(small_company(), CLOSED))
    bearer = {"Authorization": "Bearer t0ken"}

    assert http.post(PAUSE, headers=bearer).status_code == 403
    assert http.post(PAUSE, headers={**bearer, "Sec-Fetch-Site": "same-origin"}).status_code == 401
    assert http.post("/metrics", headers={**bearer, "Sec-Fetch-Site": "same-origin"}).status_code == 401


def test_a_program_is_told_how_to_say_where_it_comes_from() -> None:
    answer = client(dashboard(small_company())).post(PAUSE)

    assert "Origin: http://HOST" in answer.json()["hint"]


def test_a_person_behind_a_proxy_that_renames_us_is_told_what_it_must_do() -> None:
    headers = {"Origin": "http://queues.example", "Accept": "text/html"}
    answer = client(dashboard(small_company())).post(PAUSE, headers=headers)

    assert answer.status_code == 403
    assert "pass the Host header on unchanged" in answer.text


STREAM = f"{BASE}/api/events"


@pytest.mark.parametrize("settings", [OPEN, CLOSED], ids=["open", "login"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Accept": "text/event-stream"},
        {"Origin": "http://evil.example", "Accept": "text/event-stream"},
        {"Origin": "null"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [STREAM, queue_href(BASE, MAIL)])
def test_no_page_elsewhere_opens_a_stream_or_reads(settings: Settings, headers: dict[str, str], path: str) -> None:
    answer = site(small_company(), settings).get(path, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Origin": "http://localhost"},
    ],
    ids=str,
)
def test_a_program_and_who_follows_a_link_read(headers: dict[str, str]) -> None:
    assert site(small_company(), OPEN).get(queue_href(BASE, MAIL), headers=headers).status_code == 200


def test_no_site_elsewhere_is_ever_invited() -> None:
    http = client(dashboard(small_company()))
    for method in ("GET", "OPTIONS"):
        answer = http.request(method, queue_href(BASE, MAIL), headers={"Origin": "http://evil.example"})

        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_websocket_is_closed_at_once() -> None:
    http = client(dashboard(small_company()))
    with pytest.raises(WebSocketDisconnect) as refused, http.websocket_connect("/admin/queues/events"):
        pass

    assert refused.value.code == 1008
