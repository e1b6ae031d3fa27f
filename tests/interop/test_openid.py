"""Logging in by a real OpenID provider, from the button to the page that was wanted; while it is there, and not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from core.access.accounts import Grant, User
from tests.dashboard.fixed_herd import FixedHerd
from tests.dashboard.served import cheap_hash
from tests.interop.node_queue import until
from tests.interop.openid import BASE, SECRET, Browser, OpenId, address, listening, served, settings_for

QUEUE = f"{BASE}/queues/default/bull/mail"
ROOT = (User("root", Grant("admin"), cheap_hash("secret")),)


@pytest.fixture(scope="module")
def door() -> Iterator[socket.socket]:
    with listening() as found:
        yield found


@pytest.fixture(scope="module")
def provider(door: socket.socket) -> Iterator[OpenId]:
    with OpenId.start(address(door)) as running:
        yield running


@pytest.fixture(scope="module")
def herd(door: socket.socket, provider: OpenId) -> Iterator[FixedHerd]:
    with served(settings_for(address(door), provider.issuer, users=ROOT), door) as herd:
        yield herd


@pytest.fixture
def browser(door: socket.socket, herd: FixedHerd) -> Iterator[Browser]:
    found = Browser(address(door))
    yield found
    found.http.close()


def told(herd: FixedHerd) -> tuple[str, str]:
    """Of whom the newest line of the audit log is, and how it ended."""
    lines = herd.store.__dict__["_logs"]["audit"]
    said = json.loads(lines[-1][1].text)["is"]
    return said["who"], said["ended"]


def test_one_comes_in_with_the_role_of_ones_group_to_the_page_that_was_wanted(
    browser: Browser, herd: FixedHerd
) -> None:
    answer = browser.log_in("ada", QUEUE)
    assert (answer.status_code, answer.headers["location"]) == (303, QUEUE)
    me = browser.me()
    assert (me["name"], me["role"], me["queues"]) == ("ada@example.com", "operator", ["m*"])
    assert told(herd) == ("ada@example.com", "done")


@pytest.mark.parametrize("who", ["eve", "mallory"])
def test_who_has_no_group_of_ours_or_no_address_of_their_own_does_not(
    browser: Browser, herd: FixedHerd, who: str
) -> None:
    answer = browser.log_in(who)
    assert answer.status_code == 403
    assert browser.me() is None
    assert told(herd)[1] == "denied"
    assert SECRET not in answer.text


def test_a_code_is_good_for_one_login_of_one_browser(browser: Browser, door: socket.socket) -> None:
    location = browser.back("ada")
    other = Browser(address(door))
    assert other.get(location).status_code == 403
    assert browser.get(location).status_code == 303
    attempts = [browser.get(location), other.get(location)]
    assert [answer.headers.get("location") for answer in attempts] == [BASE, None]
    assert other.me() is None
    other.http.close()


def test_who_says_no_at_the_provider_is_back_where_they_were(browser: Browser, herd: FixedHerd) -> None:
    page = browser.begin()
    refused = browser.http.get(str(page.url) + "/abort")
    location = browser._followed(refused).headers["location"]
    assert "error=access_denied" in location
    answer = browser.get(location)
    assert answer.status_code == 403
    assert "did not let you in" in answer.text
    assert "End-User aborted" not in answer.text
    assert told(herd)[1] == "denied"


def test_new_keys_of_the_provider_lock_nobody_out(browser: Browser, provider: OpenId, door: socket.socket) -> None:
    assert browser.log_in("ada").status_code == 303
    provider.rotate()
    after = Browser(address(door))
    assert after.log_in("ada").status_code == 303
    assert after.me()["name"] == "ada@example.com"
    after.http.close()


def test_a_public_client_has_no_secret_and_gets_in_by_its_proof_alone() -> None:
    with listening() as door, OpenId.start(address(door), **PUBLIC) as provider:
        settings = settings_for(address(door), provider.issuer, oidc={"client_secret": ""})
        with served(settings, door):
            browser = Browser(address(door))
            assert browser.log_in("ada").status_code == 303
            assert browser.me()["name"] == "ada@example.com"
            browser.http.close()


PUBLIC = {"client_secret": None, "token_endpoint_auth_method": "none"}


def test_while_the_provider_is_away_the_other_way_in_is_open_and_then_both_are() -> None:
    with listening() as door, OpenId.start(address(door)) as provider:
        provider.leave()
        with served(settings_for(address(door), provider.issuer, users=ROOT), door):
            browser = Browser(address(door))
            page = browser.get("/login/start")
            assert page.status_code == 503
            assert "cannot be reached" in page.text
            assert "cannot be reached" in browser.get("/login").text
            form = {"name": "root", "password": "secret"}
            same = {"Sec-Fetch-Site": "same-origin"}
            assert browser.http.post(f"{browser.tickbird}{BASE}/login", data=form, headers=same).status_code == 303
            browser.http.cookies.clear()
            provider.come_back()
            until(lambda: browser.get("/login/start").status_code == 303)
            assert browser.log_in("ada").status_code == 303
            assert browser.me()["name"] == "ada@example.com"
            browser.http.close()
