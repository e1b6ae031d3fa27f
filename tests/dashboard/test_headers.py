from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from core.access.accounts import Grant, User
from core.settings import Settings
from dashboard.gate import Gate
from dashboard.headers import ROBOTS, SecurityHeaders
from tests.dashboard.browsing import Page, browser, stream_of
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.policy import nonce_of
from tests.dashboard.served import BASE, cheap_hash, client, dashboard

USERS = (User("ada", Grant("admin"), cheap_hash("secret")),)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("GET", "/robots.txt", {}, 200),
        ("GET", f"{BASE}/api/queues", {}, 200),
        ("GET", f"{BASE}/api/nowhere", {}, 404),
        ("GET", "/nowhere", {}, 404),
        ("POST", f"{BASE}/api/queues", {"Sec-Fetch-Site": "same-origin"}, 405),
        ("POST", "/", {}, 403),
        ("GET", "/", {"Host": "evil.example"}, 421),
        ("GET", "/", {"Host": "evil.example", "Accept": "text/html"}, 421),
    ],
)
def test_every_answer_carries_them_whoever_gave_it(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client(dashboard(small_company())).request(method, path, headers=headers)

    assert answer.status_code == status
    assert nonce_of(answer.headers["content-security-policy"])
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["cache-control"] == "no-store"


def test_even_a_page_that_breaks_carries_them() -> None:
    async def broken(_: Request) -> Response:
        raise RuntimeError

    app = SecurityHeaders(Gate(Starlette(routes=[Route("/", broken)]), Settings()))
    answer = client(app).get("/")

    assert answer.status_code == 500
    assert nonce_of(answer.headers["content-security-policy"])


@pytest.mark.parametrize("path", [BASE, f"{BASE}/queues/default/bull/mail", f"{BASE}/nowhere", f"{BASE}/login"])
def test_a_page_names_its_scripts_and_styles_by_a_nonce_of_its_own(path: str) -> None:
    asking = browser(small_company(settings=Settings(users=USERS)) if path.endswith("login") else small_company())
    answers = [asking.get(path) for _ in range(3)]
    nonces = [nonce_of(answer.headers["content-security-policy"]) for answer in answers]

    assert len(set(nonces)) == 3
    for answer, nonce in zip(answers, nonces, strict=True):
        page = Page(answer.text)
        loaded = [*page.all("script"), *page.all("link", rel="stylesheet")]
        assert loaded
        assert {element.attributes.get("nonce") for element in loaded} == {nonce}


def test_a_fragment_names_no_nonce() -> None:
    asking = browser(small_company())
    shown = Page(asking.get(BASE).text)

    assert "nonce" not in asking.get(re.sub(r"since=.*", "since=", stream_of(shown))).text


def test_what_never_changes_may_be_kept() -> None:
    async def hashed(_: Request) -> Response:
        return PlainTextResponse("x", headers={"Cache-Control": "public, max-age=31536000, immutable"})

    app = SecurityHeaders(Starlette(routes=[Route("/", hashed)]))

    assert client(app).get("/").headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_page_cannot_loosen_the_policy_by_setting_its_own() -> None:
    async def loose(_: Request) -> Response:
        return PlainTextResponse("x", headers={"Content-Security-Policy": "default-src *"})

    app = SecurityHeaders(Starlette(routes=[Route("/", loose)]))

    [policy] = client(app).get("/").headers.get_list("content-security-policy")
    assert nonce_of(policy)


def test_a_stream_is_passed_on_piece_by_piece() -> None:
    async def stream(_: Request) -> Response:
        return StreamingResponse(iter(["a", "b"]), media_type="text/event-stream")

    app = SecurityHeaders(Starlette(routes=[Route("/", stream)]))

    assert client(app).get("/").text == "ab"


def test_crawlers_are_told_to_stay_away() -> None:
    app = SecurityHeaders(Gate(Starlette(routes=[ROBOTS]), Settings(user="ada", password_hash="scrypt$x")))

    assert client(app).get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
