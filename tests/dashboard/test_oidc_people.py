"""As whom somebody comes in whom the provider knows: exactly what the settings say, and no longer than they say it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.access.accounts import Grant, User
from core.access.directory import Directory
from core.access.provider import Group, Provider
from core.errors import Forbidden, Invalid
from core.settings import Settings
from dashboard import sessions
from dashboard.app import create_app
from dashboard.auth import check_bind
from dashboard.cookies import SESSION
from dashboard.oidc_person import Person, person
from dashboard.sessions import HOUR
from tests.dashboard.browsing import BASE
from tests.dashboard.lying_provider import LyingProvider, Visitor, lying
from tests.dashboard.served import cheap_hash, client

GROUPS = (Group("ops", Grant("operator")), Group("chiefs", Grant("admin")), Group("a b", Grant("admin")))
ISSUER = "https://id.example.com"
ADA = {"email": "ada@example.com", "email_verified": True, "groups": ["ops"]}
USERS = (User("bea@example.com", Grant("admin", queues=("mail",))), User("cat@example.com", Grant(), cheap_hash("x")))


def came(claims: dict[str, Any], **oidc: Any) -> tuple[Person, str]:
    """Who that is, and their role."""
    provider = Provider(ISSUER, "tickbird", **{"groups": GROUPS, **oidc})
    directory = Directory(Settings(oidc=provider, users=USERS, public_url="https://x"))
    who = person(claims, provider, directory)
    asker = directory.provided(who.name, who.group)
    assert asker is not None
    return who, asker.role


def test_the_first_group_of_the_settings_that_fits_decides() -> None:
    both = {**ADA, "groups": ["chiefs", "staff", "ops"]}
    assert came(both) == (Person("ada@example.com", "ops"), "operator")
    assert came(both, groups=GROUPS[::-1]) == (Person("ada@example.com", "chiefs"), "admin")


@pytest.mark.parametrize(
    "groups",
    ["chiefs ops", "Ops", "ops ", "op", "opsy", "^ops$", "*", [["ops"]], [{"name": "ops"}], {"ops": True}, 7, None, []],
    ids=repr,
)
def test_a_group_that_is_not_exactly_one_of_the_settings_gives_nothing(groups: Any) -> None:
    with pytest.raises(Forbidden, match="no role of this Tickbird"):
        came({**ADA, "groups": groups})
    assert came({**ADA, "groups": groups}, role="viewer") == (Person("ada@example.com"), "viewer")


def test_one_group_may_be_said_as_a_text() -> None:
    assert came({**ADA, "groups": "ops"})[1] == "operator"
    assert came({**ADA, "groups": "a b"})[1] == "admin"


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["ops"]}}),
        ("https://example.com/roles", {"https://example.com/roles": ["ops"]}),
        ("a.b", {"a.b": ["ops"], "a": {"b": ["chiefs"]}}),
    ],
)
def test_the_groups_may_stand_deeper_or_under_a_name_with_dots(name: str, claims: dict[str, Any]) -> None:
    assert came({**ADA, "groups": ["chiefs"], **claims}, groups_claim=name)[1] == "operator"


def test_who_is_one_of_the_users_is_given_what_stands_there() -> None:
    assert came({**ADA, "email": "bea@example.com", "groups": []}) == (Person("bea@example.com"), "admin")


@pytest.mark.parametrize(
    "email",
    ["Bea@example.com", "bea@example.com.evil.example", "xbea@example.com", "bea@example.com ", "beaXexample.com"],
)
def test_a_name_that_is_not_exactly_that_of_a_user_is_not_theirs(email: str) -> None:
    with pytest.raises(Forbidden):
        came({**ADA, "email": email, "groups": []})


def test_a_name_that_has_a_password_here_is_nobody_elses() -> None:
    with pytest.raises(Forbidden, match="has a password here"):
        came({**ADA, "email": "cat@example.com"})


@pytest.mark.parametrize("verified", [False, None, "true", 1], ids=repr)
def test_an_address_that_is_not_verified_is_no_name(verified: Any) -> None:
    claims = {**ADA, "email_verified": verified}
    with pytest.raises(Forbidden, match="email_verified"):
        came(claims)
    assert came({**claims, "preferred_username": "ada"}, name_claim="preferred_username")[0].name == "ada"


@pytest.mark.parametrize(
    "name", [None, "", " ", 7, ["ada"], {"is": "ada"}, "x" * 201], ids=lambda name: repr(name)[:20]
)
def test_who_has_no_name_does_not_come_in(name: Any) -> None:
    with pytest.raises(Forbidden, match="your name here"):
        came({**ADA, "email": name})


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    with lying() as found:
        yield found


@pytest.mark.parametrize(
    ("settings", "role"),
    [
        ({}, "operator"),
        ({"oidc": {"groups": (Group("ops", Grant("viewer")),)}}, "viewer"),
        ({"oidc": {"groups": (Group("chiefs", Grant("admin")),)}}, None),
        ({"oidc": {"groups": (), "role": "viewer"}}, None),
        ({"oidc": None, "users": USERS}, None),
        ({"users": (User("ada@example.com", Grant("admin"), cheap_hash("x")),)}, None),
    ],
    ids=["the same", "a lesser role", "without the group", "another role for all", "no provider", "a password of hers"],
)
def test_no_login_outlives_what_the_settings_say(
    provider: LyingProvider, settings: dict[str, Any], role: str | None
) -> None:
    before = Visitor(provider)
    assert before.log_in().status_code == 303
    told = dict(settings)
    without = "oidc" in told and told["oidc"] is None
    after = Visitor(provider, before.herd, **{key: value for key, value in told.items() if value is not None})
    if without:
        after = _without_a_provider(after)
    after.http.cookies.set(SESSION, before.http.cookies[SESSION])
    who = after.me()
    assert (who["role"] if who else None) == role


def _without_a_provider(visitor: Visitor) -> Visitor:
    settings = replace(visitor.settings, oidc=None)
    visitor.http = client(create_app(visitor.herd, settings))
    return visitor


def test_a_login_at_one_provider_is_none_at_another(provider: LyingProvider) -> None:
    before = Visitor(provider)
    before.log_in()
    provider.issuer = "http://127.0.0.1:1"
    after = Visitor(provider, before.herd)
    after.http.cookies.set(SESSION, before.http.cookies[SESSION])
    assert after.me() is None


def test_a_login_ends_after_its_hours_whatever_the_provider_says(
    provider: LyingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(provider, session_hours=2)
    answer = visitor.log_in()
    assert "Max-Age=7200" in answer.headers.get_list("set-cookie")[0]
    now = sessions._now()
    monkeypatch.setattr("dashboard.sessions._now", lambda: now + 2 * HOUR + 1)
    assert visitor.me() is None


def test_who_logs_out_is_asked_again(provider: LyingProvider) -> None:
    visitor = Visitor(provider)
    visitor.log_in()
    answer = visitor.http.post(f"{BASE}/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.headers["location"] == f"{BASE}/login"
    assert visitor.me() is None


def test_without_the_extra_that_is_said_before_anything_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib.integrations.httpx_client", None)
    with pytest.raises(Invalid, match="needs the extra oidc, which is not installed"):
        check_bind(Settings(oidc=Provider(ISSUER, "tickbird"), public_url="https://x"))


def test_a_file_of_authorities_that_is_none_is_refused_before_anything_listens() -> None:
    with pytest.raises(Invalid, match=r"oidc\.ca"):
        check_bind(Settings(oidc=Provider(ISSUER, "tickbird", ca="/nowhere/ca.crt"), public_url="https://x"))
