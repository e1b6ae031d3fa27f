from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Invalid
from core.settings import Settings
from dashboard.auth import check_bind
from tests.dashboard.fixed_herd import FixedHerd
from tests.dashboard.served import cheap_hash, client, dashboard

LOGIN = Settings(user="ada", password_hash=cheap_hash("secret"))


def answered(settings: Settings, host: str, path: str = "/") -> int:
    http = client(dashboard(FixedHerd(), settings))
    return http.get(path, headers={"Host": host}).status_code


@pytest.mark.parametrize("host", ["localhost", "localhost:3000", "LocalHost:1", "127.0.0.1:9", "127.0.0.1", "[::1]:3"])
def test_without_a_login_the_names_of_this_machine_are_answered(host: str) -> None:
    assert answered(Settings(), host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "10.0.0.5:3000",
        "127.0.0.2",
        "[::2]",
        "",
        "localhost:3000:3000",
        "a b",
        "@",
    ],
)
def test_without_a_login_no_other_name_is(host: str) -> None:
    assert answered(Settings(), host) == 421


def test_a_host_that_is_configured_is_answered_too() -> None:
    assert answered(Settings(hosts=("queues.internal",)), "Queues.Internal:80") == 200
    assert answered(Settings(hosts=("queues.internal",)), "localhost") == 200
    assert answered(Settings(hosts=("queues.internal",)), "queues.internal.evil") == 421


def test_with_a_login_any_host_is_answered_until_some_are_configured() -> None:
    assert answered(LOGIN, "anything.example") == 401
    assert answered(replace(LOGIN, hosts=("queues.internal",)), "queues.internal") == 401
    assert answered(replace(LOGIN, hosts=("queues.internal",)), "anything.example") == 421
    assert answered(replace(LOGIN, hosts=("queues.internal",)), "localhost") == 421


def test_an_open_door_answers_by_number_but_to_no_name_that_it_was_not_told() -> None:
    exposed = Settings(host="0.0.0.0", insecure_no_auth=True)

    assert answered(exposed, "10.0.0.5:3000") == 200
    assert answered(exposed, "[fd00::1]:3000") == 200
    assert answered(exposed, "rebound.evil.example:3000") == 421
    assert answered(Settings(host="0.0.0.0", insecure_no_auth=True, hosts=("*",)), "anything.example") == 200


def test_probes_are_answered_under_any_name() -> None:
    for path in ("/healthz", "/readyz", "/robots.txt"):
        assert answered(replace(LOGIN, hosts=("queues.internal",)), "10.1.2.3:3000", path) == 200


def test_two_host_headers_are_no_host() -> None:
    http = client(dashboard(FixedHerd(), Settings()))
    answer = http.get("/", headers=[("Host", "localhost"), ("Host", "evil.example")])

    assert answer.status_code == 421


def test_a_refusal_is_a_page_for_people_and_a_document_for_programs() -> None:
    http = client(dashboard(FixedHerd(), Settings()))
    page = http.get("/", headers={"Host": "evil.example", "Accept": "text/html,*/*;q=0.8"})
    document = http.get("/", headers={"Host": "evil.example", "Accept": "*/*"})

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "does not answer to the name &#x27;evil.example&#x27;" in page.text
    assert "TICKBIRD_HOSTS" in page.text
    assert "<style" not in page.text
    assert document.headers["content-type"] == "application/problem+json"
    assert (document.json()["code"], document.json()["status"]) == ("forbidden", 421)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8", "[::1]"])
def test_this_machine_may_be_served_without_a_login(host: str) -> None:
    check_bind(Settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.5", "queues.internal"])
def test_anybody_else_may_not_unless_somebody_insists(host: str) -> None:
    with pytest.raises(Invalid, match="Without a login Tickbird listens on this machine only") as refused:
        check_bind(Settings(host=host))

    assert "TICKBIRD_PASSWORD_HASH" in refused.value.hint
    assert "--insecure-no-auth" in refused.value.hint
    check_bind(Settings(host=host, insecure_no_auth=True))
    check_bind(replace(LOGIN, host=host))


def test_a_login_that_nobody_could_pass_is_refused_at_start() -> None:
    with pytest.raises(Invalid, match="password_hash"):
        check_bind(Settings(user="ada", password_hash="secret"))
