"""What one person, and whoever stands outside, can not do by logging in: fill what others need, or lead elsewhere."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from core.access.accounts import Grant, User
from core.settings import Settings
from dashboard.app import create_app
from dashboard.budgets import LOGINS
from dashboard.cookies import ATTEMPT, sent
from dashboard.cookies import SESSION as COOKIE
from dashboard.login import inside
from dashboard.sparing import EVERY, MOST_NAMES, Sparing
from tests.dashboard.browsing import BASE
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.served import cheap_hash, client

SECRET = cheap_hash("secret")
USERS = (User("ada", Grant("admin"), SECRET), User("eve", Grant("viewer", queues=("vid*",)), SECRET))
SETTINGS = Settings(users=USERS)
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
QUEUE = f"{BASE}/queues/default/bull/mail"
# What a browser takes for the beginning of another host's address, what it strips, and what is ours.
PIECES = [
    "/",
    "//",
    "\\",
    "\t",
    "\n",
    "\r",
    "\x00",
    " ",
    ".",
    "..",
    "@",
    ":",
    "?",
    "#",
    "%2f",
    "evil.example",
    "https:",
]
WANTED = st.lists(st.one_of(st.sampled_from([*PIECES, BASE, "admin", "queues"]), st.text(max_size=3)), max_size=8)


def log_in(http: TestClient, name: str) -> int:
    form = {"name": name, "password": "secret"}
    return int(http.post(f"{BASE}/login", data=form, headers=PAGE).status_code)


def is_of_this_host(location: str) -> bool:
    """As the URL standard resolves it against an http address: what is stripped, and which slashes lead to a host."""
    left = re.sub("[\t\n\r]", "", location.strip("".join(map(chr, range(0x21)))))
    return not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]{2}", left)


@given(WANTED)
@settings(max_examples=400, deadline=None)
def test_wherever_somebody_wants_to_go_after_the_login_their_browser_stays_here(wanted: list[str]) -> None:
    for beginning in ("", "/", "//", " //", f"//{BASE}/", f"{BASE}/"):
        location = inside(BASE, beginning + "".join(wanted))
        assert is_of_this_host(location)
        assert location.startswith(BASE)


COOKIE_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters=";"), max_size=12)
OTHERS = st.lists(
    st.one_of(COOKIE_TEXT, st.sampled_from(['prefs={"a":1}', "a[0]=1", "version=1", "agreed", "$Path=/"]))
)


@given(before=OTHERS, after=OTHERS, ours=st.sampled_from([COOKIE, ATTEMPT]))
@settings(deadline=None)
def test_whatever_cookies_other_applications_have_here_ours_is_read(
    before: list[str], after: list[str], ours: str
) -> None:
    others = [each for each in (*before, *after) if each.partition("=")[0].strip() != ours]
    line = "; ".join([*others[: len(before)], f"{ours}=abc-DEF_1.x", *others[len(before) :]])

    assert sent(ours, Headers({"cookie": line}), SETTINGS) == "abc-DEF_1.x"


def test_who_knows_a_password_can_neither_fill_the_audit_log_with_logins_nor_end_those_of_others() -> None:
    herd = small_company(settings=SETTINGS)
    app = create_app(herd, SETTINGS)
    ada = client(app)
    log_in(ada, "ada")
    statuses = [log_in(client(app), "eve") for _ in range(3 * LOGINS)]

    assert set(statuses) == {303, 429}
    assert statuses[:LOGINS] == [303] * LOGINS
    assert repr(herd.store.__dict__["_logs"]).count("with name and password") == statuses.count(303) + 1
    assert ada.get(QUEUE, headers=PAGE).status_code == 200
    assert log_in(client(app), "ada") == 303


def test_another_applications_cookies_lock_nobody_out() -> None:
    http = client(create_app(small_company(settings=SETTINGS), SETTINGS))
    log_in(http, "ada")
    kept = http.cookies[COOKIE]
    http.cookies.clear()
    for other in ('prefs={"a":1}', "version=1", "a[0]=1", "agreed", quote("é")):
        answer = http.get(QUEUE, headers={**PAGE, "Cookie": f"{other}; {COOKIE}={kept}; {other}"})
        assert answer.status_code == 200, other


def test_who_may_only_look_cannot_fill_the_audit_log_with_what_they_are_denied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dashboard.denials.FREE", 5)
    only = Settings(users=(*USERS, User("vera", Grant("viewer"), SECRET)), limits_requests=20)
    herd = small_company(settings=only)
    app = create_app(herd, only)

    http = client(app)

    def tried(name: str, path: str) -> int:
        return int(http.post(f"{BASE}{path}", headers=PAGE, auth=(name, "secret")).status_code)

    paths = ("/queues/default/bull/mail/pauses", "/api/queues/default/bull/mail/pause")
    statuses = [tried("vera", path) for _ in range(80) for path in paths]
    assert set(statuses) == {403, 429}, "what is refused costs as well"
    assert repr(herd.store.__dict__["_logs"]).count("denied") <= 5 + 1 + statuses.count(403) // 20
    assert tried("eve", paths[0]) == 403
    assert "eve" in repr(herd.store.__dict__["_logs"]), "the flood of one leaves room for another"


def test_lines_are_spared_name_by_name_and_none_is_lost_from_the_count() -> None:
    clock = [0.0]
    sparing = Sparing(5, lambda: clock[0])
    told = {name: [sparing.unwritten(name) for _ in range(100)] for name in ("ada", "eve")}
    clock[0] = EVERY

    for name, answers in told.items():
        assert answers == [0] * 5 + [None] * 95
        assert sparing.unwritten(name) == 95
        assert sparing.unwritten(name) is None
    for number in range(2 * MOST_NAMES):
        assert sparing.unwritten(f"name {number}") == 0
    assert len(sparing._names) == MOST_NAMES
