"""Logging in by the page: who may, what their browser keeps, and how it ends."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from core.access.accounts import Grant, Proxy, Token, User
from core.settings import Settings
from core.store.memory import MemoryStore
from dashboard.app import create_app
from dashboard.login import inside
from dashboard.sessions import COOKIE, GRACE, HOUR, Sessions
from tests.dashboard.browsing import BASE
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.served import cheap_hash, client

SECRET = cheap_hash("secret")
USERS = (User("ada", Grant("admin"), SECRET), User("eve", Grant("viewer", queues=("vid*",)), SECRET))
SETTINGS = Settings(users=USERS)
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
QUEUE = f"{BASE}/queues/default/bull/mail"


@pytest.fixture
def http() -> TestClient:
    return client(create_app(small_company(settings=SETTINGS), SETTINGS))


def log_in(http: TestClient, name: str = "ada", password: str = "secret", **rest: str) -> object:
    form = {"name": name, "password": password, **rest}
    return http.post(f"{BASE}/login", data=form, headers=PAGE)


def cookie(response: object) -> SimpleCookie:
    return SimpleCookie(response.headers["set-cookie"])  # type: ignore[attr-defined] # httpx or httpx2, as it comes


def test_a_stranger_finds_the_login_where_the_page_would_be_and_comes_back_to_it(http: TestClient) -> None:
    answer = http.get(f"{QUEUE}?state=failed", headers=PAGE)
    assert (answer.status_code, "www-authenticate" in answer.headers) == (401, False)
    assert "Password" in answer.text
    assert "mail" not in answer.text.replace(QUEUE, "")

    after = log_in(http, next=QUEUE)
    assert (after.status_code, after.headers["location"]) == (303, QUEUE)  # type: ignore[attr-defined]
    assert http.get(QUEUE, headers=PAGE).status_code == 200


def test_the_cookie_is_for_no_script_and_no_other_site(http: TestClient) -> None:
    kept = cookie(log_in(http))[COOKIE]

    assert (kept["httponly"], kept["samesite"], kept["path"], kept["secure"]) == (True, "Lax", "/", "")
    assert len(kept.value) >= 43


@pytest.mark.parametrize("way", ["public_url", "origin"])
def test_over_https_the_cookie_is_for_https_only(way: str) -> None:
    settings = Settings(users=USERS, public_url="https://localhost" if way == "public_url" else "")
    http = client(create_app(small_company(settings=settings), settings))
    headers = {"Accept": "text/html", "Origin": "https://localhost", "Host": "localhost"}
    answer = http.post(f"{BASE}/login", data={"name": "ada", "password": "secret"}, headers=headers)

    assert cookie(answer)[COOKIE]["secure"] is True


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "Secret"), ("ada", ""), ("", "secret"), ("a:da", "x"), ("x" * 3000, "y")]
)
def test_what_is_wrong_gets_no_cookie_and_does_not_say_what_was_wrong(
    http: TestClient, name: str, password: str
) -> None:
    answer = log_in(http, name, password)

    assert answer.status_code == 401  # type: ignore[attr-defined]
    assert "set-cookie" not in answer.headers  # type: ignore[attr-defined]
    assert "do not belong together" in answer.text  # type: ignore[attr-defined]


def test_logging_out_ends_it_for_that_cookie_wherever_it_was_copied(http: TestClient) -> None:
    stolen = cookie(log_in(http))[COOKIE].value
    assert http.post(f"{BASE}/logout", headers=PAGE).status_code == 303

    http.cookies.clear()
    assert http.get(QUEUE, headers={**PAGE, "Cookie": f"{COOKIE}={stolen}"}).status_code == 401


def test_logging_in_again_gives_another_cookie_and_ends_the_one_before(http: TestClient) -> None:
    first = cookie(log_in(http))[COOKIE].value
    second = cookie(log_in(http))[COOKIE].value
    assert first != second

    http.cookies.clear()
    assert http.get(QUEUE, headers={**PAGE, "Cookie": f"{COOKIE}={first}"}).status_code == 401


async def test_a_cookie_in_long_use_is_replaced_and_the_old_one_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000]
    monkeypatch.setattr("dashboard.sessions._now", lambda: clock[0])
    monkeypatch.setattr("core.store.memory._now", lambda: clock[0])
    sessions = Sessions(MemoryStore(), hours=12)
    old = await sessions.begin("ada", "password")
    clock[0] += HOUR + 1
    session = await sessions.find(old)
    assert session is not None
    new = await sessions.rotated(old, session)

    assert new is not None
    assert await sessions.find(new) is not None
    assert await sessions.find(old) is not None
    clock[0] += GRACE + 1
    assert await sessions.find(old) is None
    assert await sessions.find(new) is not None


async def test_no_login_outlives_its_hours_however_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000]
    monkeypatch.setattr("dashboard.sessions._now", lambda: clock[0])
    monkeypatch.setattr("core.store.memory._now", lambda: clock[0])
    sessions = Sessions(MemoryStore(), hours=2)
    cookie = await sessions.begin("ada", "password")
    for _ in range(10):
        session = await sessions.find(cookie)
        if session is None:
            break
        cookie = await sessions.rotated(cookie, session) or cookie
        clock[0] += HOUR // 2

    assert await sessions.find(cookie) is None
    assert clock[0] <= 1_000_000 + 3 * HOUR


def test_neither_cookie_nor_password_is_kept_as_it_is() -> None:
    store = MemoryStore()
    herd = small_company(settings=SETTINGS)
    herd.store = store
    kept = cookie(log_in(client(create_app(herd, SETTINGS))))[COOKIE].value

    assert kept not in repr(store._shelves)
    assert "secret" not in repr(store._shelves)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/admin/queues\\..",
        "/other",
        "\r\nX: y",
        f"{BASE}/login",
    ],
)
def test_after_the_login_one_stays_here(wanted: str) -> None:
    assert inside(BASE, wanted) == BASE


def test_what_is_not_for_somebody_is_not_there_for_them(http: TestClient) -> None:
    log_in(http, "eve")
    names = {queue["name"] for queue in http.get(f"{BASE}/api/queues").json()["queues"]}

    assert names
    assert all(name.startswith("vid") for name in names)
    assert http.get(QUEUE, headers=PAGE).status_code == 404
    assert http.get(f"{BASE}/api/queues/default/bull/mail/jobs?state=failed").status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", "/login/start"), ("PUT", "/login"), ("GET", "/login")])
def test_a_stranger_learns_of_no_instance_and_no_queue(method: str, path: str) -> None:
    settings = Settings(users=USERS)
    herd = small_company(settings=settings, down=("b",))
    answer = client(create_app(herd, settings)).request(method, BASE + path, headers=PAGE)

    assert not any(word in answer.text for word in ("Redis b", "cannot be reached", "nobody to do it", "2 instances"))


def test_what_was_denied_and_who_came_in_is_written_down() -> None:
    herd = small_company(settings=SETTINGS)
    http = client(create_app(herd, SETTINGS))
    log_in(http, "eve")
    assert http.post(f"{BASE}/queues/default/bull/video/pauses", headers=PAGE).status_code == 403
    assert http.post(f"{BASE}/api/queues/default/bull/video/pause", headers=PAGE).status_code == 403
    kept = repr(herd.audit.__dict__["_store"].__dict__)

    assert kept.count("denied") == 2
    assert "login" in kept


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
