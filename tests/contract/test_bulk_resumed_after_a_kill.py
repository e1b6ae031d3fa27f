"""The whole program, killed in the middle of bulk work and started again: every job is touched once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import redis as redis_py

from tests.core import layout
from tickbird.demo.server import EmbeddedServer

T = TypeVar("T")
JOBS = 20_000
BASE = b"bull:mail:"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/admin/queues")


def until(probe: Callable[[], T], seconds: float = 30) -> T:
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"not so within {seconds} s; the last answer was {answer!r}"
        time.sleep(0.02)
    return answer


class Program:
    """A `tickbird serve` of its own process, spoken to by its API."""

    def __init__(self, process: subprocess.Popen[bytes], base: str) -> None:
        self.process, self.base = process, base

    def ask(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(f"{self.base}/api/{path}", method="GET" if body is None else "POST")
        request.add_header("Sec-Fetch-Site", "same-origin")
        request.add_header("Content-Type", "application/json")
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=10) as answer:
            return json.load(answer)

    def operation(self) -> dict[str, Any]:
        """The only one there is."""
        (row,) = until(lambda: self.ask("operations")["operations"])
        return dict(row)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@contextmanager
def served(redis_url: str, state_url: str, folder: Path) -> Iterator[Program]:
    said = folder / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tickbird", "serve", "--redis", redis_url, "--state-url", state_url, "--port", "0"],
            env={name: value for name, value in os.environ.items() if not name.startswith("TICKBIRD_")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        found = until(lambda: process.poll() is not None or ADDRESS.search(said.read_text()))
        assert isinstance(found, re.Match), said.read_text()
        yield Program(process, found.group())
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def state_url(server: EmbeddedServer) -> str:
    return server.url.removesuffix("0") + "1"


def fail_many(redis: redis_py.Redis) -> None:
    layout.queue(redis, BASE)
    pipe = redis.pipeline(transaction=False)
    for n in range(JOBS):
        pipe.hset(BASE + b"f%d" % n, mapping={"name": "deliver", "data": "{}", "failedReason": "no"})
    pipe.zadd(BASE + b"failed", {f"f{n}": 1_000_000 + n for n in range(JOBS)})
    pipe.execute()


def begin(program: Program) -> None:
    def queues() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = program.ask("queues")["queues"]
        return [queue for queue in found if queue["counts"].get("failed") == JOBS]

    (mail,) = until(queues)
    program.ask("operations", {"action": "retry", "queues": [mail["href"]], "state": "failed", "reason": "a test"})


def done_more_than(redis: redis_py.Redis, jobs: int) -> bool:
    return bool(redis.llen(BASE + b"wait") > jobs)


def test_a_retry_that_is_killed_is_resumed_and_touches_every_job_once(
    server: EmbeddedServer, redis: redis_py.Redis, state_url: str, tmp_path: Path
) -> None:
    fail_many(redis)
    for killed_at in (4_000, 11_000):
        with served(server.url, state_url, tmp_path) as program:
            if killed_at == 4_000:
                begin(program)
            else:
                until(lambda: program.operation()["status"] == "paused")
                program.ask(f"operations/{program.operation()['id']}/resume", {})
            until(partial(done_more_than, redis, killed_at))
            program.kill()
    assert redis.llen(BASE + b"wait") < JOBS

    with served(server.url, state_url, tmp_path) as program:
        until(lambda: program.operation()["status"] == "paused")
        held = program.operation()
        assert (held["trouble"], held["total"]) == ("Tickbird was restarted; resume to go on.", JOBS)
        program.ask(f"operations/{held['id']}/resume", {})
        until(lambda: program.operation()["status"] == "done")
        done = program.operation()

    assert (done["done"], done["skipped"]) == (JOBS, {})
    assert done["unconfirmed"] <= 2 * done["largest_slice"]
    assert redis.zcard(BASE + b"failed") == 0
    assert sorted(redis.lrange(BASE + b"wait", 0, -1)) == sorted(b"f%d" % n for n in range(JOBS))


def test_a_retry_is_parked_when_the_program_is_told_to_stop(
    server: EmbeddedServer, redis: redis_py.Redis, state_url: str, tmp_path: Path
) -> None:
    fail_many(redis)
    with served(server.url, state_url, tmp_path) as program:
        begin(program)
        until(lambda: redis.llen(BASE + b"wait") > 2_000)
        program.process.terminate()
        program.process.wait(30)

    with served(server.url, state_url, tmp_path) as program:
        held = until(program.operation)
        assert (held["status"], held["unconfirmed"]) == ("paused", 0)
        assert held["done"] == redis.llen(BASE + b"wait")
