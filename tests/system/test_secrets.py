"""Secrets of our own show nowhere: every one of them is marked, everything goes wrong, and nothing says a mark."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis as redis_py

from tests.dashboard.access_matrix import doors, the_app
from tests.dashboard.served import BASE, cheap_hash
from tests.system.company import Company
from tickbird.demo.server import EmbeddedServer

DEADLINE = 60.0
MARK = re.compile("m4rk3d", re.IGNORECASE)
PASSWORD, TOKEN = "m4rk3d-login", "m4rk3d-bearer"
HASH = cheap_hash(PASSWORD)
NOWHERE = "127.0.0.1:1"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def configured(folder: Path, server: EmbeddedServer) -> dict[str, str]:
    """A file with every secret there is in it, most of them wrong, and the environment of a process that reads it."""
    there = f"127.0.0.1:{server.port}"
    (folder / "secret").write_text("m4rk3d-metrics-0123456789")
    (folder / "tickbird.toml").write_text(f"""
state_url = "redis://m4rk3d-user:m4rk3d-state@{NOWHERE}/3"
public_url = "https://queues.example.com"
user = "ada"
password_hash = "{HASH}"

[[redis]]
name = "good"
url = "redis://m4rk3d:m4rk3d-redis@{there}/0"

[[redis]]
name = "wrong"
url = "redis://m4rk3d:m4rk3d-wrong@{there}/0"

[[redis]]
name = "away"
url = "rediss://m4rk3d:m4rk3d-away@{NOWHERE}/0"

[[users]]
name = "eve"
password_hash = "{cheap_hash("m4rk3d-eve")}"

[[tokens]]
name = "deploy"
sha256 = "{sha256(TOKEN.encode()).hexdigest()}"

[oidc]
issuer = "https://{NOWHERE}"
client_id = "tickbird"
client_secret = "m4rk3d-openid"
internal = true
role = "viewer"

[audit]
webhook = "https://m4rk3d-hook:m4rk3d-hook@{NOWHERE}/m4rk3d"
webhook_secret = "m4rk3d-signs-0123456789"
webhook_internal = true
""")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKBIRD_")}
    return {**kept, "TICKBIRD_METRICS_TOKEN_FILE": str(folder / "secret"), "PYTHONPATH": str(Path.cwd())}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "tickbird", *words]


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The address of the whole program, and everything that it says."""
    told: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    said: list[str] = []
    with subprocess.Popen(command("serve", "--port", "0"), cwd=folder, env=environment, **told) as process:
        reading = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
        reading.start()
        try:
            yield until(lambda: next(iter(ADDRESS.findall("".join(said))), None), said), said
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE)
            reading.join(DEADLINE)


def until(probe: Any, said: list[str]) -> Any:
    deadline = time.monotonic() + DEADLINE
    while not (found := probe()):
        assert time.monotonic() < deadline, said
        time.sleep(0.05)
    return found


@pytest.fixture
def watched(redis: redis_py.Redis, server: EmbeddedServer) -> Iterator[Company]:
    redis.acl_setuser(
        "m4rk3d", enabled=True, passwords=["+m4rk3d-redis"], keys=["*"], channels=["*"], commands=["+@all"]
    )
    company = Company(redis)
    company.queue("mail")
    company.failed("mail", "1")
    yield company
    redis.acl_deluser("m4rk3d")


# No stream stays open.
ONCE = {"follow": "false", "state": "failed"}


def addresses() -> Iterator[tuple[str, str]]:
    """Every method and address of the dashboard, on the Redis that answers, and what is read on those that do not."""
    for door in doors(the_app()):
        reads = door.method == "GET" and "{instance}" in door.path
        for instance in ("good", "wrong", "away") if reads else ("good",):
            path = door.path.replace("{instance}", instance).replace("{prefix}", "bull").replace("{name}", "mail")
            path = re.sub(r"{\w+(:\w+)?}", "x", path.replace("{job_id}", "1"))
            if not path.endswith("/live"):
                yield door.method, path
    yield from (("GET", path) for path in ("/metrics", "/metrics/jobs", "/healthz", "/readyz"))


def clean(words: str, of: str) -> None:
    found = MARK.search(words)
    assert found is None, (of, words[max(0, found.start() - 200) : found.end() + 60])
    for digest in (HASH.rpartition("$")[2], sha256(TOKEN.encode()).hexdigest()):
        assert digest not in words, of


def test_no_page_call_metric_or_log_says_a_secret_whatever_goes_wrong(
    watched: Company, server: EmbeddedServer, tmp_path: Path
) -> None:
    basic = {"authorization": "Basic " + base64.b64encode(f"ada:{PASSWORD}".encode()).decode()}
    ours = {"sec-fetch-site": "same-origin"}
    with (
        serving(tmp_path, configured(tmp_path, server)) as (address, said),
        httpx2.Client(base_url=address, timeout=DEADLINE, headers=ours) as http,
    ):
        queues = f"{BASE}/api/queues"
        until(lambda: "mail" in http.get(queues, headers=basic).text, said)
        for method, path in addresses():
            accept = "application/json" if "/api/" in path else "text/html"
            answer = http.request(method, path, params=ONCE, headers={**basic, "accept": accept})
            clean(f"{answer.headers}\n{answer.text}", f"{method} {path}")
        for header in ("Basic YWRhOm00cmszZC1ub3Q=", f"Bearer {TOKEN}x", "Bearer m4rk3d-metrics", "Digest m4rk3d"):
            answer = http.get(queues, headers={"authorization": header})
            assert answer.status_code in (401, 429)
            clean(answer.text, header)
        login = http.post(f"{BASE}/login", data={"name": "eve", "password": "m4rk3d-not"})
        clean(f"{login.headers}{login.text}", "login")
    clean("".join(said), "the log")
    assert "wrong" in "".join(said)


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",),
        ("serve", "--help"),
        ("queues", "--redis", "redis://m4rk3d:m4rk3d@nowhere.invalid:99999/x"),
        ("serve", "--state-url", "http://m4rk3d:m4rk3d@x"),
    ],
    ids=" ".join,
)
def test_no_command_says_a_secret(watched: Company, server: EmbeddedServer, tmp_path: Path, words: Any) -> None:
    ran = subprocess.run(
        command(*words),
        cwd=tmp_path,
        env=configured(tmp_path, server),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    clean(ran.stdout, " ".join(words[:1]))
    assert ran.stdout
