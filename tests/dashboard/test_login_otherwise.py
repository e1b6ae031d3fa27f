"""Coming in otherwise than by the page: by a token of a program's, or by the word of a proxy."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from core.access.accounts import Grant, Proxy, Token, User
from core.settings import Settings
from dashboard.app import create_app
from tests.dashboard.browsing import BASE
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.served import cheap_hash, client

SECRET = cheap_hash("secret")
USERS = (User("ada", Grant("admin"), SECRET), User("eve", Grant("viewer", queues=("vid*",)), SECRET))
TOKEN = "tb_0123456789abcdef"
DIGEST = __import__("hashlib").sha256(TOKEN.encode()).hexdigest()


def test_a_token_is_its_role_until_it_expires() -> None:
    tokens = (Token("ci", Grant("operator"), DIGEST), Token("old", Grant("admin"), "0" * 64, expires=1))
    settings = Settings(tokens=tokens)
    http = client(create_app(small_company(settings=settings), settings))
    bearer = {"Authorization": f"Bearer {TOKEN}"}

    assert http.get(f"{BASE}/api/me", headers=bearer).json()["name"] == "ci"
    assert http.post(f"{BASE}/api/queues/default/bull/mail/pause", headers=bearer).status_code == 200
    assert (
        http.request(
            "PATCH", f"{BASE}/api/queues/default/bull/mail", headers=bearer, json={"concurrency": 1}
        ).status_code
        == 403
    )
    assert http.get(f"{BASE}/api/me", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_an_expired_token_opens_nothing() -> None:
    settings = Settings(tokens=(Token("ci", Grant("admin"), DIGEST, expires=1),))
    http = client(create_app(small_company(settings=settings), settings))

    assert http.get(f"{BASE}/api/me", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 401


def test_a_token_from_a_page_elsewhere_changes_nothing() -> None:
    settings = Settings(tokens=(Token("ci", Grant("admin"), DIGEST),))
    http = client(create_app(small_company(settings=settings), settings))
    headers = {"Authorization": f"Bearer {TOKEN}", "Sec-Fetch-Site": "cross-site"}

    assert http.post(f"{BASE}/api/queues/default/bull/mail/pause", headers=headers).status_code == 403


@pytest.fixture
def behind_a_proxy() -> Settings:
    import ipaddress  # noqa: PLC0415 # only here

    return Settings(users=USERS, proxy=Proxy("x-forwarded-user", (ipaddress.ip_network("10.0.0.0/8"),)))


@pytest.mark.parametrize(
    ("peer", "name", "status"),
    [("10.1.2.3", "ada", 200), ("10.1.2.3", "nobody", 401), ("11.0.0.1", "ada", 401), ("10.1.2.3", "Ada", 401)],
)
def test_only_a_named_peer_may_say_who_is_there(behind_a_proxy: Settings, peer: str, name: str, status: int) -> None:
    app = create_app(small_company(settings=behind_a_proxy), behind_a_proxy)
    http = TestClient(app, base_url="http://localhost", client=(peer, 1), raise_server_exceptions=False)

    assert http.get(f"{BASE}/api/me", headers={"X-Forwarded-User": name}).status_code == status


def test_two_headers_say_nothing(behind_a_proxy: Settings) -> None:
    app = create_app(small_company(settings=behind_a_proxy), behind_a_proxy)
    http = TestClient(app, base_url="http://localhost", client=("10.1.2.3", 1), raise_server_exceptions=False)

    assert (
        http.get(f"{BASE}/api/me", headers=[("X-Forwarded-User", "ada"), ("X-Forwarded-User", "eve")]).status_code
        == 401
    )
