"""An OpenID provider that says whatever a test wants it to say, and a browser that goes to it and back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.access.accounts import Grant
from core.access.provider import Group, Provider
from core.settings import Settings
from dashboard.app import create_app
from dashboard.cookies import SESSION
from tests.dashboard.browsing import BASE
from tests.dashboard.fixed_herd import FixedHerd, small_company
from tests.dashboard.served import client, serve

HERE = "http://localhost"
SECRET = "the-secret-of-the-client"
GROUPS = (Group("ops", Grant("operator", queues=("mail",))), Group("chiefs", Grant("admin")))
PAGE = {"Accept": "text/html"}


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


@dataclass
class LyingProvider:
    """Honest as long as nothing is changed. `document`, `token` and `userinfo` override what it would say."""

    issuer: str = ""
    key: ECKey = field(default_factory=lambda: new_key("first"))
    keys: list[ECKey] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    sign: Callable[[dict[str, Any]], str] | None = None
    token: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    answer: Response | None = None
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._document),
                Route("/keys", self._keys),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    async def _document(self, request: Request) -> Response:
        self._note(request)
        more = {"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.userinfo is not None else {}
        return self.answer or JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                **more,
                **self.document,
            }
        )

    async def _keys(self, request: Request) -> Response:
        self._note(request)
        broken = [{"kty": "EC"}, {"kty": "future"}, 7]
        return JSONResponse({"keys": [*broken, *(key.as_dict(private=False) for key in self.keys or [self.key])]})

    async def _token(self, request: Request) -> Response:
        body = (await request.body()).decode()
        self._note(request, {name: values[0] for name, values in parse_qs(body).items()})
        claims = {name: value for name, value in self.claims.items() if name not in self.without}
        signed = (self.sign or self.signed)(claims)
        said = {"access_token": "an-access-token", "token_type": "Bearer", "id_token": signed, **self.token}
        return JSONResponse({name: value for name, value in said.items() if value is not None})

    async def _userinfo(self, request: Request) -> Response:
        self._note(request)
        return JSONResponse(self.userinfo)

    def _note(self, request: Request, form: Mapping[str, str] | None = None) -> None:
        self.asked.append((request.url.path, form if form is not None else dict(request.headers)))

    def signed(self, claims: dict[str, Any], key: ECKey | None = None, **header: Any) -> str:
        used = key or self.key
        return jwt.encode({"alg": "ES256", "kid": used.kid, **header}, claims, used)

    def honest(self, nonce: str) -> dict[str, Any]:
        """What the token of ada says."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": "tickbird",
            "sub": "0042",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": "ada@example.com",
            "email_verified": True,
            "groups": ["staff", "ops"],
        }


class Visitor:
    """Somebody's browser in front of a Tickbird whose people that provider knows."""

    def __init__(self, provider: LyingProvider, herd: FixedHerd | None = None, **settings: Any) -> None:
        self.provider = provider
        self.settings = settings_with(provider, **settings)
        self.herd = small_company(settings=self.settings)
        if herd:
            self.herd.store, self.herd.audit = herd.store, herd.audit
        self.app = create_app(self.herd, self.settings)
        self.http: TestClient = client(self.app)

    def another(self) -> TestClient:
        """A browser of somebody else's."""
        return client(self.app)

    def begin(self, wanted: str = "") -> dict[str, str]:
        """Press the button; what the provider is asked."""
        sent = self.http.get(f"{BASE}/login/start", params={"next": wanted}, headers=PAGE)
        assert sent.status_code == 303, sent.text
        asked = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}
        self.provider.claims = {**self.provider.honest(asked["nonce"]), **self.provider.claims}
        return asked

    def back(self, asked: Mapping[str, str], http: TestClient | None = None, **said: Any) -> Any:
        """Come back with a code; what Tickbird answers."""
        words = {"code": "a-code", "state": asked["state"], **said}
        query = urlencode({name: value for name, value in words.items() if value is not None}, doseq=True)
        return (http or self.http).get(f"{BASE}/login/return?{query}", headers=PAGE)

    def log_in(self, wanted: str = "") -> Any:
        return self.back(self.begin(wanted))

    def me(self) -> Any:
        answer = self.http.get(f"{BASE}/api/me")
        return answer.json() if answer.status_code == 200 else None

    def written(self) -> list[dict[str, Any]]:
        """The logins in the audit log, oldest first."""
        lines = self.herd.store.__dict__["_logs"].get("audit", ())
        return [json.loads(line.text)["is"] for _, line in lines]


@contextmanager
def lying() -> Iterator[LyingProvider]:
    """One that is served, honest at first."""
    provider = LyingProvider()
    with serve(provider.app()) as port:
        provider.issuer = f"http://127.0.0.1:{port}"
        yield provider


def refused(visitor: Visitor, answer: Any, status: int = 403) -> None:
    """Nobody came in, the page is the one to log in on, and it is written down."""
    assert answer.status_code == status
    assert SESSION not in answer.headers.get("set-cookie", "")
    assert f"{BASE}/login/start" in answer.text
    assert SECRET not in answer.text
    assert visitor.me() is None
    assert [entry["ended"] for entry in visitor.written()] == ["denied"]


def settings_with(provider: LyingProvider, **rest: Any) -> Settings:
    told = {"groups": GROUPS, "internal": True, **rest.pop("oidc", {})}
    oidc = Provider(provider.issuer, "tickbird", SECRET, **told)
    return Settings(**{"public_url": HERE, "oidc": oidc, **rest})
