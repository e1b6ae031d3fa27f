"""Every route against everybody who may knock: what is let in, and what is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest

from core.settings import Settings
from dashboard.api.call import Call
from dashboard.api.calls import CALLS
from tests.dashboard.called import address, body, query
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.served import BASE, cheap_hash, client, dashboard, serve

OPEN = Settings()
CLOSED = Settings(user="ada", password_hash=cheap_hash("secret"), metrics_token="t0ken")
SCRAPED_BY_ANYBODY = replace(CLOSED, metrics_access="open")

PROBES = ("/healthz", "/readyz", "/robots.txt")
METRICS = ("/metrics", "/metrics/jobs")
PAGES = ("/", BASE)


@dataclass(frozen=True, slots=True)
class Knock:
    """One request: what it asks for, and what kind of thing that is."""

    method: str
    path: str
    kind: str
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _called(call: Call) -> Knock:
    asked = urlencode(query(call))
    path = address(call) + (f"?{asked}" if asked else "")
    return Knock(call.method, path, "act" if call.acts else "read", body(call))


KNOCKS = [
    *(Knock("GET", path, "probe") for path in PROBES),
    *(Knock("GET", path, "metrics") for path in METRICS),
    *(Knock("HEAD", path, "metrics") for path in METRICS),
    *(Knock("GET", path, "read") for path in (*PAGES, f"{BASE}/api/openapi.json", f"{BASE}/api/queues")),
    *map(_called, CALLS),
    Knock("POST", BASE, "act"),
    Knock("POST", "/metrics", "act"),
]
OURS, THEIRS = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
ADA, MALLORY = {"Authorization": "Basic YWRhOnNlY3JldA=="}, {"Authorization": "Basic YWRhOmd1ZXNz"}
PROMETHEUS = {"Authorization": "Bearer t0ken"}
VISITORS = {
    "stranger": OURS,
    "wrong login": OURS | MALLORY,
    "login": OURS | ADA,
    "login, cross-site": THEIRS | ADA,
    "metrics token": OURS | PROMETHEUS,
    "stranger, cross-site": THEIRS,
}

# kind -> the status for each visitor, in the order of VISITORS.
EXPECTED = {
    "login": {
        "probe": (200, 200, 200, 200, 200, 200),
        "metrics": (401, 401, 200, 403, 200, 403),
        "read": (401, 401, 200, 403, 401, 403),
        "act": (401, 401, 200, 403, 401, 403),
    },
    "login, open metrics": {
        "probe": (200, 200, 200, 200, 200, 200),
        "metrics": (200, 200, 200, 200, 200, 200),
        "read": (401, 401, 200, 403, 401, 403),
        "act": (401, 401, 200, 403, 401, 403),
    },
    "no login": {
        "probe": (200, 200, 200, 200, 200, 200),
        "metrics": (200, 200, 200, 403, 200, 403),
        "read": (200, 200, 200, 403, 200, 403),
        "act": (200, 200, 200, 403, 200, 403),
    },
}
CONFIGURED = {"login": CLOSED, "login, open metrics": SCRAPED_BY_ANYBODY, "no login": OPEN}


@pytest.mark.parametrize("knock", KNOCKS, ids=str)
@pytest.mark.parametrize("configured", CONFIGURED)
def test_the_gate_lets_in_whom_it_should(knock: Knock, configured: str) -> None:
    answers = {}
    for visitor, headers in VISITORS.items():
        http = client(dashboard(small_company(), CONFIGURED[configured]))
        answers[visitor] = http.request(knock.method, knock.path, headers=headers, json=knock.body).status_code

    assert answers == dict(zip(VISITORS, EXPECTED[configured][knock.kind], strict=True))


def test_every_call_of_the_api_is_in_the_matrix() -> None:
    assert len([knock for knock in KNOCKS if knock.path.startswith(f"{BASE}/api/")]) == len(CALLS) + 2


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve(dashboard(small_company(), CLOSED)) as port:
        yield port


def status(port: int, target: str, *headers: str) -> int:
    """The status of a request line written by hand, as no client would send it."""
    lines = (f"GET {target} HTTP/1.1", *(headers or ("Host: localhost",)), "Connection: close", "", "")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        peer.sendall("\r\n".join(lines).encode("latin-1"))
        return int(peer.recv(64).split()[1])


@pytest.mark.parametrize(
    "target",
    [
        f"{BASE}/api/queues",
        f"{BASE}/api/queues/",
        f"//{BASE}/api/queues",
        f"/healthz/..{BASE}/api/queues",
        f"/healthz/%2e%2e{BASE}/api/queues",
        f"/healthz%2f..{BASE}/api/queues",
        f"/healthz;{BASE}/api/queues",
        f"/healthz?{BASE}/api/queues".replace("?", "%3F"),
        "/admin%2Fqueues/api/queues",
        "/admin/%71ueues/api/queues",
        "/%68ealthz",
        "/healthz/",
        "/HEALTHZ",
        "/metrics%2fjobs",
        f"{BASE}/api/queues#/healthz",
    ],
)
def test_no_way_of_writing_a_path_passes_the_gate_without_a_login(port: int, target: str) -> None:
    assert status(port, target) in (400, 401)


def test_a_probe_may_ask_with_a_query_and_a_full_url(port: int) -> None:
    assert status(port, "/healthz?x=1") == 200
    assert status(port, f"http://evil.example{BASE}/api/queues") == 401


@pytest.mark.parametrize("host", ["localhost/healthz?", "localhost/healthz#", "localhost\\healthz", "healthz"])
def test_no_host_header_turns_a_path_into_another(port: int, host: str) -> None:
    assert status(port, f"{BASE}/api/queues", f"Host: {host}") in (400, 401, 421)
