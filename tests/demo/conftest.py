from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from redis import Redis

from tickbird.demo.server import EmbeddedServer

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def soon() -> Callable[..., Any]:
    """Looks again and again until what it sees is true, and returns that; fails after `within` seconds.

    Seconds are enough on an idle machine, by far; a busy one needs the rest.
    """

    def look_until_true(look: Callable[[], Any], within: float = 45.0) -> Any:
        deadline = time.monotonic() + within
        while not (seen := look()):
            assert time.monotonic() < deadline, f"not within {within} s, last seen: {seen!r}"
            time.sleep(0.02)
        return seen

    return look_until_true


@pytest.fixture(scope="session")
def alive() -> Callable[[int], bool]:
    """Whether a process lives; one that only waits to be reaped does not."""

    def look(pid: int) -> bool:
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return bool(state.stdout.strip()) and "Z" not in state.stdout

    return look


@pytest.fixture(scope="session")
def fleet_on(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[None]]:
    """Lets a fleet work on the server of a URL, for the time of a block; it may not die of itself, nor complain."""

    @contextmanager
    def work(url: str, *options: str) -> Iterator[None]:
        complaints = tmp_path_factory.mktemp("fleet") / "stderr"
        with complaints.open("wb") as stderr:
            fleet = _popen("--redis", url, "--end-with-parent", *options, stderr=stderr)
            try:
                yield
                assert fleet.poll() is None
            finally:
                fleet.communicate(timeout=10)
        assert complaints.read_text() == ""

    return work


def _popen(*options: str, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tickbird.demo.fleet", *options],
        stdin=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


@pytest.fixture(scope="module")
def company(fleet_on: Callable[..., AbstractContextManager[None]]) -> Iterator[Redis]:
    """A client of a server on which the company is at work."""
    with (
        EmbeddedServer.start() as server,
        Redis.from_url(server.url, decode_responses=True) as client,
        fleet_on(server.url),
    ):
        yield client
