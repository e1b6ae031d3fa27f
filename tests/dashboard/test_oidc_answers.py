"""A provider that gives strange answers, describes itself wrongly, or is away; and what is told of it."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, RedirectResponse, Response

from core.access.accounts import Grant, User
from core.settings import Settings
from dashboard.app import create_app
from dashboard.cookies import ATTEMPT, SESSION
from dashboard.oidc_http import LARGEST
from dashboard.oidc_provider import with_more
from tests.dashboard.browsing import BASE
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.lying_provider import PAGE, SECRET, LyingProvider, Visitor, lying, refused
from tests.dashboard.served import cheap_hash, client

HOSTILE = '"><img src=x onerror=alert(1)>\r\nX-Injected: yes\x1b[31m call +1 555 0100'


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    with lying() as found:
        yield found


@pytest.fixture
def visitor(provider: LyingProvider) -> Visitor:
    return Visitor(provider)


@pytest.mark.parametrize("code", ["access_denied", "server_error", "<script>", "x" * 4000, HOSTILE])
def test_what_a_provider_says_instead_of_a_code_is_put_into_words_of_ours(
    visitor: Visitor, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    asked = visitor.begin()
    answer = visitor.back(asked, code=None, error=code, error_description=HOSTILE)

    refused(visitor, answer)
    assert not any(word in answer.text for word in ("555 0100", "onerror", "<script>", "xxxx"))
    assert "x-injected" not in answer.headers
    said = [record.getMessage() for record in caplog.records if "refused a login" in record.getMessage()]
    assert len(said) == 1
    assert said[0].isprintable()
    assert len(said[0]) < 500


@pytest.mark.parametrize(
    "said",
    [
        {"code": None},
        {"code": ""},
        {"code": ["one", "two"]},
        {"code": "x" * 5000},
        {"iss": "https://evil.example"},
        {"iss": ""},
    ],
    ids=str,
)
def test_an_answer_that_is_none_is_refused(visitor: Visitor, provider: LyingProvider, said: dict[str, Any]) -> None:
    provider.document = {"authorization_response_iss_parameter_supported": True}
    words = {"iss": provider.issuer, **said}
    asked = visitor.begin()
    refused(visitor, visitor.back(asked, **words))
    assert "/token" not in provider.paths()


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "http://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint": 7},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "http://x y/"},
    ],
    ids=str,
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    visitor: Visitor, provider: LyingProvider, document: dict[str, Any]
) -> None:
    provider.document = document
    answer = visitor.http.get(f"{BASE}/login/start", headers=PAGE)
    assert answer.status_code == 503
    assert "gives no sensible answer" in answer.text
    assert "evil.example" not in answer.text


ANSWERS: dict[str, Callable[[], Response]] = {
    "an error": lambda: Response("no", 500),
    "a redirect": lambda: RedirectResponse("http://169.254.169.254/latest"),
    "no JSON": lambda: Response("{", media_type="application/json"),
    "a list": lambda: JSONResponse([]),
    "far too much": lambda: Response(b'{"x":"' + b"x" * (LARGEST + 1) + b'"}', media_type="application/json"),
    "packed": lambda: Response(gzip.compress(b"{}"), headers={"content-encoding": "gzip"}),
    "bytes": lambda: Response(bytes(range(256)), media_type="application/json"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_provider_that_answers_nonsense_is_away_and_comes_back(
    provider: LyingProvider, answer: Callable[[], Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.renewed.PAUSE", 0.0)
    visitor = Visitor(provider, users=(User("root", Grant("admin"), cheap_hash("secret")),))
    provider.answer = answer()
    assert visitor.http.get(f"{BASE}/login/start", headers=PAGE).status_code == 503
    shown = visitor.http.get(BASE, headers=PAGE)
    assert shown.status_code == 401
    assert all(word in shown.text for word in ("cannot be reached", "Password", "Log in by 127.0.0.1"))

    form = {"name": "root", "password": "secret"}
    same = {**PAGE, "Sec-Fetch-Site": "same-origin"}
    assert visitor.http.post(f"{BASE}/login", data=form, headers=same).status_code == 303
    visitor.http.cookies.clear()
    provider.answer = None
    assert visitor.log_in().status_code == 303
    visitor.http.cookies.clear()
    assert "cannot be reached" not in visitor.http.get(BASE, headers=PAGE).text


def test_of_somebody_else_nothing_more_is_believed(visitor: Visitor, provider: LyingProvider) -> None:
    provider.userinfo = {"sub": "0043", "groups": ["chiefs"]}
    asked = visitor.begin()
    provider.without = ("groups",)
    refused(visitor, visitor.back(asked))


def test_what_only_the_userinfo_tells_is_asked_for_and_the_token_has_the_last_word(provider: LyingProvider) -> None:
    visitor = Visitor(provider)
    provider.userinfo = {"sub": "0042", "groups": ["ops"], "email": "root@example.com"}
    asked = visitor.begin()
    provider.without = ("groups",)
    assert visitor.back(asked).status_code == 303
    assert visitor.me()["name"] == "ada@example.com"
    assert visitor.me()["role"] == "operator"
    headers = next(headers for path, headers in provider.asked if path == "/userinfo")
    assert headers["authorization"] == "Bearer an-access-token"


SAID = st.sampled_from([None, True, False, "true"])
ADDRESS = st.sampled_from([None, "me@evil.example", "victim@example.com"])
DOCUMENT = st.fixed_dictionaries({}, optional={"email": ADDRESS, "email_verified": SAID, "groups": st.just(None)})


@given(token=DOCUMENT, userinfo=DOCUMENT)
def test_an_address_is_only_verified_by_what_says_so_of_that_very_address(
    token: dict[str, Any], userinfo: dict[str, Any]
) -> None:
    both = with_more(token, userinfo)
    first = next((each["email"] for each in (token, userinfo) if each.get("email")), None)

    assert both.get("email") == first
    if both.get("email_verified") is True:
        assert any(each.get("email") == first and each.get("email_verified") is True for each in (token, userinfo))


@given(token=DOCUMENT, name=st.sampled_from(["groups", "email", "more"]))
def test_what_a_token_leaves_open_the_userinfo_tells(token: dict[str, Any], name: str) -> None:
    assert with_more({**token, name: None}, {name: ["chiefs"]})[name] == ["chiefs"]


def test_one_address_is_not_verified_by_another(visitor: Visitor, provider: LyingProvider) -> None:
    provider.userinfo = {"sub": "0042", "email": "me@evil.example", "email_verified": True}
    provider.without, provider.claims = ("email_verified",), {"email": "victim@example.com"}
    refused(visitor, visitor.log_in())


@pytest.mark.parametrize("port", [65_536, 99_999, 10**30])
@pytest.mark.parametrize("which", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_an_address_with_a_port_that_is_none_cannot_be_reached(
    visitor: Visitor, provider: LyingProvider, which: str, port: int
) -> None:
    provider.document, provider.userinfo = {which: f"http://127.0.0.1:{port}/"}, {"sub": "0042"}
    asked = visitor.begin()
    provider.without = ("groups",)
    refused(visitor, visitor.back(asked), 503)


def test_a_provider_of_the_network_we_stand_in_is_asked_only_where_that_is_allowed(
    provider: LyingProvider, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = Visitor(provider, oidc={"internal": False})
    answer = visitor.http.get(f"{BASE}/login/start", headers=PAGE)
    assert answer.status_code == 503
    assert "oidc.internal" not in answer.text
    assert "oidc.internal" in caplog.text
    assert provider.asked == []


def test_no_secret_is_in_any_page_header_or_line_of_the_log(
    provider: LyingProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = Visitor(provider)
    asked = visitor.begin()
    cookie = visitor.http.cookies[ATTEMPT]
    answer = visitor.back(asked)
    session = visitor.http.cookies[SESSION]
    shown = visitor.http.get(BASE, headers=PAGE)

    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("tickbird", "authlib"))]
    verifier = next(form for path, form in provider.asked if path == "/token")["code_verifier"]
    for secret in (SECRET, "an-access-token", verifier, cookie, session):
        assert not any(secret in line for line in ours)
        assert secret not in shown.text
        assert secret not in answer.text
    assert SECRET not in repr(visitor.settings)


def test_where_no_provider_is_configured_there_is_nothing_to_begin() -> None:
    settings = Settings(user="ada", password_hash=cheap_hash("secret"))
    http = client(create_app(small_company(settings=settings), settings))
    assert http.get(f"{BASE}/login/start", headers=PAGE).status_code == 404
    assert http.get(f"{BASE}/login/return?code=x&state=y", headers=PAGE).status_code == 404
