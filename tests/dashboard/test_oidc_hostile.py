"""A provider that lies, a network that does, and browsers that come back with what is not theirs."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dashboard.attempts import SECONDS
from dashboard.cookies import ATTEMPT
from dashboard.oidc_token import LEEWAY
from tests.dashboard.browsing import BASE
from tests.dashboard.lying_provider import PAGE, SECRET, LyingProvider, Visitor, lying, new_key, refused

HOSTILE = '"><img src=x onerror=alert(1)>\r\nX-Injected: yes\x1b[31m call +1 555 0100'


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    with lying() as found:
        yield found


@pytest.fixture
def visitor(provider: LyingProvider) -> Visitor:
    return Visitor(provider)


def test_who_the_provider_vouches_for_comes_in_to_where_they_wanted(visitor: Visitor, provider: LyingProvider) -> None:
    asked = visitor.begin(f"{BASE}/queues/default/bull/mail?state=failed")
    answer = visitor.back(asked)

    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/queues/default/bull/mail?state=failed")
    assert {"name": "ada@example.com", "role": "operator", "queues": ["mail"]}.items() <= visitor.me().items()
    assert [(entry["who"], entry["ended"]) for entry in visitor.written()] == [("ada@example.com", "done")]
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scope"].split()[0] == "openid"
    sent = next(form for path, form in provider.asked if path == "/token")
    assert (sent["grant_type"], sent["code"]) == ("authorization_code", "a-code")
    assert sent["redirect_uri"] == f"http://localhost{BASE}/login/return"
    assert "client_secret" not in sent, "it goes in the header, as the provider prefers"


def test_state_nonce_and_challenge_are_new_each_time_and_not_in_the_page(visitor: Visitor) -> None:
    first, second = visitor.begin(), visitor.begin()

    assert not {first["state"], first["nonce"], first["code_challenge"]} & set(second.values())
    (header,) = visitor.http.get(f"{BASE}/login/start", headers=PAGE).headers.get_list("set-cookie")
    assert all(word in header for word in (ATTEMPT, "HttpOnly", "SameSite=Lax", f"Max-Age={SECONDS}", "Path=/"))


def test_under_https_the_attempt_is_for_https_and_this_host_alone(provider: LyingProvider) -> None:
    visitor = Visitor(provider, public_url="https://localhost")
    (header,) = visitor.http.get(f"{BASE}/login/start", headers=PAGE).headers.get_list("set-cookie")

    assert header.startswith(f"__Host-{ATTEMPT}=")
    assert header.endswith("; Secure")


Lie = Callable[[LyingProvider], None]


def says(**claims: Any) -> Lie:
    return lambda provider: provider.claims.update(claims)


def signs(sign: Callable[[LyingProvider, dict[str, Any]], str]) -> Lie:
    def lie(provider: LyingProvider) -> None:
        provider.sign = lambda claims: sign(provider, claims)

    return lie


def lacks(*names: str) -> Lie:
    return lambda provider: setattr(provider, "without", names)


def tells(**token: Any) -> Lie:
    return lambda provider: provider.token.update(token)


def by_nobody(_: LyingProvider, claims: dict[str, Any]) -> str:
    header, body = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "none"}, claims))
    return b".".join((header.rstrip(b"="), body.rstrip(b"="), b"")).decode()


def by_a_public_key(provider: LyingProvider, claims: dict[str, Any]) -> str:
    header = {"alg": "HS256", "kid": "first"}
    said = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims))
    seal = hmac.digest(provider.key.as_pem(private=False), said, "sha256")
    return f"{said.decode()}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"


def by_another_key(provider: LyingProvider, claims: dict[str, Any]) -> str:
    return provider.signed(claims, new_key("first"))


def by_an_unknown_key(provider: LyingProvider, claims: dict[str, Any]) -> str:
    return provider.signed(claims, new_key("unknown"))


def changed_afterwards(provider: LyingProvider, claims: dict[str, Any]) -> str:
    head, _, signature = provider.signed(claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps({**claims, "groups": ["chiefs"]}).encode()).decode().rstrip("=")
    return ".".join((head, body, signature))


def with_a_key_of_its_own(provider: LyingProvider, claims: dict[str, Any]) -> str:
    key = new_key("mine")
    return provider.signed(claims, key, jwk=key.as_dict(private=False))


LIES: dict[str, Lie] = {
    "another nonce": says(nonce="another"),
    "no nonce": lacks("nonce"),
    "a nonce that is no text": says(nonce=["x"]),
    "another issuer": says(iss="https://evil.example"),
    "no issuer": lacks("iss"),
    "for somebody else": says(aud="somebody-else"),
    "for nobody": lacks("aud"),
    "for several, given to none": says(aud=["tickbird", "somebody-else"]),
    "for several, given to another": says(aud=["tickbird", "somebody-else"], azp="somebody-else"),
    "given to another": says(azp="somebody-else"),
    "about nobody": lacks("sub"),
    "expired": says(exp=int(time.time()) - LEEWAY - 5),
    "without an end": lacks("exp"),
    "an end that is no number": says(exp="never"),
    "from the future": says(iat=int(time.time()) + 86_400),
    "not yet good": says(nbf=int(time.time()) + 86_400),
    "signed by nobody": signs(by_nobody),
    "signed with a public key": signs(by_a_public_key),
    "signed with another key of that name": signs(by_another_key),
    "signed with an unknown key": signs(by_an_unknown_key),
    "with a key of its own": signs(with_a_key_of_its_own),
    "changed afterwards": signs(changed_afterwards),
    "no token at all": tells(id_token=None),
    "a number": tells(id_token=7),
    "a text": tells(id_token="a.b.c"),
    "emptiness": tells(id_token=""),
    "very many dots": tells(id_token="." * 10_000),
    "the digest of another access token": says(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "deep nesting": signs(lambda provider, _: provider.signed(json.loads('{"x":' + "[" * 500 + "]" * 500 + "}"))),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_token_that_cannot_be_believed_lets_nobody_in(
    visitor: Visitor, provider: LyingProvider, lie: Lie, caplog: pytest.LogCaptureFixture
) -> None:
    asked = visitor.begin()
    lie(provider)
    refused(visitor, visitor.back(asked))
    assert "is refused:" in caplog.text
    assert SECRET not in caplog.text


def test_clocks_may_differ_a_little(visitor: Visitor, provider: LyingProvider) -> None:
    now = int(time.time())
    provider.claims = {"exp": now - LEEWAY // 4, "iat": now + LEEWAY // 4}
    assert visitor.log_in().status_code == 303


def test_for_several_is_for_us_where_it_was_given_to_us(visitor: Visitor, provider: LyingProvider) -> None:
    provider.claims = {"aud": ["somebody-else", "tickbird"], "azp": "tickbird"}
    assert visitor.log_in().status_code == 303


def test_a_key_that_is_new_is_asked_for_and_one_that_is_gone_is_forgotten(provider: LyingProvider) -> None:
    visitor = Visitor(provider)
    assert visitor.log_in().status_code == 303
    former, provider.key, provider.claims = provider.key, new_key("second"), {}
    visitor.http.cookies.clear()
    assert visitor.log_in().status_code == 303

    provider.sign, provider.claims = (lambda claims: provider.signed(claims, former)), {}
    visitor.http.cookies.clear()
    assert visitor.log_in().status_code == 403
    # Each unknown key is asked for once.
    assert provider.paths().count("/keys") == 3
    assert provider.paths().count("/.well-known/openid-configuration") == 1


def test_an_answer_opens_no_other_browser(visitor: Visitor) -> None:
    asked = visitor.begin()
    other = visitor.another()
    answer = visitor.back(asked, other)

    assert answer.status_code == 403
    assert "not begun in this browser" in answer.text
    assert other.get(f"{BASE}/api/me").status_code == 401
    # Neither is it used up, nor is the log filled by whoever sends such.
    assert visitor.written() == []
    assert visitor.back(asked).status_code == 303


def test_an_answer_to_the_login_of_another_tab_is_not_taken_for_this_ones(visitor: Visitor) -> None:
    first, second = visitor.begin(), visitor.begin()
    assert "began last" in visitor.back(first).text
    visitor.provider.claims["nonce"] = second["nonce"]
    assert visitor.back(second).status_code == 303
    # Whoever is in already is not bothered with it.
    assert visitor.back(first).headers["location"] == BASE


def test_an_answer_is_good_once(visitor: Visitor) -> None:
    asked = visitor.begin()
    attempt = visitor.http.cookies[ATTEMPT]
    assert visitor.back(asked).status_code == 303
    visitor.http.cookies.clear()
    visitor.http.cookies.set(ATTEMPT, attempt)

    answer = visitor.back(asked)
    assert answer.status_code == 403
    assert "over already" in answer.text
    assert visitor.me() is None


def test_a_login_that_took_too_long_is_begun_anew(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = visitor.begin()
    later = time.time_ns() // 1_000_000 + SECONDS * 1000 + 1
    monkeypatch.setattr("dashboard.attempts._now", lambda: later)
    assert "too long ago" in visitor.back(asked).text


@pytest.mark.parametrize("forged", ["", "x", "x.y", "eyJ4Ijoib25lIn0.00", ".", "é.é"])
def test_an_attempt_that_we_did_not_sign_is_none(visitor: Visitor, forged: str) -> None:
    asked = visitor.begin()
    visitor.http.cookies.clear()
    answer = visitor.http.get(
        f"{BASE}/login/return",
        params={"code": "x", "state": asked["state"]},
        headers=[(b"accept", b"text/html"), (b"cookie", f"{ATTEMPT}={forged}".encode())],
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_after_the_login_one_stays_here(visitor: Visitor, wanted: str) -> None:
    assert visitor.log_in(wanted).headers["location"] == BASE
