"""What is seen instead of a page."""

from __future__ import annotations

from typing import cast

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.access.accounts import Grant, User
from core.herd import Herd
from core.model import Queue, QueueId
from core.settings import Settings
from dashboard.app import create_app
from tests.dashboard.browsing import BASE, ORIGIN, Page, browser
from tests.dashboard.fixed_herd import FixedHerd, small_company
from tests.dashboard.policy import nonce_of
from tests.dashboard.served import cheap_hash


def test_an_address_without_a_page_says_so_and_leads_back() -> None:
    response = browser(small_company()).get(f"{BASE}/nowhere")
    shown = Page(response.text)
    assert response.status_code == 404
    assert "Not found There is no page at this address." in shown.words
    assert shown.all("a", href=BASE, class_="button")


def test_what_is_not_in_a_queue_leads_back_to_that_queue() -> None:
    client = browser(small_company())
    gone = Page(client.get(f"{BASE}/queues/default/bull/mail/jobs/nope").text)
    assert gone.all("a", href=f"{BASE}/queues/default/bull/mail", class_="button")
    assert "Try again" not in gone.words
    assert "Show nope" not in Page(client.get(f"{BASE}/queues/default/bull/nope").text).words


def test_the_page_of_what_is_away_asks_again_by_itself() -> None:
    herd = small_company()
    client = browser(herd)
    herd.down = ("default",)
    away = client.get(f"{BASE}/queues/default/bull/mail/jobs/1")
    assert (away.status_code, away.headers["refresh"]) == (503, "5")
    assert "refresh" not in client.get(f"{BASE}/nowhere").headers


def test_programs_get_a_document_instead() -> None:
    client = TestClient(create_app(cast(Herd, small_company()), small_company().settings), base_url=ORIGIN)
    response = client.get(f"{BASE}/queues/default/bull/nope")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


class Broken(FixedHerd):
    """It has a fault."""

    def queue(self, id: QueueId) -> Queue:
        raise ZeroDivisionError


def test_a_fault_shows_no_trace_and_keeps_the_headers() -> None:
    app = create_app(cast(Herd, Broken()), Broken().settings)
    client = TestClient(app, base_url=ORIGIN, headers={"accept": "text/html"}, raise_server_exceptions=False)
    response = client.get(f"{BASE}/queues/default/bull/mail")
    assert response.status_code == 500
    assert "Tickbird ran into a fault of its own." in Page(response.text).words
    assert "ZeroDivisionError" not in response.text
    nonce = nonce_of(response.headers["content-security-policy"])
    assert Page(response.text).one("link", rel="stylesheet").attributes["nonce"] == nonce
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/queues/default/bull/a~b", "/queues/default/bull/mail/jobs/~x"])
def test_an_address_that_cannot_be_read_is_invalid(path: str) -> None:
    assert browser(small_company()).get(BASE + path).status_code == 400


def test_a_method_that_is_not_for_a_page_is_refused() -> None:
    response = browser(small_company()).post(BASE)
    assert response.status_code == 405
    assert "POST is not done at this address." in Page(response.text).words


def test_every_page_carries_the_policy() -> None:
    client = browser(small_company())
    for path in ("", "/queues/default/bull/mail", "/queues/default/bull/mail/jobs/3", "/nowhere"):
        headers = client.get(BASE + path).headers
        assert nonce_of(headers["content-security-policy"])
        assert headers["cache-control"] == "no-store"


def test_the_herd_starts_and_stops_with_the_application() -> None:
    herd = small_company()
    with TestClient(create_app(cast(Herd, herd), herd.settings)):
        assert herd.version == 2
    assert herd.version == 3


async def _fault(_: Request) -> Response:
    raise ZeroDivisionError


def test_the_page_of_a_fault_tells_nobody_what_is_not_there_for_them() -> None:
    settings = Settings(users=(User("eve", Grant("viewer", instances=("nowhere",)), cheap_hash("secret")),))
    herd = small_company(settings=settings)
    app = create_app(
        cast(Herd, herd), settings, [Route(f"{BASE}/queues/{{instance}}/{{prefix}}/{{name}}/fault", _fault)]
    )
    client = TestClient(app, base_url=ORIGIN, headers={"accept": "text/html"}, raise_server_exceptions=False)
    response = client.get(f"{BASE}/queues/default/bull/mail/fault", auth=("eve", "secret"))
    shown = Page(response.text)

    assert response.status_code == 500
    assert f"{BASE}/audit" not in response.text
    assert "Show mail" not in shown.words
    assert "0 instances" in shown.words
