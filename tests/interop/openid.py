"""A real OpenID provider (oidc-provider, in Node) and a Tickbird whose login it is, both on free ports.

with listening() as socket, OpenId.start(settings_of(socket)) as provider, served(provider, socket) as tickbird:
    browser = Browser(tickbird)
    browser.log_in("ada")
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx2
import uvicorn

from core.access.accounts import Grant
from core.access.provider import Group, Provider
from core.settings import Settings
from dashboard.app import create_app
from dashboard.live import end_streams
from tests.dashboard.fixed_herd import FixedHerd, small_company
from tests.dashboard.served import DEADLINE
from tests.interop.node_libraries import HERE, ensure_installed

BASE = "/admin/queues"
SECRET = "a secret of this test"
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "ada": {"email": "ada@example.com", "email_verified": True, "groups": ["staff", "ops"]},
    "eve": {"email": "eve@example.com", "email_verified": True, "groups": ["staff"]},
    "mallory": {"email": "ada@example.com", "email_verified": False, "groups": ["ops"]},
}
GROUPS = (Group("ops", Grant("operator", queues=("m*",))), Group("chiefs", Grant("admin")))


class OpenId:
    """The provider's process."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        ensure_installed()
        self._process = subprocess.Popen(
            ["node", "--no-warnings", str(HERE / "node" / "openid.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,
        )
        self._tell(json.dumps(told))
        self.issuer = self._said()

    @classmethod
    def start(cls, tickbird: str, **client: Any) -> Self:
        """One that knows `PEOPLE`, and the Tickbird at that address as its client."""
        redirects = [f"{tickbird}{BASE}/login/return"]
        known = {"client_id": "tickbird", "client_secret": SECRET, "redirect_uris": redirects, **client}
        said = {name: value for name, value in known.items() if value is not None}
        return cls({"client": said, "people": PEOPLE})

    def rotate(self) -> None:
        """From now on it signs with another key, and knows the former no more."""
        self._do("rotate")

    def leave(self) -> None:
        """Nobody can reach it any more."""
        self._do("leave")

    def come_back(self) -> None:
        """Everybody can again."""
        self._do("return")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _do(self, what: str) -> None:
        self._tell(what)
        assert self._said() == f"done: {what}"

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _said(self) -> str:
        """Its next line that is no warning of its own."""
        assert self._process.stdout
        while line := self._process.stdout.readline():
            if re.match(r"http://|done: ", line):
                return line.strip()
        raise AssertionError("the provider has ended")


def settings_for(tickbird: str, issuer: str, **rest: Any) -> Settings:
    """The settings of a Tickbird at that address that logs people in there."""
    told = {"client_secret": SECRET, "scopes": "openid email groups", "groups": GROUPS, **rest.pop("oidc", {})}
    oidc = Provider(issuer, "tickbird", internal=True, **told)
    return Settings(public_url=tickbird, oidc=oidc, **rest)


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A port of ours, known before anything is configured with it."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


def address(found: socket.socket) -> str:
    return f"http://localhost:{found.getsockname()[1]}"


@contextmanager
def served(settings: Settings, at: socket.socket) -> Iterator[FixedHerd]:
    """The whole dashboard over a small company, in a thread of this process."""
    herd = small_company(settings=settings)
    app = create_app(herd, settings)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([at],), daemon=True)
    thread.start()
    try:
        yield herd
    finally:
        end_streams(app)
        server.should_exit = True
        thread.join(DEADLINE * 3)
        assert not thread.is_alive(), "the dashboard did not stop"


class Browser:
    """Follows redirects, keeps cookies and sends forms, of both sites."""

    def __init__(self, tickbird: str) -> None:
        self.tickbird = tickbird
        self.http = httpx2.Client(headers={"Accept": "text/html"}, timeout=30, trust_env=False)

    def get(self, path: str = "") -> httpx2.Response:
        return self.http.get(path if path.startswith("http") else f"{self.tickbird}{BASE}{path}")

    def begin(self, wanted: str = "") -> httpx2.Response:
        """Press the button; what is answered is the provider's first page."""
        sent = self.get(f"/login/start?next={wanted}")
        assert sent.status_code == 303, sent.text
        return self._followed(sent)

    def back(self, who: str, wanted: str = "") -> str:
        """Log in at the provider and agree; where it then sends the browser, which has not gone there yet."""
        page = self.begin(wanted)
        while True:
            form = {"login": who, "password": "any"} if 'name="login"' in page.text else {}
            prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
            action = re.search(r'action="([^"]+)"', page.text)
            assert prompt, page.text
            assert action, page.text
            sent = self.http.post(action[1], data={"prompt": prompt[1], **form})
            page = self._followed(sent)
            if page.is_redirect:
                return page.headers["location"]

    def log_in(self, who: str, wanted: str = "") -> httpx2.Response:
        """All the way; what Tickbird answers to the code."""
        return self.get(self.back(who, wanted))

    def me(self) -> Any:
        """Who Tickbird thinks it is; None for a stranger."""
        answer = self.http.get(f"{self.tickbird}{BASE}/api/me", headers={"Accept": "application/json"})
        return answer.json() if answer.status_code == httpx2.codes.OK else None

    def _followed(self, answer: httpx2.Response) -> httpx2.Response:
        """To the last answer that is not a redirect to Tickbird."""
        while answer.is_redirect and not answer.headers["location"].startswith(self.tickbird):
            answer = self.http.get(httpx2.URL(str(answer.url)).join(answer.headers["location"]))
        return answer
