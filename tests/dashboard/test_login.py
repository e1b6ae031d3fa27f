"""Logging in by the page: who may, what their browser keeps, and how it ends."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from core.access.accounts import Grant, Token, User
from core.audit.entry import Sought
from core.audit.trail import Trail
from core.settings import Settings
from core.store.memory import MemoryStore
from dashboard.app import create_app
from dashboard.cookies import SESSION as COOKIE
from dashboard.login import inside
from dashboard.refused_logins import FREE, RefusedLogins
from dashboard.sparing import EVERY
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


def test_one_comes_back_to_what_one_looked_for_and_posts_nothing_twice(http: TestClient) -> None:
    looked_for = f"{QUEUE}?state=failed&q=a%26b"
    page = http.get(looked_for, headers=PAGE).text
    assert f'value="{looked_for.replace("&", "&amp;")}"' in page
    posted = http.post(f"{QUEUE}/pauses", headers=PAGE)
    assert (posted.status_code, f'value="{BASE}"' in posted.text) == (401, True)


@pytest.mark.parametrize("way", ["public_url", "origin"])
def test_over_https_the_cookie_is_for_https_only(way: str) -> None:
    settings = Settings(users=USERS, public_url="https://localhost" if way == "public_url" else "")
    http = client(create_app(small_company(settings=settings), settings))
    headers = {"Accept": "text/html", "Origin": "https://localhost", "Host": "localhost"}
    answer = http.post(f"{BASE}/login", data={"name": "ada", "password": "secret"}, headers=headers)

    # By the setting it is known before anybody comes, so a neighbour under the same domain can be kept out as well.
    name = f"__Host-{COOKIE}" if way == "public_url" else COOKIE
    (kept,) = cookie(answer).values()
    assert (kept.key, kept["secure"], kept["path"], kept["domain"]) == (name, True, "/", "")


def test_a_cookie_that_a_neighbour_under_the_same_domain_could_have_set_opens_nothing() -> None:
    settings = Settings(users=USERS, public_url="https://localhost")
    http = client(create_app(small_company(settings=settings), settings))
    headers = {"Accept": "text/html", "Origin": "https://localhost", "Host": "localhost"}
    kept = cookie(http.post(f"{BASE}/login", data={"name": "ada", "password": "secret"}, headers=headers))
    http.cookies.clear()
    value = kept[f"__Host-{COOKIE}"].value

    assert http.get(QUEUE, headers={**PAGE, "Cookie": f"{COOKIE}={value}"}).status_code == 401
    assert http.get(QUEUE, headers={**PAGE, "Cookie": f"__Host-{COOKIE}={value}"}).status_code == 200


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


@pytest.mark.parametrize(
    ("users", "status"),
    [
        (USERS, 200),
        ((User("ada", Grant("admin"), cheap_hash("another")), USERS[1]), 401),
        ((User("ada", Grant("admin")), USERS[1]), 401),
        ((USERS[1],), 401),
    ],
    ids=["nothing changed", "another password", "no password", "no such user"],
)
def test_no_login_outlives_its_password_or_its_user(users: tuple[User, ...], status: int) -> None:
    herd = small_company(settings=SETTINGS)
    kept = cookie(log_in(client(create_app(herd, SETTINGS))))[COOKIE].value
    settings = Settings(users=users)
    again = small_company(settings=settings)
    again.store = herd.store

    answer = client(create_app(again, settings)).get(f"{BASE}/api/me", headers={"Cookie": f"{COOKIE}={kept}"})
    assert answer.status_code == status


def test_logging_out_everywhere_ends_every_login_of_that_person_and_of_no_other(http: TestClient) -> None:
    def of(name: str) -> str:
        http.cookies.clear()
        return cookie(log_in(http, name))[COOKIE].value

    eves, adas = of("eve"), [of("ada") for _ in range(3)]
    assert http.post(f"{BASE}/logout", data={"everywhere": "yes"}, headers=PAGE).status_code == 303
    http.cookies.clear()

    seen = [http.get(f"{BASE}/api/me", headers={"Cookie": f"{COOKIE}={each}"}).status_code for each in (*adas, eves)]
    assert seen == [401, 401, 401, 200]


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        (Settings(), 303),
        (Settings(tokens=(Token("ci", Grant("admin"), "0" * 64),)), 303),
        (Settings(users=(User("ada", Grant("admin")),)), 303),
        (Settings(user="ada", password_hash=SECRET), 200),
    ],
    ids=["no login", "tokens alone", "nobody with a password", "one user"],
)
def test_the_page_to_log_in_on_is_there_where_it_is_of_use(settings: Settings, status: int) -> None:
    answer = client(create_app(small_company(settings=settings), settings)).get(f"{BASE}/login", headers=PAGE)

    assert answer.status_code == status
    assert answer.headers.get("location") == (BASE if status == 303 else None)


def test_the_one_user_can_log_in_by_the_page_as_well() -> None:
    settings = Settings(user="ada", password_hash=SECRET)
    http = client(create_app(small_company(settings=settings), settings))

    assert "www-authenticate" in http.get(QUEUE, headers=PAGE).headers
    assert log_in(http, next=QUEUE).headers["location"] == QUEUE  # type: ignore[attr-defined]
    assert http.get(QUEUE, headers=PAGE).status_code == 200


def test_who_is_in_and_comes_to_the_login_goes_on_to_where_they_wanted(http: TestClient) -> None:
    log_in(http)
    assert http.get(f"{BASE}/login?next={QUEUE}", headers=PAGE).headers["location"] == QUEUE
    shown = http.get(f"{BASE}/login", headers=PAGE).text
    assert "You are <b>ada</b>, admin." in shown
    assert "Password" not in shown
    assert shown.count(f'action="{BASE}/logout"') == 2


def test_refused_logins_are_written_down_and_strangers_cannot_fill_the_log_with_them() -> None:
    herd = small_company(settings=SETTINGS)
    http = client(create_app(herd, SETTINGS))
    log_in(http, "ada", "wrong")
    log_in(http, "a password typed here", "wrong")
    kept = repr(herd.audit.__dict__["_store"].__dict__)

    assert kept.count("denied") == 2
    assert "ada" in kept
    assert "a password typed here" not in kept


async def test_a_flood_of_refused_logins_is_told_in_few_lines_that_say_how_many() -> None:
    clock, store = [0.0], MemoryStore()
    refused, trail = RefusedLogins(lambda: clock[0]), Trail(store)
    for second in range(600):
        clock[0] = float(second)
        await refused.tell(trail, "No.")
    entries = (await trail.read(Sought(verb="login"), 100)).entries

    assert FREE <= len(entries) <= FREE + 600 / EVERY
    assert entries[-1].said == "No."
    assert "59 more were refused" in entries[0].said


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
        f"{BASE}/login/start?next=x",
        f"//{BASE}/x",
        f" //{BASE}/x",
        f"\x00//{BASE}",
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
